"""One set of versions: pyproject.toml, the lock, environment.yml and what is installed agree."""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GROUPS = {
    "requirements.lock": (
        *("lab", "course", "metrics", "query-engine"),
        *("test", "test-query-engine", "test-neighbours", "test-site"),
    ),
    "requirements-site.lock": ("site",),
    "requirements-bench.lock": ("bench",),
}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


LOCKS = {name: [Requirement(line) for line in text_of(name).splitlines()] for name in GROUPS}
LOCK, PEERS = LOCKS["requirements.lock"], LOCKS["requirements-bench.lock"]
SITE = LOCKS["requirements-site.lock"]
WANTED = [
    (lock, Requirement(line))
    for lock, extras in GROUPS.items()
    for group in (PROJECT["dependencies"], *(PROJECT["optional-dependencies"][e] for e in extras))
    for line in group
    if not line.startswith(PROJECT["name"])  # an extra that takes another one along
]


def here(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def pinned(lock: str, name: str) -> list[Requirement]:
    return [r for r in LOCKS[lock] if canonicalize_name(r.name) == canonicalize_name(name)]


def test_every_extra_is_in_one_of_the_locks() -> None:
    assert sorted(sum(GROUPS.values(), ())) == sorted(PROJECT["optional-dependencies"])


def satisfies(pin: Requirement, wanted: Requirement) -> bool:
    (one,) = pin.specifier
    return one.operator == "==" and wanted.specifier.contains(one.version)


def test_what_the_project_needs_is_locked_within_its_range() -> None:
    missing = [f"{lock}: {w.name}" for lock, w in WANTED if not pinned(lock, w.name)]
    assert missing == [], "make lock"
    outside = [
        f"{lock}: {pin} is outside {wanted}"
        for lock, wanted in WANTED
        for pin in pinned(lock, wanted.name)
        if not satisfies(pin, wanted)
    ]
    assert outside == [], "make lock"


def test_peers_and_site_have_the_versions_of_the_course() -> None:
    lines = PEERS + SITE
    course = {line.name: pinned("requirements.lock", line.name) for line in lines}
    others = [
        str(line)
        for line in lines
        if course[line.name] and line.specifier not in [one.specifier for one in course[line.name]]
    ]
    assert others == []


def test_a_lock_holds_versions_and_no_addresses() -> None:
    address = re.compile(r"://|--index|--find-links|@|/")
    lines = [f"{lock}: {line}" for lock in LOCKS for line in text_of(lock).splitlines()]
    assert [line for line in lines if address.search(line)] == []


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:  # it belongs to an extra that is not in use
        return None


def test_what_is_installed_is_what_is_locked() -> None:
    found = [(line, installed(line.name)) for line in LOCK if here(line)]
    others = [f"{line}, not {version}" for line, version in found if version and version not in
              line.specifier]  # fmt: skip
    assert sum(version is not None for _, version in found) > 100
    assert others == [], "delete .venv and run the target again"


def test_conda_gets_the_same_versions() -> None:
    text = text_of("environment.yml")
    lines = [line.strip() for line in text.splitlines()]
    assert "- -c requirements.lock" in lines
    assert "- -e .[course,test]" in lines
    (python,) = re.findall(r"- python(.+)", text)
    ours, theirs = SpecifierSet(PROJECT["requires-python"]), SpecifierSet(python)
    for minor in range(8, 20):
        assert not theirs.contains(f"3.{minor}") or ours.contains(f"3.{minor}")
    assert theirs.contains("3.11") and theirs.contains("3.13")


def test_this_python_is_one_we_promise() -> None:
    running = ".".join(map(str, sys.version_info[:3]))
    assert SpecifierSet(PROJECT["requires-python"]).contains(running)
