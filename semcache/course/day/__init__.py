"""A day of traffic, and a decision about its cache: what lesson 14 replays and judges.

``made`` makes the day, ``day`` replays it, ``causes`` says why an answer was wrong, ``decision``
judges what the reader decides.
"""

from semcache.course.day.causes import CAUSES
from semcache.course.day.day import Day, Outcome, Terms, table, why
from semcache.course.day.decision import Decision, complaint

__all__ = ["CAUSES", "Day", "Decision", "Outcome", "Terms", "complaint", "table", "why"]
