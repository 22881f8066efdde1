"""Every lesson keeps the promises of CONTRIBUTING.md: its parts, its budgets, its exercises."""

import ast
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from nbformat import NotebookNode
from strict_nbval import kernel_path

import semcache
from semcache.course import Exercise, notebooks
from semcache.course.exercises import Definition, load_definition
from semcache.course.registry import LESSONS, Entry, entry
from semcache.course.run import FOLDER, kernel_environment

LIGHT = {"00"}  # the tour of the course: fewer cells, no experiment, nothing to break
PRIVATE_PATH = re.compile(r"/home/|/root/|/Users/|/tmp/|/private/|/var/folders/|[A-Z]:\\")
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
IMPORTS = (ast.Import, ast.ImportFrom)
# "Expected: `call` is `value`", or a number without quotes
EXPECTED = re.compile(r"`([^`]+)` is (about )?(`[^`]+`|[\d.,]*\d)")
UNCOMPARED = re.compile(r"nbval[-_](skip|ignore[-_]output)", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """A notebook as the tests look at it."""

    path: Path
    notebook: NotebookNode

    @classmethod
    def read(cls, path: Path) -> "Page":
        return cls(path, notebooks.read(path))

    @property
    def number(self) -> str:
        return self.path.stem[:2]

    @property
    def light(self) -> bool:
        return self.number in LIGHT

    @property
    def line(self) -> Entry:
        found = entry(self.number)
        assert found is not None, f"semcache/course/registry.py has no lesson {self.number}"
        return found

    @cached_property
    def definition(self) -> Definition:
        return load_definition(self.number)

    @property
    def code(self) -> list[NotebookNode]:
        return notebooks.code_cells(self.notebook)

    @property
    def prose(self) -> list[str]:
        return [cell.source for cell in self.notebook.cells if cell.cell_type == "markdown"]

    @property
    def outputs(self) -> list[NotebookNode]:
        return [output for cell in self.code for output in cell.outputs]

    @property
    def images(self) -> list[NotebookNode]:
        return [o for o in self.outputs if set(notebooks.IMAGES) & set(o.get("data", {}))]

    def tagged(self, tag: str) -> list[NotebookNode]:
        return [cell for cell in self.code if tag in cell.metadata.get("tags", [])]

    def stub(self, exercise: Exercise) -> NotebookNode:
        (cell,) = self.tagged(f"stub-{exercise.id}")
        return cell

    def section(self, heading: str) -> str:
        """The prose under a heading of that name, up to the next heading."""
        text = "\n\n".join(self.prose)
        found = re.search(rf"^##+ [^\n]*{heading}[^\n]*\n(.*?)(?=^#|\Z)", text, re.M | re.S | re.I)
        assert found, f"no heading '{heading}'"
        return found.group(1)


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.ipynb"))


@cache
def pages() -> tuple[Page, ...]:
    return tuple(map(Page.read, files()))


def every_lesson(rule: Callable[[Page], None]) -> Callable[[pytest.Subtests], None]:
    """Make one test of a rule; it names each lesson that breaks it."""

    def test(subtests: pytest.Subtests) -> None:
        for page in pages():
            with subtests.test(page.path.stem):
                rule(page)

    test.rule = rule  # type: ignore[attr-defined]  # test_course_conventions.py spoils a lesson
    return test


def every_exercise(rule: Callable[[Page, Exercise], None]) -> Callable[..., None]:
    """Make one test of a rule; it names each exercise that breaks it."""

    def test(subtests: pytest.Subtests, offline: None) -> None:
        for page in pages():
            for exercise in page.definition.exercises:
                with subtests.test(exercise.id):
                    rule(page, exercise)

    return test


# The map


def test_lessons_are_on_the_map_and_the_map_on_disk() -> None:
    assert [path.stem for path in files()] == [line.stem for line in LESSONS if not line.planned]


# The parts of a lesson, in the order in which a reader meets them


@every_lesson
def test_title(page: Page) -> None:
    assert page.prose[0].splitlines()[0] == f"# {page.number}. {page.line.title}"


@every_lesson
def test_minutes_and_neighbours(page: Page) -> None:
    head = page.prose[0]
    assert f"{page.line.minutes} minutes" in head
    at = LESSONS.index(page.line)
    if at > 0:
        assert re.search(rf"[Pp]revious:.*{LESSONS[at - 1].stem}\.ipynb", head)
    if at + 1 < len(LESSONS):
        assert re.search(_next_link(LESSONS[at + 1]), head)


def _next_link(following: Entry) -> str:
    """A link to the next lesson, or its number while it is only planned."""
    target = following.number if following.planned else rf"{following.stem}\.ipynb"
    return rf"[Nn]ext:.*{target}"


@every_lesson
def test_objectives_are_announced_as_they_are_checked(page: Page) -> None:
    promised = re.findall(
        r"^- \*\*(\d\d\.[a-z])\*\* (.+)$", page.section("You will be able to"), re.M
    )
    assert dict(promised) == page.definition.objectives
    assert len(promised) <= 4
    assert len(promised) >= (1 if page.light else 3)


@every_lesson
def test_every_objective_has_a_check(page: Page) -> None:
    checked = {id for exercise in page.definition.exercises for id in exercise.objectives}
    assert checked == set(page.definition.objectives)


@every_lesson
def test_needs_are_stated(page: Page) -> None:
    text = "\n".join(page.prose)
    assert "You need" in text
    assert "You do not need" in text


@every_lesson
def test_parameters_then_setup(page: Page) -> None:
    (parameters,) = page.tagged("parameters")
    setup = next(cell for cell in page.code if "connect(" in cell.source)
    assert page.code.index(parameters) < page.code.index(setup)


@every_lesson
def test_imports_semcache(page: Page) -> None:
    assert any(re.search(r"^(from|import) semcache", cell.source, re.M) for cell in page.code)


@every_lesson
def test_reader_predicts(page: Page) -> None:
    predictions = sum("lesson.compare(" in cell.source for cell in page.code)
    assert predictions >= (1 if page.light else 2)


@every_lesson
def test_exercises_have_a_stub_and_a_check(page: Page) -> None:
    tags = [tag for cell in page.code for tag in cell.metadata.get("tags", [])]
    stubs = [tag.removeprefix("stub-") for tag in tags if tag.startswith("stub-")]
    assert stubs == [exercise.id for exercise in page.definition.exercises]
    assert len(stubs) >= (1 if page.light else 2)
    for exercise in page.definition.exercises:
        stub = page.stub(exercise)
        assert len(stub.source.splitlines()) <= 8
        assert exercise.name in _bound(stub.source)
        following = page.code[page.code.index(stub) + 1]
        assert f'lesson.check("{exercise.id}", {exercise.name})' in following.source


@every_lesson
def test_failure_and_production_are_treated(page: Page) -> None:
    if not page.light:
        assert page.section("Break it").strip()
        assert page.section("In production").strip()


@every_lesson
def test_self_assessment_reports(page: Page) -> None:
    page.section("Self-assessment")
    cells = page.notebook.cells
    at = next(
        i for i, cell in enumerate(cells) if re.search("^##+ .*Self-assessment", cell.source, re.M)
    )
    assert any("lesson.report()" in cell.source for cell in cells[at:])


@every_lesson
def test_one_key_point_for_each_objective(page: Page) -> None:
    points = re.findall(r"^[-*] ", page.section("Key points"), re.M)
    assert len(points) == len(page.definition.objectives)


@every_lesson
def test_ends_with_the_next_lesson(page: Page) -> None:
    at = LESSONS.index(page.line)
    if at + 1 < len(LESSONS):
        assert re.search(_next_link(LESSONS[at + 1]), page.prose[-1])


# Budgets


@every_lesson
def test_number_of_cells(page: Page) -> None:
    assert (8 if page.light else 25) <= len(page.notebook.cells) <= 45


@every_lesson
def test_code_cells_are_short(page: Page) -> None:
    lengths = [len(cell.source.splitlines()) for cell in page.code]
    assert median(lengths) <= 6
    assert max(lengths) <= 20


@every_lesson
def test_prose_cells_are_short(page: Page) -> None:
    long = [text[:60] for text in page.prose if len(text.split()) > 150]
    assert not long


@every_lesson
def test_figures_are_few_and_have_an_alternative_text(page: Page) -> None:
    assert len(page.images) <= 4
    for output in page.images:
        assert output.metadata.get("image/png", {}).get("alt"), "end the chart with plots.finish()"


@every_lesson
def test_file_is_small(page: Page) -> None:
    assert page.path.stat().st_size <= 300_000


# Outputs


@every_lesson
def test_every_cell_was_run_in_order(page: Page) -> None:
    """nbval runs a cell without an execution count and compares nothing."""
    assert [cell.execution_count for cell in page.code] == list(range(1, len(page.code) + 1))


@every_lesson
def test_no_output_escapes_comparison(page: Page) -> None:
    for cell in page.code:
        assert not UNCOMPARED.search(" ".join(cell.metadata.get("tags", [])))
        assert not UNCOMPARED.search(cell.source)


@every_lesson
def test_errors_are_meant(page: Page) -> None:
    for cell in page.code:
        if any(output.output_type == "error" for output in cell.outputs):
            assert cell in page.tagged("raises-exception")


@every_lesson
def test_outputs_hold_no_private_path_and_no_address(page: Page) -> None:
    for output in page.outputs:
        data = {mime: text for mime, text in output.get("data", {}).items() if "image" not in mime}
        shown = str([output.get("text"), output.get("evalue"), output.get("traceback"), data])
        assert not PRIVATE_PATH.search(shown)
        assert not ADDRESS.search(shown)


# Exercises


@every_lesson
def test_no_cell_needs_the_answer_to_an_exercise(page: Page) -> None:
    for exercise in page.definition.exercises:
        stub = page.stub(exercise)
        others = [
            c for c in page.code if c is not stub and f'check("{exercise.id}"' not in c.source
        ]
        imported = {name for cell in others for name in _imported(cell.source)}
        private = (_bound(stub.source) | _bound(exercise.solution)) - imported
        for cell in others:
            assert not private & _used(cell.source), f"{exercise.id} leaks into:\n{cell.source}"


def _tree(source: str) -> ast.Module:
    """The syntax tree of a cell without its magics, which are not Python."""
    return ast.parse(
        "\n".join("" if li.startswith(("%", "!")) else li for li in source.split("\n"))
    )


def _bound(source: str) -> set[str]:
    """The names that a cell binds at its top level."""
    names = _imported(source)
    for node in _tree(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        else:
            names |= {n.id for n in ast.walk(node) if _is_name(n, ast.Store)}
    return names


def _imported(source: str) -> set[str]:
    nodes = [n for n in _tree(source).body if isinstance(n, IMPORTS)]
    return {(alias.asname or alias.name).split(".")[0] for node in nodes for alias in node.names}


def _used(source: str) -> set[str]:
    return {n.id for n in ast.walk(_tree(source)) if _is_name(n, ast.Load)}


def _is_name(node: ast.AST, context: type[ast.expr_context]) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, context)


def answer(source: str, exercise: Exercise, page: Page) -> object:
    """Run a stub or its replacement beside the lesson's imports; return what it defines."""
    before = page.code[: page.code.index(page.stub(exercise))]
    imports = [n for cell in before for n in _tree(cell.source).body if isinstance(n, IMPORTS)]
    lab = semcache.connect(scope="exercise", quiet=True)
    names = {name: getattr(semcache, name) for name in semcache.__all__}
    names |= {"np": np, "lab": lab, "__name__": "answer"}
    exec(compile(ast.Module(imports, type_ignores=[]), "<imports>", "exec"), names)
    exec(compile(source, f"<{exercise.id}>", "exec"), names)
    return names[exercise.name]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "SEMCACHE_ONLINE"):
        monkeypatch.delenv(name, raising=False)


@every_exercise
def test_an_exercise_accepts_its_solution(page: Page, exercise: Exercise) -> None:
    assert exercise.judge(answer(exercise.solution, exercise, page)) == ("[x]", "")


@every_exercise
def test_an_exercise_leaves_its_stub_open(page: Page, exercise: Exercise) -> None:
    stub = page.stub(exercise).source
    assert exercise.judge(answer(stub, exercise, page))[0] == "[ ]"


@every_exercise
def test_an_exercise_refuses_three_wrong_answers(page: Page, exercise: Exercise) -> None:
    assert len(set(exercise.wrong)) >= 3
    for source in exercise.wrong:
        mark, sentence = exercise.judge(answer(source, exercise, page))
        assert mark == "[!]", source
        assert sentence.endswith("."), sentence
        assert "\n" not in sentence


@every_exercise
def test_an_exercise_has_a_hint_that_is_not_its_solution(page: Page, exercise: Exercise) -> None:
    assert exercise.hint.strip()
    assert exercise.solution.strip() not in exercise.hint


def expected(page: Page, exercise: Exercise) -> str:
    """Source that asserts what the text above an exercise promises of a call to its answer."""
    cells = page.notebook.cells
    task = cells[cells.index(page.stub(exercise)) - 1].source.partition("Expected:")[2]
    lines = [inspect.getsource(_agree)]
    for call, about, shown in EXPECTED.findall(task):
        if exercise.name in call:
            value = shown.strip("`") if shown[0] == "`" else shown.replace(",", "_")
            room = 0.05 if about else 1e-9
            lines.append(f"assert _agree({call}, {value}, {room}), {call!r}")
    return "\n".join(lines)


def _agree(found: object, value: object, room: float) -> bool:
    import numpy as np

    try:
        return bool(np.allclose(found, value, rtol=room, atol=0))  # type: ignore[arg-type]
    except TypeError:  # not numbers
        return bool(found == value)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_solved_lesson_meets_every_objective_and_changes_nothing_else(path: Path) -> None:
    page, solved = Page.read(path), Page.read(path)
    for exercise in page.definition.exercises:
        stub = solved.stub(exercise)
        stub.source = exercise.solution.strip()
        check = solved.code[solved.code.index(stub) + 1]
        check.source += "\n" + expected(page, exercise)  # after every cell before it
    environment = kernel_environment(SEMCACHE_STRICT="1", PYTHONPATH=kernel_path())
    notebooks.execute(solved.notebook, page.path.parent, environment, timeout=400)
    notebooks.stabilise(solved.notebook)
    report = notebooks.printed(solved.notebook)
    for id in page.definition.objectives:
        assert re.search(rf"^\[x\] {re.escape(id)}  ", report, re.M), report
    for before, after in zip(page.code, solved.code, strict=True):
        if "lesson." not in before.source:
            assert notebooks.text_outputs(after) == notebooks.text_outputs(before), before.source
