"""The lesson tests notice what they are there for: a real lesson, spoilt in one place each."""

from copy import deepcopy

import pytest
import test_lessons as rules
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output


def full_lessons():
    return [path for path in rules.files() if path.stem[:2] not in rules.LIGHT]


@pytest.fixture(scope="module")
def original():
    if not full_lessons():
        pytest.skip("no lesson is written yet")
    return rules.Page.read(full_lessons()[0])


def insert(*cells):
    return lambda page: page.notebook.cells.extend(cells)


def replace(old, new, kind="markdown"):
    def spoil(page):
        cells = [c for c in page.notebook.cells if c.cell_type == kind and old in c.source]
        assert cells, f"the lesson has no {old!r} to spoil"
        for cell in cells:
            cell.source = cell.source.replace(old, new)

    return spoil


def use_an_answer(page):
    name = page.definition.exercises[0].name
    page.notebook.cells.append(new_code_cell(f"print({name})"))


def drop_the_first_stub_tag(page):
    page.stub(page.definition.exercises[0]).metadata["tags"] = []


def lengthen_the_first_stub(page):
    page.stub(page.definition.exercises[0]).source += "\n# more" * 8


def printing(text):
    return new_code_cell("1", outputs=[new_output("stream", name="stdout", text=text)])


FIGURE = new_output("display_data", {"image/png": "", "text/plain": "a line"})
ERROR = new_output("error", ename="ValueError", evalue="no", traceback=[])

SPOILT = {
    "title": (rules.test_title, replace("# ", "# X")),
    "minutes": (rules.test_minutes_and_neighbours, replace(" minutes", " hours")),
    "previous": (rules.test_minutes_and_neighbours, replace("revious:", "")),
    "objective": (
        rules.test_objectives_are_announced_as_they_are_checked,
        replace("- **", "- **9"),
    ),
    "needs": (rules.test_needs_are_stated, replace("You do not need", "")),
    "prediction": (rules.test_reader_predicts, replace("lesson.compare(", "print(", "code")),
    "check": (rules.test_exercises_have_a_stub_and_a_check, replace("lesson.check(", "p(", "code")),
    "stub tag": (rules.test_exercises_have_a_stub_and_a_check, drop_the_first_stub_tag),
    "long stub": (rules.test_exercises_have_a_stub_and_a_check, lengthen_the_first_stub),
    "report": (rules.test_self_assessment_reports, replace("lesson.report()", "pass", "code")),
    "key points": (rules.test_one_key_point_for_each_objective, insert(new_markdown_cell("- 4th"))),
    "next": (rules.test_ends_with_the_next_lesson, insert(new_markdown_cell("The end."))),
    "cells": (rules.test_number_of_cells, insert(*[new_code_cell("1")] * 45)),
    "long code": (rules.test_code_cells_are_short, insert(new_code_cell("1\n" * 21))),
    "long prose": (rules.test_prose_cells_are_short, insert(new_markdown_cell("word " * 151))),
    "alt": (
        rules.test_figures_are_few_and_have_an_alternative_text,
        insert(new_code_cell("1", outputs=[FIGURE])),
    ),
    "skip tag": (
        rules.test_no_output_escapes_comparison,
        insert(new_code_cell("1", metadata={"tags": ["nbval-ignore-output"]})),
    ),
    "skip comment": (
        rules.test_no_output_escapes_comparison,
        insert(new_code_cell("# NBVAL_SKIP")),
    ),
    "error": (rules.test_errors_are_meant, insert(new_code_cell("1", outputs=[ERROR]))),
    "path": (
        rules.test_outputs_hold_no_private_path_and_no_address,
        insert(printing("/home/me/x.py")),
    ),
    "address": (
        rules.test_outputs_hold_no_private_path_and_no_address,
        insert(printing("<Lab object at 0x7f0011223344>")),
    ),
    "leak": (rules.test_no_cell_needs_the_answer_to_an_exercise, use_an_answer),
}


def test_a_rule_refuses_the_lesson_that_breaks_it(original, subtests):
    for what, (test, spoil) in SPOILT.items():
        with subtests.test(what):
            page = rules.Page(original.path, NotebookNode(deepcopy(original.notebook)))
            test.rule(page)
            spoil(page)
            with pytest.raises((AssertionError, ValueError)):
                test.rule(page)
