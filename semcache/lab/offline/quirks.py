"""Habits of providers that speak OpenAI's protocol, nearly: what they refuse, and what they omit.

Each was met in a public issue about a real server. A quirk is not a failure: the server is well,
and answers so every time.
"""

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from semcache.errors import ConfigError
from semcache.lab.offline.refusal import Refusal
from semcache.lab.offline.wire import Answer

__all__ = ["QUIRKS", "Quirk", "quirky"]

Body = dict[str, Any]

TEXTS = "texts per call"
ERROR = {"error": {"message": "rate limited upstream", "type": "upstream_error", "code": 429}}


@dataclass(frozen=True)
class Quirk:
    """One habit of a provider.

    Attributes:
        kind: A name of :data:`QUIRKS`.
        most: The most texts that it takes in one call; only of ``"texts per call"``.
    """

    kind: str
    most: int = 0

    @property
    def endpoint(self) -> str | None:
        """The endpoint that has the habit; ``None`` for all."""
        return QUIRKS[self.kind]

    def check(self, body: Body) -> None:
        """Refuse what the provider does not know.

        Raises:
            Refusal: The request uses it.
        """
        if self.kind == "no stream options" and "stream_options" in body:
            raise Refusal(422, "stream_options: extra inputs are not permitted")
        if self.kind == "no base64" and body.get("encoding_format") == "base64":
            raise Refusal(400, "encoding_format must be 'float'", param="encoding_format")
        texts = body.get("input")
        if self.kind == TEXTS and isinstance(texts, list) and len(texts) > self.most:
            raise Refusal(400, f"batch size {len(texts)} > maximum allowed batch size {self.most}")

    def bend(self, answer: Answer) -> Answer:
        """Return a good answer as this provider would send it."""
        if self.kind == "error in a 200":
            return Answer(ERROR if isinstance(answer.body, dict) else [ERROR], 0)
        if isinstance(answer.body, dict):
            return answer._replace(body=_BODIES.get(self.kind, _as_it_is)(answer.body))
        return answer._replace(body=_STREAMS.get(self.kind, _as_they_are)(answer.body))


def quirky(kind: str, most: int | None) -> Quirk:
    """Check what a caller asked for.

    Raises:
        ConfigError: No such quirk, or a number that does not belong to it.

    Example:
        >>> quirky("texts per call", 10)
        Quirk(kind='texts per call', most=10)
    """
    if kind not in QUIRKS:
        raise ConfigError(f"no quirk {kind!r}: choose one of {', '.join(map(repr, QUIRKS))}")
    if (kind == TEXTS) != (most is not None):
        raise ConfigError(f"most belongs to the quirk {TEXTS!r}, and to no other")
    if most is not None and most < 1:
        raise ConfigError(f"most is a number of texts, 1 or more, not {most!r}")
    return Quirk(kind, most or 0)


CHAT, EMBEDDINGS = "chat/completions", "embeddings"

QUIRKS: dict[str, str | None] = {
    "no delta": CHAT,
    "null choices": CHAT,
    "no stop reason": CHAT,
    "no stream options": CHAT,
    "no usage": None,
    "error in a 200": None,
    "no base64": EMBEDDINGS,
    "no index": EMBEDDINGS,
    "odd length": EMBEDDINGS,
    TEXTS: EMBEDDINGS,
}


def _as_it_is(body: Body) -> Body:
    return body


def _as_they_are(chunks: Iterable[Body]) -> Iterable[Body]:
    return chunks


def _without_usage(body: Body) -> Body:
    return {name: value for name, value in body.items() if name != "usage"}


def _without_choices(body: Body) -> Body:
    return {**body, "choices": None}


def _without_reason(body: Body) -> Body:
    return {**body, "choices": [{**c, "finish_reason": None} for c in body["choices"]]}


def _without_index(body: Body) -> Body:
    rows = [{k: v for k, v in row.items() if k != "index"} for row in body["data"]]
    return {**body, "data": rows}


def _with_a_short_row(body: Body) -> Body:
    first, *others = body["data"]
    return {**body, "data": [{**first, "embedding": _half(first["embedding"])}, *others]}


def _half(embedding: list[float] | str) -> list[float] | str:
    if isinstance(embedding, list):
        return embedding[: len(embedding) // 2]
    data = base64.b64decode(embedding)
    return base64.b64encode(data[: len(data) // 8 * 4]).decode("ascii")  # 4 bytes a number


def _with_a_note(chunks: Iterable[Body]) -> Iterator[Body]:
    """A choice without delta after the first chunk, as Azure's asynchronous filter sends it."""
    for number, chunk in enumerate(chunks):
        yield chunk
        if number == 0:
            note: Body = {"index": 0, "finish_reason": None, "content_filter_offsets": {}}
            yield {**_without_usage(chunk), "choices": [note]}


def _with_an_empty_chunk(chunks: Iterable[Body]) -> Iterator[Body]:
    for number, chunk in enumerate(chunks):
        yield chunk
        if number == 0:
            yield {**_without_usage(chunk), "choices": None}


def _without_usages(chunks: Iterable[Body]) -> Iterator[Body]:
    for chunk in chunks:
        if "response" in chunk:
            yield {**chunk, "response": _without_usage(chunk["response"])}
        elif chunk.get("choices") != []:  # the chunk that has nothing but the usage
            yield _without_usage(chunk)


_BODIES: dict[str, Callable[[Body], Body]] = {
    "null choices": _without_choices,
    "no stop reason": _without_reason,
    "no usage": _without_usage,
    "no index": _without_index,
    "odd length": _with_a_short_row,
}

_STREAMS: dict[str, Callable[[Iterable[Body]], Iterable[Body]]] = {
    "no delta": _with_a_note,
    "null choices": _with_an_empty_chunk,
    "no stop reason": lambda chunks: map(_without_reason, chunks),
    "no usage": _without_usages,
}
