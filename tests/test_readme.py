"""What README.md and CONTRIBUTING.md name is there."""

import ast
import importlib
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from benchmarks.record import RECORD, headline
from semcache import EmbeddingCache, connect
from semcache.__main__ import _COMMANDS, _parser
from semcache.course.registry import LESSONS
from semcache.evaluate import plan
from semcache.lab.prices import price_of

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", "data/README.md"]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def found(pattern: str) -> list[tuple[str, str]]:
    """Return what the pages name, each with its page."""
    return [(page, name) for page in PAGES for name in re.findall(pattern, text_of(page), re.M)]


def test_every_make_target_exists() -> None:
    named = found(r"(?:^|`)make ([a-z]+)")
    assert [(page, target) for page, target in named if target not in TARGETS] == []


def test_every_local_link_leads_somewhere() -> None:
    links = [(page, link) for page, link in found(r"\]\(([^)#]+)[^)]*\)") if "://" not in link]
    lost = [(page, link) for page, link in links if not ((ROOT / page).parent / link).exists()]
    assert lost == []


def test_the_map_of_lessons_is_the_registry() -> None:
    rows = re.findall(
        r"^\| \[(\d\d) ([^\]]+)\]\(notebooks/([^)]+)\.ipynb\)", text_of("README.md"), re.M
    )
    written = [(e.number, e.title, e.stem) for e in LESSONS if not e.planned]
    assert rows == written


def test_the_hours_are_those_of_the_lessons() -> None:
    text = text_of("README.md")
    (short,) = re.findall(r"on Monday: ([\d, and]+), \d", text)
    for lessons in (LESSONS, [e for e in LESSONS if e.number in short]):
        hours, minutes = divmod(sum(e.minutes for e in lessons), 60)
        assert f"{hours} h {minutes:02} min" in text


def test_every_command_is_shown_with_options_that_it_has() -> None:
    shown = re.findall(r"python -m semcache ([^#`\n]+)", text_of("README.md"))
    shown += re.findall(r"`((?:pairs|evaluate) [^`]+)`", text_of("README.md"))
    for line in shown:
        _parser().parse_args(shlex.split(line))  # exits where it does not know an option
    text = text_of("README.md")
    rest = {n for n in _COMMANDS if f"`{n}`" not in text and f"semcache {n}" not in text}
    assert rest == {"doctor"}, "which make doctor runs"


@pytest.mark.parametrize(
    "number, block",
    list(enumerate(re.findall(r"^```python\n(.*?)^```", text_of("README.md"), re.M | re.S))),
)
def test_what_the_code_imports_is_there(number: int, block: str) -> None:
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            assert [a.name for a in node.names if not hasattr(module, a.name)] == []


def test_what_ci_runs_is_what_the_readme_says() -> None:
    assert "make test" in text_of("README.md")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [li for li in script.splitlines() if li and not li.startswith("#")]
    assert commands[-1] == "exec make test"


def test_the_headline_is_the_recorded_measurement() -> None:
    """Of data/semantic_lookup.json, which `make record` renews; it says what to write here."""
    stated = headline(json.loads(RECORD.read_text(encoding="utf-8")))
    text = text_of("README.md")
    assert [(name, value) for name, value in stated.items() if f"{name} {value}" not in text] == []


def test_what_the_readme_says_of_its_threshold_is_so() -> None:
    lab = connect("readme", quiet=True)
    one, other = (f"How do I {verb} a project?" for verb in ("archive", "unarchive"))
    assert f'takes "{other}" for archiving one' in text_of("README.md")
    vectors = EmbeddingCache(
        lab.redis, lab.openai, model=lab.embedding_model, scope="readme"
    ).get_embeddings_batch([one, other])
    assert vectors[0] @ vectors[1] > 0.91  # another make of CPU moves it by 0.002


def test_the_plan_is_what_plan_says():
    text = text_of("README.md")
    told = 2 * plan(0.05, served=0.6).suffices(0.02).pairs(0.6)
    assert f"# pairs to label: {told:,} if 2 % are really wrong" in text
    (most,) = re.findall(r"--most (\d+)", text)
    assert told <= int(most) < 1.05 * told


def test_what_can_be_tried_without_a_key_can(monkeypatch):
    monkeypatch.delenv("SEMCACHE_ONLINE", raising=False)
    blocks = re.findall(r"^```python\n(.*?)^```", text_of("README.md"), re.M | re.S)
    (block,) = (one for one in blocks if "connect()" in one)
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert "Python" in names["reply"].choices[0].message.content


def test_the_cost_of_embedding_a_log_is_todays():
    million = price_of("text-embedding-3-small").input
    text = text_of("README.md")
    assert f"${million:.2f} a million tokens: for 100,000 questions of 15 tokens, three" in text
    assert round(100 * million * 15 / 10) == 3
