"""Ask the LLM, plainly or as a stream, and decide whether its answer may be kept.

A reply is read as it comes: providers leave out deltas, choices, usage and reasons. What is there
is used; what was paid for is never lost to an error of ours.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import openai
from openai.types.chat import ChatCompletion

from semcache.answers.ending import reason_of
from semcache.answers.request import Request
from semcache.api_failures import api_failed
from semcache.errors import BadResponse
from semcache.index.answer import Answer
from semcache.ports import ApiPort
from semcache.tokens import as_count

__all__ = [
    "Admit",
    "Completion",
    "Completions",
    "Finished",
    "complete_answers",
    "finished_by",
    "generate",
    "stream",
]

log = logging.getLogger("semcache")


@dataclass(frozen=True)
class Completion:
    """What the LLM answered.

    Attributes:
        text: The answer; empty if there was none.
        finish_reason: Why it ended: ``"stop"``, ``"length"``, ``"content_filter"``, ...;
            ``None`` if it did not end, or did not say.
        refused: Whether the API refused to answer.
        tokens: Tokens charged, 0 if the API did not say.
        calls: Whether it asks to call a tool; then the text is only a part of the reply.
        payload: What is kept and served, where that is more than the text.
        written: Those of the tokens that are the answer's, 0 if the API did not say.
    """

    text: str
    finish_reason: str | None
    refused: bool = False
    tokens: int = 0
    calls: bool = False
    payload: str | None = None
    written: int = 0

    @property
    def kept(self) -> str:
        """What is kept and served."""
        return self.text if self.payload is None else self.payload


Finished = Callable[[Completion], Awaitable[None]]
Admit = Callable[[Completion], bool]


def finished_by(*reasons: str | None) -> Admit:
    """Return the rule that admits what ended for one of these reasons.

    Some servers say ``"eos"`` or nothing at all (``None``) where OpenAI says ``"stop"``.

    Example:
        >>> rule = finished_by("stop", None)
        >>> rule(Completion("42.", None)), rule(Completion("4", "length"))
        (True, False)
    """
    wanted: Collection[str | None] = frozenset(reasons)
    return lambda completion: (
        completion.finish_reason in wanted and not completion.refused and completion.text != ""
    )


complete_answers = finished_by("stop")
"""Admit what ended by itself, is no refusal and not empty. The rule unless you give another.

Example:
    >>> complete_answers(Completion("42.", "stop")), complete_answers(Completion("4", "length"))
    (True, False)
"""


async def generate(api: ApiPort, request: Request) -> Completion:
    """Return the answer to a request.

    Raises:
        BadResponse: The reply holds an error, or is no reply of a chat.
        openai.OpenAIError: The API's own error, unchanged.
    """
    try:
        reply = await api.chat(**request.arguments())
    except ValueError as error:  # the client cannot read it: a login page, say
        raise BadResponse(f"{request.model} returned no completion: {error}") from error
    _check(reply, request)
    choices = getattr(reply, "choices", None)
    usage = getattr(reply, "usage", None)
    tokens, written = _tokens(usage), _written(usage)
    if not choices:
        return Completion("", None, tokens=tokens, written=written)
    message = getattr(choices[0], "message", None)
    return Completion(
        _text(message),
        getattr(choices[0], "finish_reason", None),
        bool(getattr(message, "refusal", None)),
        tokens,
        _has_calls(message),
        written=written,
    )


def _check(reply: Any, request: Request) -> None:
    """Refuse a reply that is none: an error with status 200, or a page in its place."""
    error = _error(reply)
    if error or getattr(reply, "choices", None) is None:
        raise BadResponse(f"{request.model} returned no completion: {str(error or reply)[:200]}")


def _error(said: Any) -> Any:
    """What a reply or a chunk says went wrong, in itself or in its choice; else nothing."""
    choices = getattr(said, "choices", None)
    return getattr(said, "error", None) or getattr(choices[0] if choices else None, "error", None)


def _text(message: Any) -> str:
    content = getattr(message, "content", None)
    return content if isinstance(content, str) else ""


def _has_calls(message: Any) -> bool:
    return bool(getattr(message, "tool_calls", None) or getattr(message, "function_call", None))


def _tokens(usage: Any) -> int:
    """What was charged, as far as the reply says."""
    total = getattr(usage, "total_tokens", None)
    if total is not None:
        return as_count(total)
    return as_count(getattr(usage, "prompt_tokens", None)) + _written(usage)


def _written(usage: Any) -> int:
    """Those that the LLM wrote, as far as the reply says."""
    return as_count(getattr(usage, "completion_tokens", None))


class _Reading:
    """What the chunks of a stream, or a whole reply in its place, have said so far."""

    def __init__(self, request: Request) -> None:
        self._request, self._has_begun = request, False
        self.pieces: list[str] = []
        self._reasons: list[Any] = []
        self._refused = self._calls = False
        self._tokens = self._written = 0

    async def of(self, chunks: AsyncGenerator[Any, None]) -> AsyncGenerator[str, None]:
        """Yield the pieces of the answer in a stream's chunks.

        Raises:
            BadResponse: There is no chunk, or one that is no JSON, or says what went wrong.
        """
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    self._has_begun = True
                    if piece := self._take(chunk):
                        yield piece
        except ValueError as error:  # the client cannot read it
            raise BadResponse(f"{self._request.model} returned no stream: {error}") from error
        if not self._has_begun:
            raise BadResponse(f"{self._request.model} returned no stream, but nothing or a page")

    def _take(self, chunk: Any) -> str:
        """Take a chunk; return the piece of the answer in it."""
        if isinstance(chunk, ChatCompletion) or _error(chunk):
            _check(chunk, self._request)
        usage = getattr(chunk, "usage", None)
        self._tokens = _tokens(usage) or self._tokens
        self._written = _written(usage) or self._written
        choices = getattr(chunk, "choices", None)
        if not choices:
            return ""
        choice = choices[0]  # one answer was asked for, however the server numbers it
        delta = getattr(choice, "delta", None) or getattr(choice, "message", None)
        self._refused |= bool(getattr(delta, "refusal", None))
        self._calls |= _has_calls(delta)
        if reason := getattr(choice, "finish_reason", None):
            self._reasons.append(reason)
        piece = _text(delta)
        if piece:
            self.pieces.append(piece)
        return piece

    def completion(self) -> Completion:
        """What the stream has said in all."""
        return Completion(
            "".join(self.pieces),
            reason_of(self._reasons),
            self._refused,
            self._tokens,
            self._calls,
            written=self._written,
        )


async def stream(api: ApiPort, request: Request, finished: Finished) -> AsyncGenerator[str, None]:
    """Yield an answer as it comes; await ``finished`` once, when it has come to its end.

    A stream that breaks, or that the caller abandons, never calls it. A server that knows no
    ``stream_options``, by which we ask for the usage, is asked again without.

    Raises:
        openai.OpenAIError: The API's own error, unchanged; also in the middle of a stream.
        BadResponse: The reply is no stream, nor a whole completion, or holds an error.
    """
    arguments = request.arguments()
    arguments.setdefault("stream_options", {"include_usage": True})
    reading = _Reading(request)
    try:
        async with aclosing(reading.of(api.chat_stream(**arguments))) as pieces:
            async for piece in pieces:
                yield piece
    except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
        if reading.pieces or "stream_options" not in str(error):
            raise
        log.info("%s knows no stream_options: asked again without", request.model)
        del arguments["stream_options"]
        async with aclosing(reading.of(api.chat_stream(**arguments))) as pieces:
            async for piece in pieces:
                yield piece
    await finished(reading.completion())


class Completions:
    """The LLM of ``get_or_generate``, whose answers are texts."""

    def __init__(self, api: ApiPort) -> None:
        self._api = api

    async def whole(self, request: Request, finished: Finished) -> AsyncGenerator[str, None]:
        """Yield an answer in one piece; see :func:`generate`."""
        completion = await generate(self._api, request)
        await finished(completion)
        yield completion.text

    def pieces(self, request: Request, finished: Finished) -> AsyncGenerator[str, None]:
        """Yield an answer as it comes; see :func:`stream`."""
        return stream(self._api, request, finished)

    def of_kept(self, answer: Answer) -> str:
        """Return what the caller gets of an answer that was kept."""
        return answer.response

    def is_outage(self, error: Exception) -> bool:
        """Whether the LLM failed, so that an older answer may do."""
        return isinstance(error, BadResponse) or api_failed(error)
