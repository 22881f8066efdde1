"""The API reference: what the docstrings say, grouped by the first lesson that uses a name."""

import ast
import inspect
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from edition.places import ROOT
from semcache.course.registry import LESSONS

__all__ = ["reference"]

# Whose public names are listed, each under the first package that has it.
_PACKAGES = (
    *("semcache", "semcache.codecs", "semcache.sharing", "semcache.index", "semcache.evaluate"),
    *("semcache.guard", "semcache.client", "semcache.metrics", "semcache.replay"),
    *("semcache.transfer", "semcache.capacity", "semcache.course"),
)
# Arguments of a family of caches, to which the docstrings of its classes point, and their lesson.
_OPTIONS = {
    "semcache.embedding.options.EmbeddingOptions": "02",
    "semcache.answers.options.AnswerOptions": "06",
}
_BEYOND = "Beyond the lessons"
_INTERNAL = "semcache.course."  # plots and the like, which have no reference


@dataclass(frozen=True)
class Name:
    """One public name: where it is imported from, and what it is."""

    path: str
    thing: Any

    @property
    def home(self) -> str:
        """The module that defines it; a module is its own."""
        if isinstance(self.thing, ModuleType):
            return self.thing.__name__
        return str(getattr(self.thing, "__module__", self.path.rpartition(".")[0]))


def reference() -> Iterator[tuple[str, str]]:
    """Yield the pages of the reference, by their place."""
    groups = _groups()
    for title, (page, names) in groups.items():
        yield f"reference/{page}.rst", _page(f"API: {title}", names)
    listed = "\n".join(f"   {title} <{page}>" for title, (page, _) in groups.items())
    yield (
        "reference/index.rst",
        f"{_underlined('API reference')}\n{_ABOUT}\n\n.. toctree::\n\n{listed}\n",
    )


_ABOUT = """Every public name with its docstring, under the first lesson that uses it, or
something else of its module. Each class of a cache has an asynchronous twin with the same names
and options. ``from semcache import EmbeddingCache`` imports a name of the first packages."""


def _groups() -> dict[str, tuple[str, list[Name]]]:
    """Return title -> page and names, in the order of the lessons."""
    names, first = list(_public()), _first_uses()
    homes = {path.rpartition(".")[0]: lesson for path, lesson in _OPTIONS.items()}
    for name in names:
        if lesson := first.get(id(name.thing)):
            homes[name.home] = min(homes.get(name.home, "99"), lesson)
    found: dict[str, list[Name]] = defaultdict(list)
    for name in names:
        found[homes.get(name.home, "99")].append(name)
    titles = {entry.number: (f"{entry.number} {entry.title}", entry.stem) for entry in LESSONS}
    titles["99"] = (_BEYOND, "beyond")
    return {titles[n][0]: (titles[n][1], found[n]) for n in sorted(found)}


def _public() -> Iterator[Name]:
    seen: set[int] = set()
    for package in _PACKAGES:
        for name in import_module(package).__all__:
            thing = getattr(import_module(package), name)
            if id(thing) not in seen and _documented(thing):
                seen.add(id(thing))
                yield Name(f"{package}.{name}", thing)
    for path in _OPTIONS:
        module, _, name = path.rpartition(".")
        yield Name(path, getattr(import_module(module), name))


def _documented(thing: object) -> bool:
    return inspect.isclass(thing) or inspect.isfunction(thing) or inspect.ismodule(thing)


def _first_uses() -> dict[int, str]:
    """Return which lesson imports a thing first, by the thing's id."""
    first: dict[int, str] = {}
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            if cell["cell_type"] == "code":
                for module, name in _imports("".join(cell["source"])):
                    if module.startswith(_INTERNAL):
                        continue
                    thing = getattr(import_module(module), name, None)
                    first.setdefault(id(thing), file.name[:2])
    return first


def _imports(source: str) -> Iterator[tuple[str, str]]:
    lines = ("" if line.startswith(("%", "!")) else line for line in source.split("\n"))
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("semcache"):
            yield from ((node.module or "", alias.name) for alias in node.names)


def _page(title: str, names: list[Name]) -> str:
    body = "\n".join(_entry(name) for name in names)
    return f"{_underlined(title)}\n{body}"


def _underlined(title: str) -> str:
    return f"{title}\n{'=' * len(title)}\n"


def _entry(name: Name) -> str:
    kind = "autofunction"
    options = ""
    if inspect.ismodule(name.thing):
        members = (
            "" if name.path in _PACKAGES else "   :members:\n"
        )  # those are listed by themselves
        kind, options = "automodule", members
    elif inspect.isclass(name.thing):
        kind, options = "autoclass", "   :members:\n   :inherited-members:\n"
        if issubclass(name.thing, Exception | tuple):
            options = "   :members:\n"
    return f".. {kind}:: {name.path}\n{options}"
