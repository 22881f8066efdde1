"""The questions of a log, whoever wrote it: tables, LangSmith's runs, OpenAI's completions.

One module a shape: :mod:`.table`, :mod:`.langsmith`, :mod:`.openai`. Each reads one record at a
time; :mod:`.documents` finds the records in a file, :mod:`.messages` the question in a
conversation, and :mod:`.read` does it all and counts what it leaves out.
"""

from semcache.evaluate.logs.entry import Entry, Log
from semcache.evaluate.logs.read import FORMATS, faults, read_log, remarks

__all__ = ["FORMATS", "Entry", "Log", "faults", "read_log", "remarks"]
