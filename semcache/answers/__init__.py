"""Caches for answers: by similarity, and by the same question first. Lessons 06 and 07."""

from semcache.answers.hybrid import AsyncHybridLLMCache, HybridLLMCache
from semcache.answers.llm import AsyncSemanticLLMCache, SemanticLLMCache
from semcache.answers.match import Lookup, Match
from semcache.answers.semantic import AsyncSemanticCache, SemanticCache

__all__ = [
    "AsyncHybridLLMCache",
    "AsyncSemanticCache",
    "AsyncSemanticLLMCache",
    "HybridLLMCache",
    "Lookup",
    "Match",
    "SemanticCache",
    "SemanticLLMCache",
]
