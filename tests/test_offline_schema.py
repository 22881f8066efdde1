"""Values for JSON schemas: what is read out of a question, and that it is always valid."""

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from semcache.lab.offline.schema import FORMATS, fill

TEXT, NUMBER, INTEGER = ({"type": kind} for kind in ("string", "number", "integer"))


def filled(question, /, **properties):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    value = fill(schema, question, "what is said")
    jsonschema.validate(value, schema)
    return value


FOUND = [
    ("A flight from New York to Paris", {"origin": TEXT, "to": TEXT}, ["New York", "Paris"]),
    ("and Paris only", {"origin": TEXT, "to": TEXT}, ["Paris", "what is said"]),
    ("Divide 7.5 by 2", {"a": NUMBER, "b": NUMBER}, [7.5, 2]),
    ("Divide 7.5 by 2", {"a": INTEGER, "b": NUMBER, "c": NUMBER}, [2, 7.5, 0]),
    ("Where is order 1,234?", {"order_id": TEXT}, ["1234"]),
    ("订单1234在哪里？", {"orderId": TEXT, "text": TEXT}, ["1234", "what is said"]),
    ("请问Paris的天气", {"city": TEXT}, ["Paris"]),
    ("in Celsius", {"unit": {"enum": ["kelvin", "celsius"]}}, ["celsius"]),
    ("in Reaumur", {"unit": {"enum": ["kelvin", "celsius"]}}, ["kelvin"]),
    ("a long answer", {"long": {"type": "boolean"}, "loud": {"type": "boolean"}}, [True, False]),
    ("Invite Ada and Bob", {"who": {"type": "array", "items": TEXT}}, [["Ada", "Bob"]]),
    ("Sum 1, 2 and 3", {"n": {"type": "array", "items": INTEGER}}, [[1, 2, 3]]),
    ("Sum 1, 2, 3", {"n": {"type": "array", "items": INTEGER, "maxItems": 2}}, [[1, 2]]),
    ("nothing", {"n": {"type": "array", "items": INTEGER, "minItems": 2}}, [[0, 0]]),
    ("What is it?", {"query": TEXT, "answer": TEXT}, ["What is it?", "what is said"]),
    ("7 stars", {"stars": INTEGER | {"maximum": 5}}, [0]),
    ("none", {"stars": INTEGER | {"minimum": 1}}, [1]),
    ("none", {"share": NUMBER | {"exclusiveMinimum": 0, "maximum": 1}}, [1]),
    ("in Rome", {"city": {"type": ["null", "string"]}}, ["Rome"]),
    ("in Rome", {"city": {"anyOf": [{"type": "null"}, TEXT]}}, ["Rome"]),
    ("in Rome", {"city": TEXT | {"maxLength": 2}}, ["Ro"]),
    ("x", {"kind": {"const": "fixed"}, "gone": {"type": "null"}}, ["fixed", None]),
    ("x", {"free": {}}, ["what is said"]),
]


@pytest.mark.parametrize(("question", "properties", "values"), FOUND)
def test_what_the_question_says_is_found(question, properties, values):
    assert list(filled(question, **properties).values()) == values


def test_only_what_is_required_or_found_is_given():
    others = {"deep": {"type": "object"}, "day": TEXT | {"format": "date"}}
    schema = {"type": "object", "properties": {"city": TEXT, "days": INTEGER, **others}}
    assert fill(schema, "Rome, for 3 days, in Lazio") == {"city": "Lazio", "days": 3}
    assert fill(schema | {"required": ["deep", "days"]}, "the weather") == {"days": 0, "deep": {}}


class Node(BaseModel):
    """A tree, which contains itself."""

    name: str
    parent: "Node | None"
    children: list["Node"]


def test_a_schema_that_contains_itself_comes_to_an_end():
    value = fill(Node.model_json_schema(), "A tree of Ada")
    assert Node.model_validate(value).name == "Ada"


def test_every_format_has_an_example_that_is_one():
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    for format, example in FORMATS.items():
        checker.check(example, format)
        assert filled("in Rome", x=TEXT | {"format": format}) == {"x": example}


# Any schema of what OpenAI takes: the other library says whether the value is valid.

BOUND = st.integers(-50, 50)
LEAVES = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.builds(lambda values: {"enum": values}, st.lists(st.text(max_size=5), min_size=1)),
    st.builds(
        lambda low, more, kind: {"type": kind, "minimum": low, "maximum": low + more},
        BOUND, st.integers(0, 50), st.sampled_from(["integer", "number"]),
    ),
    st.builds(
        lambda low, more: NUMBER | {"exclusiveMinimum": low, "exclusiveMaximum": low + more},
        BOUND, st.integers(1, 9),
    ),
    st.builds(
        lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
        st.integers(0, 40), st.integers(0, 40),
    ),
)  # fmt: skip
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda properties, some: {
                "type": "object",
                "properties": properties,
                "required": sorted(properties)[:some],
                "additionalProperties": False,
            },
            st.dictionaries(st.sampled_from(["city", "answer", "query", "order_id"]), inner),
            st.integers(0, 4),
        ),
        st.builds(
            lambda items, low, more: {
                "type": "array", "items": items, "minItems": low, "maxItems": low + more
            },
            inner, st.integers(0, 3), st.integers(0, 3),
        ),
        st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)  # fmt: skip
QUESTIONS = st.sampled_from(
    ["The weather in New York for 3 days, or -7.5, for order 12?", "", "天气怎么样？", "Ada, Bob"]
)


@given(SCHEMAS, QUESTIONS)
def test_the_value_is_valid_whatever_the_schema(schema, question):
    jsonschema.validate(fill(schema, question), schema)
