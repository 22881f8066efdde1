"""Caches for answers: by similarity, and by the same question first."""

from semcache.semantic.cache import SemanticCache
from semcache.semantic.choose import best_index
from semcache.semantic.hybrid import HybridLLMCache
from semcache.semantic.llm import SemanticLLMCache
from semcache.semantic.match import Match
from semcache.semantic.matrix import MatrixIndex
from semcache.semantic.query_engine import RedisVLIndex
from semcache.semantic.scan import ScanIndex
from semcache.semantic.vectorset import VectorSetIndex

__all__ = [
    "HybridLLMCache",
    "Match",
    "MatrixIndex",
    "RedisVLIndex",
    "ScanIndex",
    "SemanticCache",
    "SemanticLLMCache",
    "VectorSetIndex",
    "best_index",
]
