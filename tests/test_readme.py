"""What README.md and CONTRIBUTING.md name is there."""

import re
from pathlib import Path

import pytest

from semcache.course.registry import LESSONS

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", "data/README.md"]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_exists(page: str) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text_of(page), re.M))
    assert named <= TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_every_local_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text_of(page))
    folder = (ROOT / page).parent
    for link in links:
        if "://" not in link:
            assert (folder / link).exists(), f"{page} links to {link}"


def test_the_map_of_lessons_is_the_registry() -> None:
    rows = re.findall(
        r"^\| \[(\d\d) ([^\]]+)\]\(notebooks/([^)]+)\.ipynb\)", text_of("README.md"), re.M
    )
    written = [(e.number, e.title, e.stem) for e in LESSONS if not e.planned]
    assert rows == written


def test_what_ci_runs_is_what_the_readme_says() -> None:
    assert "make test" in text_of("README.md")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [li for li in script.splitlines() if li and not li.startswith("#")]
    assert commands[-1] == "exec make test"
