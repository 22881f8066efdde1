"""One set of versions: pyproject.toml, the lock, environment.yml and what is installed agree."""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GROUPS = {
    "requirements.lock": ("lab", "query-engine", "test", "test-query-engine"),
    "requirements-bench.lock": ("bench",),
}
LOCKS = {
    name: [Requirement(line) for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    for name in GROUPS
}
LOCK = LOCKS["requirements.lock"]
WANTED = [
    pytest.param(lock, Requirement(line), id=f"{lock}-{Requirement(line).name}")
    for lock, extras in GROUPS.items()
    for group in (PROJECT["dependencies"], *(PROJECT["optional-dependencies"][e] for e in extras))
    for line in group
]


def here(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def pinned(lock: str, name: str) -> list[Requirement]:
    return [r for r in LOCKS[lock] if canonicalize_name(r.name) == canonicalize_name(name)]


def test_every_extra_is_in_one_of_the_locks() -> None:
    assert sorted(sum(GROUPS.values(), ())) == sorted(PROJECT["optional-dependencies"])


@pytest.mark.parametrize(("lock", "wanted"), WANTED)
def test_what_the_project_needs_is_locked_within_its_range(lock: str, wanted: Requirement) -> None:
    found = pinned(lock, wanted.name)
    assert found, f"{wanted.name} is not in {lock}: make lock"
    for line in found:
        (pin,) = line.specifier
        assert pin.operator == "=="
        assert wanted.specifier.contains(pin.version), f"{line} is outside {wanted}: make lock"


def test_the_peers_are_measured_with_the_versions_of_the_course() -> None:
    for line in LOCKS["requirements-bench.lock"]:
        course = pinned("requirements.lock", line.name)
        assert not course or line.specifier in [one.specifier for one in course], line.name


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_versions_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--find-links|@|/", text)


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:  # it belongs to an extra that is not in use
        return None


@pytest.mark.parametrize(
    "locked", [line for line in LOCK if here(line) and installed(line.name)], ids=lambda r: r.name
)
def test_what_is_installed_is_what_is_locked(locked: Requirement) -> None:
    found = installed(locked.name)
    assert found and locked.specifier.contains(found), "delete .venv and run the target again"


def test_conda_gets_the_same_versions() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines()]
    assert "- -c requirements.lock" in lines
    assert "- -e .[lab,test]" in lines
    (python,) = re.findall(r"- python(.+)", text)
    ours, theirs = SpecifierSet(PROJECT["requires-python"]), SpecifierSet(python)
    for minor in range(8, 20):
        assert not theirs.contains(f"3.{minor}") or ours.contains(f"3.{minor}")
    assert theirs.contains("3.11") and theirs.contains("3.13")


def test_this_python_is_one_we_promise() -> None:
    running = ".".join(map(str, sys.version_info[:3]))
    assert SpecifierSet(PROJECT["requires-python"]).contains(running)
