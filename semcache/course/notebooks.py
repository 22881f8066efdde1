"""Reading, running and writing a notebook so that the same run gives the same file."""

import asyncio
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

IMAGES = ("image/png", "image/jpeg")
_WIDGET = "application/vnd.jupyter.widget-view+json"  # points to a model that died with its kernel
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class RunFailed(Exception):
    """A notebook did not run to its end; the message shows the cell and the error."""


def read(path: Path) -> NotebookNode:
    """Read a notebook; cells that lack an id get one from their position."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    used = {cell.get("id") for cell in raw["cells"]}
    fresh = (id for n in range(10**6) if (id := f"cell-{n:02d}") not in used)
    for cell in raw["cells"]:
        if "id" not in cell:
            cell["id"] = next(fresh)
    raw["nbformat"], raw["nbformat_minor"] = 4, 5
    return nbformat.reads(json.dumps(raw), as_version=4)  # type: ignore[no-untyped-call, no-any-return]


def write(notebook: NotebookNode, path: Path) -> bool:
    """Write a notebook if its text differs from what the file holds; tell whether it did."""
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    text = text.rstrip("\n") + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(notebook: NotebookNode) -> str:
    """Return everything that the cells print on stdout."""
    outputs = (output for cell in code_cells(notebook) for output in cell.outputs)
    return "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")


def execute(
    notebook: NotebookNode,
    folder: Path,
    env: Mapping[str, str],
    *,
    cell_timeout: float = 120,
    timeout: float = 600,
    on_cell: Callable[[], object] = lambda: None,
) -> None:
    """Run all cells in a fresh kernel and keep their outputs in the notebook.

    Args:
        notebook: Changed in place.
        folder: The working directory of the kernel.
        env: The whole environment of the kernel.
        cell_timeout: Seconds that one cell may take.
        timeout: Seconds that the whole notebook may take.
        on_cell: Called after each code cell.

    Raises:
        RunFailed: A cell raised, or a cell or the notebook took too long.
    """
    started: list[NotebookNode] = []
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=cell_timeout,
        coalesce_streams=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=lambda cell, **_: started.append(cell),
        on_cell_executed=lambda **_: on_cell(),
    )
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    try:
        asyncio.run(_within(timeout, client, env))
    except CellTimeoutError as error:
        raise RunFailed(_explain(started, f"took longer than {cell_timeout:g} seconds")) from error
    except TimeoutError as error:
        why = f"was running when the notebook's {timeout:g} seconds were over"
        raise RunFailed(_explain(started, why)) from error
    except (CellExecutionError, DeadKernelError) as error:
        raise RunFailed(_explain(started, "failed", str(error))) from error


async def _within(timeout: float, client: NotebookClient, env: Mapping[str, str]) -> None:
    try:
        async with asyncio.timeout(timeout) as limit:
            # what a kernel itself writes to stderr would tear the progress bar
            await client.async_execute(env=dict(env), stderr=subprocess.DEVNULL)
    except DeadKernelError as error:  # nbclient's name for being cancelled, too
        if limit.expired():
            raise TimeoutError from error
        raise


def _explain(started: list[NotebookNode], what: str, error: str = "") -> str:
    """Say in plain text which cell ran last, with its source and the error."""
    if not started:
        return f"the kernel did not start: {error or what}"
    for output in started[-1].outputs:
        if output.output_type == "error":  # without nbclient's second copy of the source
            error = "\n".join(output.traceback)
    number = len(started)
    text = f"code cell [{number}] (Cell {number - 1} to nbval) {what}:\n\n{started[-1].source}"
    return _COLOURS.sub("", f"{text}\n\n{error}".rstrip())


def stabilise(notebook: NotebookNode) -> None:
    """Drop from an executed notebook what differs from run to run or machine to machine."""
    notebook.metadata = nbformat.from_dict(_METADATA)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(  # type: ignore[no-untyped-call]
            {key: value for key, value in cell.metadata.items() if key == "tags" and value}
        )
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # a traceback holds paths and terminal colours
                output.traceback = [f"{output.ename}: {output.evalue}"]
            output.get("data", {}).pop(_WIDGET, None)


def keep_old_images(notebook: NotebookNode, old: NotebookNode) -> int:
    """Put back the images of cells whose source and text are as before; return how many.

    The same chart has other bytes with another version of matplotlib; that is not a change.
    """
    before = {cell.id: cell for cell in code_cells(old)}
    kept = 0
    for cell in code_cells(notebook):
        twin = before.get(cell.id)
        if twin is None or twin.source != cell.source or text_outputs(twin) != text_outputs(cell):
            continue
        for (new, mime), (previous, _) in zip(_images(cell), _images(twin), strict=True):
            kept += new.data[mime] != previous.data[mime]
            new.data[mime] = previous.data[mime]
    return kept


def _images(cell: NotebookNode) -> Iterator[tuple[NotebookNode, str]]:
    for output in cell.outputs:
        yield from ((output, mime) for mime in IMAGES if mime in output.get("data", {}))


def text_outputs(cell: NotebookNode) -> list[Any]:
    """Return a cell's outputs with every image's bytes left out, but not the fact of an image."""
    outputs = json.loads(json.dumps(cell.outputs))
    for output in outputs:
        output.pop("execution_count", None)
        for mime in IMAGES:
            if mime in output.get("data", {}):
                output["data"][mime] = ""
    return outputs  # type: ignore[no-any-return]
