import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from semcache.course import notebooks
from semcache.course.run import kernel_environment, main, select

WIDGET = "application/vnd.jupyter.widget-view+json"


def save(path, *sources, **metadata):
    cells = [new_markdown_cell("# 99. Tiny"), *map(new_code_cell, sources)]
    nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
    return path


def edit(path, change):
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))


def test_a_run_stores_stable_outputs_and_prints_the_table(tmp_path, capsys):
    path = save(
        tmp_path / "99_tiny.ipynb",
        "import os; print(os.getcwd() == os.environ.get('HERE'), os.environ['SEMCACHE_PROGRESS'])",
        "print('[x] 99.1  done')\nprint('[ ] 99.2  not started')",
        "1 + 1",
        kernelspec={"name": "somebody-elses", "display_name": "Mine"},
    )
    edit(path, lambda raw: raw["cells"][2].update(metadata={"tags": ["keep"], "collapsed": True}))
    assert main(["--folder", str(tmp_path)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["lesson", "cells", "seconds", "checks", "met", "file"]
    assert out[1].startswith("99_tiny      3")
    assert out[1].endswith("1 of 2  written")
    first = path.read_text()
    assert first.endswith("}\n")
    stored = json.loads(first)
    assert stored["metadata"]["kernelspec"]["name"] == "python3"
    assert stored["cells"][2]["metadata"] == {"tags": ["keep"]}
    assert [cell.get("execution_count") for cell in stored["cells"]] == [None, 1, 2, 3]
    stamp = path.stat().st_mtime_ns
    assert main(["--folder", str(tmp_path), "tiny"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("unchanged")
    assert (path.read_text(), path.stat().st_mtime_ns) == (first, stamp)


@pytest.mark.parametrize(
    ("source", "limits", "message"),
    [
        ("1 / 0", (), "failed:\n\n1 / 0\n"),
        ("while True: pass", ("--cell-timeout", "1"), "took longer than 1 seconds:\n\nwhile True"),
        ("import time; time.sleep(60)", ("--timeout", "4"), "the notebook's 4 seconds were over"),
        ("import os; os._exit(3)", (), "Kernel died"),
    ],
)
def test_the_first_failing_cell_stops_the_run(tmp_path, capsys, source, limits, message):
    path = save(tmp_path / "98_bad.ipynb", "1", source, "2")
    later = save(tmp_path / "99_later.ipynb", "1")
    before = [path.read_bytes(), later.read_bytes()]
    assert main(["--folder", str(tmp_path), *limits]) == 1
    err = capsys.readouterr().err
    assert "98_bad: code cell [2] (Cell 1 to nbval) " in err
    assert message in err
    assert "\x1b" not in err.split("98_bad: code cell")[1]
    assert [path.read_bytes(), later.read_bytes()] == before


def test_the_table_of_what_ran_is_shown_before_a_failure(tmp_path, capsys):
    save(tmp_path / "97_good.ipynb", "1")
    save(tmp_path / "98_bad.ipynb", "1 / 0")
    assert main(["--folder", str(tmp_path)]) == 1
    assert "97_good" in capsys.readouterr().out


def test_an_unknown_name_lists_the_lessons(tmp_path):
    save(tmp_path / "98_one.ipynb")
    save(tmp_path / "99_two.ipynb")
    assert (
        select(["98"], tmp_path)
        == select(["98_one.ipynb"], tmp_path)
        == [tmp_path / "98_one.ipynb"]
    )
    with pytest.raises(SystemExit, match="'three': 98_one, 99_two"):
        select(["three"], tmp_path)


def test_kernels_see_no_redis_unless_told(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("SEMCACHE_ONLINE", "1")
    env = kernel_environment()
    assert not {"REDIS_URL", "SEMCACHE_ONLINE", "SEMCACHE_STRICT"} & set(env)
    assert env["SEMCACHE_PROGRESS"] == "off"
    assert env["PATH"] == os.environ["PATH"]
    assert kernel_environment("redis://127.0.0.1:2/0")["REDIS_URL"] == "redis://127.0.0.1:2/0"
    assert kernel_environment(SEMCACHE_STRICT="1")["SEMCACHE_STRICT"] == "1"
    assert os.environ["REDIS_URL"] == "redis://127.0.0.1:1/0"


def test_missing_cell_ids_become_stable_ones(tmp_path):
    path = save(tmp_path / "99_tiny.ipynb", "1", "2", "3")

    def drop_ids(raw):
        raw["cells"][1]["id"] = "cell-00"
        for cell in raw["cells"][2:]:
            del cell["id"]
        raw["nbformat_minor"] = 4

    edit(path, drop_ids)
    ids = [cell.id for cell in notebooks.read(path).cells]
    assert ids[1:] == ["cell-00", "cell-01", "cell-02"]
    assert ids == [cell.id for cell in notebooks.read(path).cells]


def test_what_differs_between_machines_is_dropped():
    error = new_output(
        "error", ename="ValueError", evalue="no", traceback=["\x1b[31m/home/me/x.py\x1b[0m"]
    )
    widget = new_output("display_data", {WIDGET: {"model_id": "f00"}, "text/plain": "slider"})
    notebook = new_notebook(
        cells=[new_code_cell("x", outputs=[error, widget], metadata={"execution": {"a": "time"}})],
        metadata={"language_info": {"name": "python", "version": "3.11.7"}, "widgets": {}},
    )
    notebooks.stabilise(notebook)
    assert error.traceback == ["ValueError: no"]
    assert widget.data == {"text/plain": "slider"}
    assert notebook.cells[0].metadata == {}
    assert notebook.metadata["language_info"] == {"name": "python"}


def a_figure(image, text="Figure: a line.\n", source="chart()"):
    shown = new_output("display_data", {"image/png": image, "text/plain": "a line"})
    said = new_output("stream", name="stdout", text=text)
    return new_notebook(cells=[new_code_cell(source, id="a", outputs=[shown, said])])


def test_an_image_is_replaced_only_with_its_text_or_source():
    def kept(new):
        count = notebooks.keep_old_images(new, a_figure("OLD"))
        return count, new.cells[0].outputs[0].data["image/png"]

    assert kept(a_figure("NEW")) == (1, "OLD")
    assert kept(a_figure("OLD")) == (0, "OLD")
    assert kept(a_figure("NEW", text="Figure: another line.\n")) == (0, "NEW")
    assert kept(a_figure("NEW", source="chart(color='red')")) == (0, "NEW")
