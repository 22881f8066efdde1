"""The options that a type checker is told of are those that there are."""

import dataclasses
import inspect
from typing import Any, get_type_hints

import pytest

from semcache.answers.base import AnswersFace, LLMKeywords
from semcache.answers.hybrid import TierKeywords, Tiers
from semcache.answers.options import AnswerKeywords, AnswerOptions
from semcache.embedding.faces import EmbeddingFace
from semcache.embedding.options import EmbeddingKeywords, EmbeddingOptions, RareKeywords


@pytest.mark.parametrize(
    ("keywords", "options"),
    [(EmbeddingKeywords, EmbeddingOptions), (AnswerKeywords, AnswerOptions)],
)
def test_keywords_are_the_fields_of_the_options(keywords: type, options: Any):
    fields = {field.name for field in dataclasses.fields(options)}
    hints = get_type_hints(options)
    assert get_type_hints(keywords) == {name: hints[name] for name in fields}


@pytest.mark.parametrize(
    ("made", "hidden", "all_names"),
    [
        (EmbeddingFace, RareKeywords, EmbeddingKeywords),
        (AnswersFace, AnswerKeywords, LLMKeywords),
        (Tiers, LLMKeywords, TierKeywords),
    ],
)
def test_what_a_class_spells_out_and_what_it_does_not_are_all_names(
    made: type, hidden: type, all_names: type
):
    parameters = inspect.signature(made).parameters.values()
    spelt = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    names = set(get_type_hints(all_names))
    assert spelt | set(get_type_hints(hidden)) == names
    assert not spelt & set(get_type_hints(hidden))
