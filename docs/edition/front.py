"""The front page: the top of the README, with the map of lessons from their own definitions."""

import re
from collections.abc import Iterator

from edition.places import ROOT, Places, rewritten
from semcache.course.exercises import load_definition
from semcache.course.registry import LESSONS, Entry

__all__ = ["front", "top_and_rest"]

_TABLE = re.compile(r"^\| lesson \|.*?(?:\n\n)", re.M | re.S)
_CHINESE = '<a href="zh/index.html" lang="zh-CN" hreflang="zh-CN">中文</a>'

_CONTENTS = """
```{toctree}
:hidden:
:caption: Lessons

%s
```

```{toctree}
:hidden:
:caption: Look up

Search <search>
terms
use
reference/index
benchmarks/index
proven
data
changelog
```

```{toctree}
:hidden:
:caption: Teach and contribute

instructors
contributing
```

```{toctree}
:hidden:
:caption: 中文

目录 <zh/index>
%s
zh/terms
```
"""


def front(translated: list[str], places: Places) -> str:
    """Return the front page.

    Args:
        translated: The pages of translated lessons.
        places: Collects what else needs a page.
    """
    text, _ = top_and_rest()
    text = rewritten(text, "README.md", "index", places)
    text = text.replace("\n\n", f"\n\n{_CHINESE}\n\n", 1)
    text = text.replace("the cache on Monday", "[the cache on Monday](use.md)", 1)
    lessons = [entry for entry in LESSONS if not entry.planned]
    text = _TABLE.sub(lambda _: "## The lessons\n\n" + "\n".join(_map(lessons)) + "\n", text)
    pages = "\n".join(f"lessons/{entry.stem}" for entry in lessons)
    return text + _CONTENTS % (pages, "\n".join(translated))


def top_and_rest() -> tuple[str, str]:
    """Return the README up to its second heading, and the rest of it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    at = text.index("\n## ")
    return text[: at + 1], text[at + 1 :]


def _map(lessons: list[Entry]) -> Iterator[str]:
    yield "After each lesson you can:\n"
    for entry in lessons:
        yield f"[{entry.number} {entry.title}](lessons/{entry.stem}.ipynb) · {entry.minutes} min"
        objectives = list(load_definition(entry.number).objectives.values())
        yield f": - {objectives[0]}"
        yield from (f"  - {objective}" for objective in objectives[1:])
        yield ""
