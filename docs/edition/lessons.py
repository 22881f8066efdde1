"""A lesson's page: the notebook with its stored outputs, and what a reader of a page needs."""

import html
import json
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edition.places import ROOT, Places, rewritten
from edition.words import WORDS, Words
from semcache.course.exercises import Definition, Exercise, load_definition

__all__ = ["lessons", "page_of", "prose_of"]

Cell = dict[str, Any]


def lessons() -> list[str]:
    """Return the notebooks, English and translated, by their paths in the repository."""
    found = sorted((ROOT / "notebooks").rglob("[0-9][0-9]_*.ipynb"))
    return [p.relative_to(ROOT).as_posix() for p in found if ".ipynb_checkpoints" not in p.parts]


def page_of(file: str, places: Places) -> str:
    """Return the notebook of a page, as JSON."""
    page = places.page(file)
    number = Path(file).stem[:2]
    words, definition = WORDS[page.startswith("zh/")], load_definition(number)
    cells: list[Cell] = []
    for cell in _read(file)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = rewritten(source, file, page, places)
            cells.append(cell)
        else:
            cells += [_shown(cell), *_after(source, definition, words)]
    top, heading, rest = "".join(cells[0]["source"]).partition("\n## ")
    cells[0] |= {"source": top}
    cells.insert(1, _markdown("open", _how_to_open(file, page, words)))
    if heading:  # the first cell goes on: what the lesson teaches comes after, as in the others
        cells.insert(2, _markdown("goes-on", f"## {rest}"))
    return _notebook(cells)


def prose_of(file: str) -> str:
    """Return the notebook without outputs and code, as JSON: what is to be translated."""
    return _notebook([cell for cell in _read(file)["cells"] if cell["cell_type"] == "markdown"])


def _read(file: str) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads((ROOT / file).read_text(encoding="utf-8"))
    return notebook


def _notebook(cells: list[Cell]) -> str:
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},  # `!` and `%`, too
    }
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _markdown(id: str, source: str) -> Cell:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": source}


def _shown(cell: Cell) -> Cell:
    """Return a code cell whose figure has its alternative text where myst-nb looks for it."""
    pictures = [
        output["metadata"]["image/png"]
        for output in cell["outputs"]
        if "image/png" in output.get("data", {})
    ]
    if len(pictures) > 1:
        raise SystemExit(f"cell {cell['id']} shows two figures: give each a cell of its own")
    metadata = dict(cell["metadata"])
    for picture in pictures:
        options = {"alt": picture["alt"]}
        if "width" in picture:
            options["width"] = f"{picture['width']}px"
        metadata["mystnb"] = {"image": options}
    return cell | {"metadata": metadata}


def _after(source: str, definition: Definition, words: Words) -> Iterator[Cell]:
    """Yield what stands below the check of an exercise."""
    for exercise in definition.exercises:
        if f'lesson.check("{exercise.id}"' in source:
            yield _markdown(
                f"help-{exercise.id.replace('.', '-')}", _help(exercise, definition, words)
            )


def _help(exercise: Exercise, definition: Definition, words: Words) -> str:
    """Return what the check demands, hint and solution: the texts that the lesson prints."""
    shown = "".join(
        f"<li><b>{id}</b> {html.escape(definition.objectives[id])}</li>"
        for id in exercise.objectives
    )
    demand = words.demand.format(name=f"<code>{exercise.name}</code>", wrong=len(exercise.wrong))
    return f"""<div class="exercise-help">
<details><summary>{words.check}</summary>
<p>{demand}</p>
<ul lang="en">{shown}</ul>
</details>
<details><summary>{words.hint}</summary>
<p lang="en">{html.escape(exercise.hint)}</p>
</details>
<details><summary>{words.solution}</summary>

```python
{exercise.solution.strip()}
```

</details>
</div>"""


def _how_to_open(file: str, page: str, words: Words) -> str:
    """Return how to run the lesson, and where it is in the other language."""
    name = posixpath.basename(file)
    other = f"notebooks/{name}" if page.startswith("zh/") else f"notebooks/zh/{name}"
    text = f"""<details class="open-lab"><summary>{words.open}</summary>

{words.how.format(name=file.removeprefix("notebooks/"))}

```console
make lab
```

</details>"""
    if (ROOT / other).exists():
        folder = "../lessons" if page.startswith("zh/") else "../zh"
        language = "en" if page.startswith("zh/") else "zh-CN"
        text += f'\n\n<span lang="{language}">[{words.other}]({folder}/{name})</span>'
    return text
