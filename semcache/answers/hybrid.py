"""HybridLLMCache: the same question first, then a similar one, then the LLM. Lesson 07."""

from typing import Any, Unpack

from semcache.answers.base import AnswersFace
from semcache.answers.exact import ExactTier, NoExactTier, spelling_of
from semcache.answers.faces import AsyncAnswers, BlockingAnswers
from semcache.answers.flow import AnswerFlow
from semcache.answers.keywords import TierKeywords
from semcache.answers.llm import AsyncSemanticLLMCache, SemanticLLMCache
from semcache.answers.options import AnswerOptions
from semcache.options import check_flag
from semcache.policy import Policy
from semcache.stats import Stats

__all__ = ["AsyncHybridLLMCache", "HybridLLMCache", "Tiers"]


class Tiers(AnswersFace):
    """An exact tier before the semantic one; see :class:`HybridLLMCache`."""

    def __init__(
        self,
        redis_client: Any,
        openai_client: Any,
        *,
        fold_case: bool = False,
        fold_spaces: bool = False,
        **options: Any,
    ) -> None:
        check_flag("fold_case", fold_case)
        check_flag("fold_spaces", fold_spaces)
        self._spelling = spelling_of(fold_case, fold_spaces)
        self.exact_stats = Stats()
        super().__init__(redis_client, openai_client, **options)

    def _exact_tier(self, options: AnswerOptions, embedded_by: tuple[object, ...]) -> ExactTier:
        spelling, spell = self._spelling
        return ExactTier(
            scope=options.scope,
            embedding=embedded_by,
            spelling=spelling,
            spell=spell,
            clock=options.clock,
            stats=self.exact_stats,
            stale=options.stale_if_error,
        )

    def _flow(self, exact: NoExactTier) -> AnswerFlow:
        policy = Policy(self.exact_stats, self.options.on_error, "the LLM answers")
        return self._flow_of(exact, policy, self.exact_stats)

    @property
    def stats(self) -> Stats:
        """Both tiers together: a hit in either is a hit. A snapshot, not a live object."""
        total = Stats()
        total.count(**self._parts.stats.as_dict())
        exact = self.exact_stats.as_dict()
        shared = ("hits", "errors", "bypassed", "overloads")  # whose misses the other tier counts
        total.count(**{name: exact[name] for name in shared})
        return total


class _Hybrid(Tiers):
    TAKES = "HybridLLMCache"
    BEHIND: type[AnswersFace]

    def __init__(
        self, redis_client: Any, openai_client: Any, **options: Unpack[TierKeywords]
    ) -> None:
        super().__init__(redis_client, openai_client, **options)
        self.semantic = self.BEHIND.of_parts(self._parts)


class HybridLLMCache(_Hybrid, BlockingAnswers):
    """An exact tier before :class:`SemanticLLMCache`; what is found by similarity is promoted.

    A promoted answer lives as long as the answer it came from, not longer. It is served without
    asking the verifier again only if the verifier has a ``fingerprint``, the one that accepted it.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        openai_client: An ``openai.OpenAI``.
        fold_case: Whether "Rust?" and "rust?" are the same question.
        fold_spaces: Whether several spaces between two words of a line are one.
        **options: Those of :class:`SemanticLLMCache`, and ``renew_ahead``, ``stale_if_error``,
            ``lease``.

    Attributes:
        exact_stats: Hits and misses of the exact tier.
        semantic: The tier behind it; its ``stats`` count hits by similarity, misses, LLM calls.

    Raises:
        ConfigError: A client or an option that cannot work.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> cache = HybridLLMCache(
        ...     lab.redis, lab.openai, embedding_model=lab.embedding_model, threshold=0.87
        ... )
        >>> for question in ("What is Python?", "Python是什么？", "What is Python?"):
        ...     answer = cache.get_or_generate(question, model=lab.chat_model)
        >>> cache.exact_stats.hits, cache.semantic.stats.hits, cache.stats.api_calls
        (1, 1, 1)
    """

    BEHIND = SemanticLLMCache


class AsyncHybridLLMCache(_Hybrid, AsyncAnswers):
    """:class:`HybridLLMCache` for ``redis.asyncio`` and ``AsyncOpenAI``.

    Example:
        >>> import asyncio
        >>> from semcache import connect
        >>> async def main():
        ...     lab = connect(quiet=True)
        ...     clients = lab.async_redis, lab.async_openai
        ...     cache = AsyncHybridLLMCache(*clients, embedding_model=lab.embedding_model)
        ...     questions = ["What is Python?"] * 3
        ...     for question in questions:
        ...         await cache.get_or_generate(question, model=lab.chat_model)
        ...     return cache.exact_stats.hits, cache.stats.api_calls
        >>> asyncio.run(main())
        (2, 1)
    """

    BEHIND = AsyncSemanticLLMCache
