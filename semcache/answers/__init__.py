"""Caches for answers: by similarity, and by the same question first. Lessons 06 and 07."""

from semcache.answers.hybrid import HybridLLMCache
from semcache.answers.llm import SemanticLLMCache
from semcache.answers.match import Match
from semcache.answers.semantic import SemanticCache

__all__ = ["HybridLLMCache", "Match", "SemanticCache", "SemanticLLMCache"]
