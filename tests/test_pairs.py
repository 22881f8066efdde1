"""Reading labelled pairs from whatever wrote them, and dividing them."""

import json
from pathlib import Path

import numpy as np
import pytest

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.pairs import Pair, Pairs, contradictions, divide, read_pairs, repeated_texts

EXPECTED = [
    Pair('say "hi"', "greet,\nplease", True, "en", "paraphrase", "acme", "calibration"),
    Pair("退款 15%", "退款 25%", False, "zh", "", "", "held-out"),
]


@pytest.fixture
def written(tmp_path: Path):
    """Writes a file, and reads its pairs."""

    def write(name: str, text: str | bytes, **options):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_pairs(path, **options)

    return write


# Reading --------------------------------------------------------------------------------


def test_json_lines_and_csv_hold_the_same_pairs(written):
    rows = [{**pair._asdict(), "reason": "not read"} for pair in EXPECTED]
    lines = written("pairs.jsonl", "\n".join(json.dumps(row) for row in rows) + "\n\n")
    table = written(
        "PAIRS.CSV",
        "\ufeffsame,a,b,language,kind,scope,split\r\n"
        'Yes,"say ""hi""","greet,\nplease",en,paraphrase,acme,Calibration\r\n'
        "0,退款 15%,退款 25%,zh,,,held-out\r\n",
    )
    assert list(lines) == list(table) == EXPECTED
    assert table.line.tolist() == [2, 4]  # a quoted break is part of a text, and of the count


PLAIN = [("x", "y", True), ("z", "w, v", False)]


@pytest.mark.parametrize(
    "text",
    [
        'a,b,same\nx,y,1.0\nz,"w, v",0.0\n',
        'A, B ,Same\nx,y,Y\nz,"w, v",N\n',
        'a, b, same\nx, y, TRUE\nz, "w, v", FALSE\n',
        "a;b;same\nx;y;wahr\nz;w, v;falsch\n",
        "a\tb\tsame\nx\ty\tT\nz\tw, v\tF\n",
        'sep=,\na,b,same\nx,y,1\nz,"w, v",0\n',
        "sep=;\r\na;b;same\r\nx;y;1,0\r\nz;w, v;0,0\r\n",
        '\n,,\na,b,same,,\n,,,,\nx,y,yes,,\n,,\nz,"w, v",no,,\n,,,,\n',
        ',a,b,same\n0,x,y,True\n1,z,"w, v",False\n',  # the index of a data frame
        "a,b,same\nx,y,True\nz,w, v,False\n".encode("utf-16").replace(b",\0 ", b"\xac\0 "),
    ],
)
def test_what_spreadsheets_and_data_frames_write(written, text):
    found = [tuple(pair)[:3] for pair in written("p.csv", text)]
    assert [(a, b.replace("¬", ","), same) for a, b, same in found] == PLAIN


def test_columns_that_are_asked_for_are_kept_and_the_numbers_read(written):
    text = "a,b,same,Tenant,similarity,margin,at\nx,y,1,acme,0.9,,2026-11-28\nz,w,0,beta,0.8,0.1,"
    pairs = written("p.csv", text + "2026-11-29T00:00:00+00:00\n", by=[" TENANT"], time="At")
    assert pairs.groups["tenant"].tolist() == ["acme", "beta"]
    assert pairs.similarity is not None and pairs.similarity.tolist() == [0.9, 0.8]
    assert pairs.margin is not None and np.isnan(pairs.margin[0]) and pairs.margin[1] == 0.1
    assert pairs.time is not None and np.diff(pairs.time).tolist() == [86_400]
    with pytest.raises(ConfigError, match="no column 'when'"):
        written("p.csv", text + "1\n", time="when")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.jsonl", '{"a": "x", "b": "y", "same": true}\n{"a": "x"\n', "line 2: no JSON"),
        ("p.jsonl", '[{"a": "x", "b": "y", "same": true},\n', "line 1: no JSON"),
        ("p.jsonl", "[" * 100_000, "line 1: no JSON"),
        ("p.jsonl", '{"a": "x", "b": "y", "same": true}\n\n[1]', "line 3: not an object"),
        ("p.jsonl", '{"a": "x", "same": true}', "line 1: b is not there"),
        ("p.jsonl", '{"a": "x", "b": 5, "same": true}', "line 1: b has no text"),
        ("p.jsonl", '{"a": " ", "b": "y", "same": true}', "line 1: a has no text"),
        ("p.jsonl", '{"a": "x", "b": "y", "same": "maybe"}', "line 1: same is 'maybe'"),
        ("p.jsonl", '{"a": "x", "b": "y", "same": null}', "line 1: same is not there"),
        ("p.jsonl", '{"a": "x", "b": "y", "same": []}', "line 1: same is [],"),
        ("p.jsonl", '{"a": "x", "b": "\\ud83d", "same": 1}', "line 1: b has half a character"),
        ("p.csv", "a,same\nx,yes\n", "line 1: no column b"),
        ("p.csv", "A,a,b,same\nx,x,y,yes\n", "line 1: two columns are called a"),
        ("p.csv", "a,b,same\nx,y,yes\nx,,no\n", "line 3: b has no text"),
        ("p.csv", "a,b,same\nx,y\n", "line 2: same is not there"),
        ("p.csv", "a,b,same\nx,y,\n", "line 2: same is ''"),
        ("p.csv", "a,b,same\nx,y,2\n", "line 2: same is '2'"),
        ("p.csv", "a,b,same\nx,y,1\nHi, there,y,1\n", "line 3: 4 cells, but 3 columns"),
        ("p.csv", 'a,b,same\n"x\n1",y,1\n"z,y,1\nx,y,1\n', "line 4: unexpected end"),
        ("p.csv", "a,b,same\n" + "x" * 200_000 + ",y,1\n", "line 2: field larger"),
        ("p.csv", "a,b,same,split\nx,y,1,test\n", "line 2: split is 'test'"),
        ("p.csv", "a,b,same,split\nx,y,1,held-out\nz,w,1,\n", "line 3: no split"),
        ("p.csv", "a,b,same,similarity\nx,y,1,.9\nz,w,1,93\n", "line 3: similarity is 93"),
        ("p.csv", "a,b,same,similarity\nx,y,1,.9\nz,w,1,\n", "line 3: similarity is blank"),
        ("p.csv", "a,b,same,margin\nx,y,1,wide\n", "line 2: margin is 'wide'"),
        ("p.csv", "a,b,same,embedding_model\nx,y,1,m\nz,w,1,n\n", "line 3: embedding_model is n"),
        ("p.csv", "a,b,same\n", "no pairs"),
        ("p.csv", "", "no pairs"),
        ("gbk.csv", "a,b,same\nx,y,1\n退款,退钱,1\n".encode("gbk"), "line 3: not UTF-8"),
    ],
)
def test_a_fault_is_named_with_its_file_and_line(written, tmp_path, name, text, message):
    with pytest.raises(InvalidInput) as error:
        written(name, text)
    assert str(error.value).startswith(str(tmp_path / name)) and message in str(error.value)


def test_the_embedding_model_is_read_and_kept_by_every_part(written):
    pairs = written("p.csv", "a,b,same,embedding_model\nx,y,1,m\nz,w,1,\nu,v,0,m\n")
    assert pairs.embedding_model == pairs[:1].embedding_model == "m"
    assert written("p.csv", "a,b,same\nx,y,1\n").embedding_model is None


def test_a_time_that_is_none_is_named(written):
    for bad, message in (("28/11/2026", "write it as"), ("5", "do not mix"), ("", "write it as")):
        with pytest.raises(InvalidInput, match=f"line 3: time is '{bad}': .*{message}"):
            written("p.csv", f"a,b,same,at\nx,y,1,2026-11-28\nx,y,1,{bad}\n", time="at")


def test_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(ConfigError, match="No such file"):
        read_pairs(tmp_path / "none.csv")
    with pytest.raises(ConfigError, match=r"\.jsonl or a \.csv"):
        read_pairs(tmp_path / "pairs.xlsx")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match="Is a directory"):
        read_pairs(tmp_path / "folder.csv")


# Columns --------------------------------------------------------------------------------


def test_many_pairs_are_columns_over_the_distinct_texts():
    pairs = Pairs.of([*EXPECTED, EXPECTED[0]] * 100)
    assert len(pairs) == 300 and len(pairs.texts) == 4
    assert pairs[-1] == EXPECTED[0] and list(pairs[1:3]) == [EXPECTED[1], EXPECTED[0]]
    assert list(pairs[~pairs.same]) == [EXPECTED[1]] * 100
    assert Pairs.of(pairs) is pairs and str(pairs) == "300 pairs, 200 with the same answer"


def test_a_pair_that_is_labelled_both_ways_is_found_once():
    rows = [
        ("a", "b", 1),
        ("b", "a", 0),
        ("c", "d", 0),
        (" a", "b", 0),
        ("a", "b", 0),
        ("c", "d", 0),
    ]
    assert contradictions(Pair(a, b, bool(same)) for a, b, same in rows) == [(1, 4)]


# Dividing -------------------------------------------------------------------------------


def chains(links: int, chains: int) -> list[Pair]:
    """Chains of pairs: each shares a text with the next."""
    return [Pair(f"{c}.{i}", f"{c}.{i + 1}", True) for i in range(links) for c in range(chains)]


@pytest.mark.parametrize("parts", [2, 3])
def test_by_chance_no_text_is_on_two_sides_and_the_order_says_nothing(parts):
    pairs = chains(4, 300)
    divided = list(divide(pairs, parts))
    sides = [{text.strip() for pair in part for text in (pair.a, pair.b)} for part in divided]
    assert sum(map(len, sides)) == len(set().union(*sides)) == 1_500
    assert all(1_200 / parts * 0.8 < len(part) < 1_200 / parts * 1.2 for part in divided)
    shuffled = [pairs[k] for k in np.random.default_rng(1).permutation(1_200)]
    assert [set(part) for part in divide(shuffled, parts)] == [set(part) for part in divided]
    assert repeated_texts(pairs) == 900


def test_where_all_pairs_are_tied_to_one_another_they_divide_all_the_same_and_it_is_said():
    log = chains(1_000, 1)  # each question with the nearest before it
    division = divide(log)
    assert all(len(part) > 400 for part in division) and "flatters" in division.how


def test_by_time_the_earlier_choose_and_equal_times_stay_together():
    pairs = Pairs.of(chains(1, 6))
    times = np.array([3.0, 1, 2, 2, 2, 1])
    timed = Pairs(pairs.texts, pairs.a, pairs.b, pairs.same, pairs.line, pairs.groups, time=times)
    early, late = divide(timed)
    assert early.time.tolist() == [1, 1] and sorted(late.time) == [2, 2, 2, 3]
    assert [sorted(part.time) for part in divide(timed, 3)] == [[1, 1], [2, 2, 2], [3]]


def test_a_split_is_followed_and_its_calibration_part_divided_to_fit():
    pairs = [
        pair._replace(split="held-out" if k % 3 else "calibration")
        for k, pair in enumerate(chains(1, 300))
    ]
    assert [len(part) for part in divide(pairs)] == [100, 200]
    fit, choose, check = divide(pairs, 3)
    assert len(check) == 200 and len(fit) + len(choose) == 100 and min(len(fit), len(choose)) > 30


def test_what_cannot_be_divided_is_refused():
    with pytest.raises(InvalidInput, match="leave one of 2 parts empty"):
        divide([Pair("a", "b", True), Pair("a", "c", True)])
