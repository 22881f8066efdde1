"""SemanticLLMCache: ask the cache by similarity, then the LLM. Lesson 06."""

from typing import Any, Unpack

from semcache.answers.base import AnswersFace
from semcache.answers.faces import AsyncAnswers, BlockingAnswers
from semcache.answers.keywords import LLMKeywords

__all__ = ["AsyncSemanticLLMCache", "SemanticLLMCache"]


class _SemanticLLM(AnswersFace):
    TAKES = "SemanticLLMCache"

    def __init__(
        self, redis_client: Any, openai_client: Any, **options: Unpack[LLMKeywords]
    ) -> None:
        super().__init__(redis_client, openai_client, **options)


class SemanticLLMCache(_SemanticLLM, BlockingAnswers):
    """Answers from the cache if a similar question was answered before, else from the LLM.

    Only requests with the same LLM, system prompt and sampling share answers. Only complete,
    successful answers are kept.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        openai_client: An ``openai.OpenAI``.
        embedding_cache: Any embedding cache; an ``EmbeddingCache`` of ``embedding_model`` in the
            same scope if not given.
        embedding_model: The embedding model, if no cache is given; ``text-embedding-3-small`` if
            not given.
        embed_within: Seconds that embedding a question may take, if no cache is given; then the
            LLM answers. Else the client's own patience counts.
        admit: Which answers may be kept: see :func:`~semcache.answers.completion.finished_by`.
        **options: ``scope``, ``threshold``, ``ttl``, ``jitter``, ``index``, ``verifier``,
            ``judge_from``, ``rules``, ``answer_rules``, ``refuse_excess``, ``hit_takes``,
            ``max_entries``, ``max_entries_per_asker``, ``on_error``, ``clock``: see
            :class:`~semcache.answers.options.AnswerOptions`.

    Attributes:
        stats: Hits, misses, LLM calls and their tokens, errors.

    Raises:
        ConfigError: A client or an option that cannot work.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> cache = SemanticLLMCache(
        ...     lab.redis, lab.openai, embedding_model=lab.embedding_model, threshold=0.87
        ... )
        >>> first = cache.get_or_generate("What is Python?", model=lab.chat_model)
        >>> cache.get_or_generate("Python是什么？", model=lab.chat_model) == first
        True
        >>> cache.stats.hits, cache.stats.misses, cache.stats.api_calls
        (1, 1, 1)
    """


class AsyncSemanticLLMCache(_SemanticLLM, AsyncAnswers):
    """:class:`SemanticLLMCache` for ``redis.asyncio`` and ``AsyncOpenAI``."""
