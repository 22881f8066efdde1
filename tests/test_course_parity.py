"""A translated lesson has the cells of its original, and a test that would notice if not."""

from collections.abc import Callable
from copy import deepcopy

import pytest
from nbformat import NotebookNode

from semcache.course import notebooks
from semcache.course.parity import differences, translations
from semcache.course.run import FOLDER


@pytest.fixture
def pair() -> tuple[NotebookNode, NotebookNode]:
    return tuple(
        notebooks.read(FOLDER / name) for name in ("00_start_here.ipynb", "zh/00_start_here.ipynb")
    )


def test_every_translation_has_the_cells_of_its_original(subtests: pytest.Subtests) -> None:
    assert translations()
    for original, path in translations():
        with subtests.test(str(path.relative_to(FOLDER))):
            assert original.exists(), "no lesson is called so"
            assert list(differences(notebooks.read(original), notebooks.read(path))) == []


def test_what_it_prints_is_what_the_original_prints() -> None:
    for original, path in translations():
        ours, theirs = notebooks.read(original), notebooks.read(path)
        assert notebooks.printed(ours) == notebooks.printed(theirs)


def without_a_cell(notebook: NotebookNode) -> None:
    del notebook.cells[3]


def other_code(notebook: NotebookNode) -> None:
    notebooks.code_cells(notebook)[2].source += "  # 注释"


def other_tag(notebook: NotebookNode) -> None:
    notebooks.code_cells(notebook)[0].metadata["tags"] = ["参数"]


def other_id(notebook: NotebookNode) -> None:
    notebook.cells[0].id = "another"


def other_type(notebook: NotebookNode) -> None:
    notebook.cells[0].cell_type = "raw"


def lost_objective(notebook: NotebookNode) -> None:
    notebook.cells[1].source = notebook.cells[1].source.replace("- **00.b**", "-")


def lost_heading(notebook: NotebookNode) -> None:
    notebook.cells[1].source = notebook.cells[1].source.replace("## ", "", 1)


def empty(notebook: NotebookNode) -> None:
    notebook.cells[0].source = ""


SPOILT = {
    without_a_cell: "22 cells, not 23.",
    other_code: "other code.",
    other_tag: "other tags.",
    other_id: "other id.",
    other_type: "other type.",
    lost_objective: "other objectives.",
    lost_heading: "other heading levels.",
    empty: "not translated.",
}


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_a_difference_is_named(
    spoil: Callable[[NotebookNode], None], pair: tuple[NotebookNode, NotebookNode]
) -> None:
    original, translation = pair
    spoilt = deepcopy(translation)
    spoil(spoilt)
    assert any(what.endswith(SPOILT[spoil]) for what in differences(original, spoilt))


def test_prose_that_was_left_in_english_is_named(pair: tuple[NotebookNode, NotebookNode]) -> None:
    original, _ = pair
    assert any("not translated" in what for what in differences(original, original))
