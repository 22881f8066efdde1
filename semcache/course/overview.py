"""The map of the course: every lesson, its minutes, and what was passed so far."""

from collections.abc import Iterator

from semcache.course import progress
from semcache.course.exercises import load_definition
from semcache.course.registry import LESSONS, Entry

__all__ = ["show"]

_WHOLE = "the whole course"


def show(now: frozenset[str] = frozenset()) -> None:
    """Print the map, and where progress is kept.

    Args:
        now: Ids of checks that were passed on this visit, beside those of earlier ones.
    """
    for line in _lines(progress.passed() | now):
        print(line)
    if file := progress.progress_file():
        print(f"Progress is kept in {file}; delete that file to start anew.")


def _lines(passed: frozenset[str]) -> Iterator[str]:
    width = max(len(_WHOLE), *(len(lesson.title) for lesson in LESSONS))
    statuses = [_status(lesson, passed) for lesson in LESSONS]
    yield f"     {'lesson':{width}}  minutes  status"
    for lesson, status in zip(LESSONS, statuses, strict=True):
        yield f"{lesson.number}   {lesson.title:{width}}  {lesson.minutes:7}  {status}"
    minutes, done = sum(lesson.minutes for lesson in LESSONS), statuses.count("done")
    yield (
        f"     {_WHOLE:{width}}  {minutes:7}  {minutes // 60} h {minutes % 60:02} min; "
        f"{done} of {len(LESSONS)} lessons done"
    )


def _status(lesson: Entry, passed: frozenset[str]) -> str:
    if lesson.planned:
        return "planned"
    done = {id for id in passed if id.startswith(lesson.number + ".")}
    if not done:  # do not import every lesson's checks only to print "not started"
        return "not started"
    exercises = {task.id for task in load_definition(lesson.number).exercises}
    return "done" if exercises <= done else f"{len(exercises & done)} of {len(exercises)} checks"
