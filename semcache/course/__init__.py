"""The course around the package: checks, hints, solutions, reports and progress.

A lesson needs one name from here::

    from semcache.course import Lesson

    lesson = Lesson("02")
    lesson.check("02.1", cache_key)

The definition of a lesson's checks is in ``semcache/course/checks/``, one file a lesson.
"""

from semcache.course.exercises import CheckNotMet, Exercise, UnknownId
from semcache.course.lesson import Lesson

__all__ = ["CheckNotMet", "Exercise", "Lesson", "UnknownId"]
