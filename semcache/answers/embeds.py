"""What embeds the questions of an LLM cache: the cache that was given, or one that is made."""

from typing import Any

from semcache.answers.match import Embeds
from semcache.answers.options import AnswerOptions
from semcache.embedding.faces import EmbeddingFace
from semcache.errors import ConfigError
from semcache.options import as_number, check_label

__all__ = ["check_embeds", "embeds_of"]


def embeds_of(
    made_of: type[EmbeddingFace],
    redis_client: Any,
    openai_client: Any,
    options: AnswerOptions,
    *,
    embedding_cache: Embeds | None,
    embedding_model: str | None,
    embed_within: float | None,
) -> Embeds:
    """Return the embedding cache that was given, or make one in the scope of the answers.

    Args:
        made_of: Its class, if it is made.
        redis_client: As it was given.
        openai_client: As it was given.
        options: Those of the cache of answers.
        embedding_cache: What was given; the others then have nothing else to say.
        embedding_model: Of the one that is made; the usual one if not given.
        embed_within: Seconds that it may take; the client's own patience if not given.

    Raises:
        ConfigError: An option that cannot work, or that would have no effect.
    """
    if embedding_cache is not None:
        check_embeds(embedding_cache)
        agrees = embedding_model in (None, embedding_cache.model)
        if not agrees or embed_within is not None:
            name = "embed_within" if agrees else "embedding_model"
            raise ConfigError(
                f"{name} says how questions are embedded, and so does embedding_cache: give one "
                "of the two"
            )
        return embedding_cache
    if embed_within is not None:
        seconds = as_number(embed_within)
        if seconds is None or not 0 < seconds < float("inf"):
            raise ConfigError(f"embed_within is {embed_within!r}: give seconds above 0, or None")
        openai_client = openai_client.with_options(timeout=seconds, max_retries=0)
    given: dict[str, Any] = {"scope": options.scope, "on_error": options.on_error}
    if embedding_model is not None:
        given["model"] = check_label("embedding_model", embedding_model)
    made: Any = made_of(redis_client, openai_client, **given)
    return made  # type: ignore[no-any-return]


def check_embeds(embedding_cache: Any) -> None:
    """Refuse what cannot embed.

    Raises:
        ConfigError: Says what to give.
    """
    if not callable(getattr(embedding_cache, "get_embedding", None)):
        raise ConfigError(
            f"embedding_cache is {type(embedding_cache).__name__}: give an EmbeddingCache, or "
            "another with a model and get_embedding(text)"
        )
