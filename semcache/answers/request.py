"""Ask the LLM, plainly or as a stream, and decide whether its answer may be kept."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import openai

from semcache import keys

__all__ = ["Admission", "Completion", "Request", "complete_answers", "generate", "stream"]


@dataclass(frozen=True)
class Request:
    """Everything that shapes an answer.

    Attributes:
        query: The user's question.
        model: The LLM.
        system: The system prompt; ``None`` for none.
        sampling: Further arguments of the API, such as ``temperature``.
    """

    query: str
    model: str
    system: str | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def audience(self) -> str:
        """A digest of all but the query: requests that may share answers have the same.

        It is URL-safe, so that it can stand in a key as it is.

        Example:
            >>> mini, large = Request("hi", "gpt-4o-mini"), Request("hi", "gpt-4o")
            >>> mini.audience == large.audience
            False
        """
        parts = repr((self.model, self.system))  # which no two pairs share; JSON takes 3 us more
        if self.sampling:
            parts += json.dumps(dict(self.sampling), sort_keys=True, default=repr)
        return keys.digest(parts)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments for ``chat.completions.create``."""
        system = [] if self.system is None else [{"role": "system", "content": self.system}]
        messages = [*system, {"role": "user", "content": self.query}]
        return {"model": self.model, "messages": messages, **self.sampling}


@dataclass(frozen=True)
class Completion:
    """What the LLM answered.

    Attributes:
        text: The answer; empty if there was none.
        finish_reason: Why it ended: ``"stop"``, ``"length"``, ``"content_filter"``, ...;
            ``None`` if it did not end.
        refused: Whether the API refused to answer.
        tokens: Tokens charged, 0 if the API did not say.
    """

    text: str
    finish_reason: str | None
    refused: bool = False
    tokens: int = 0


Admission = Callable[[Completion], bool]


def complete_answers(completion: Completion) -> bool:
    """Admit what ended by itself, is no refusal and not empty. The rule unless you give another.

    Example:
        >>> complete_answers(Completion("42.", "stop")), complete_answers(Completion("4", "length"))
        (True, False)
    """
    return completion.finish_reason == "stop" and not completion.refused and completion.text != ""


def generate(client: openai.OpenAI, request: Request) -> Completion:
    """Return the answer to a request.

    Raises:
        openai.OpenAIError: The API's own error, unchanged.
    """
    reply = client.chat.completions.create(**request.arguments())
    tokens = reply.usage.total_tokens if reply.usage else 0
    if not reply.choices:
        return Completion("", None, tokens=tokens)
    choice = reply.choices[0]
    refused = bool(getattr(choice.message, "refusal", None))
    return Completion(choice.message.content or "", choice.finish_reason, refused, tokens)


def stream(
    client: openai.OpenAI, request: Request, finished: Callable[[Completion], None]
) -> Iterator[str]:
    """Yield an answer as it comes; call ``finished`` once, when it has come to its end.

    A stream that breaks, or that the caller abandons, never calls it.

    Raises:
        openai.OpenAIError: The API's own error, unchanged; also in the middle of a stream.
    """
    create: Any = client.chat.completions.create  # its overloads take no dictionary
    usage = {"stream": True, "stream_options": {"include_usage": True}}
    text, finish_reason, refused, tokens = "", None, False, 0
    with create(**request.arguments(), **usage) as chunks:
        for chunk in chunks:
            if chunk.usage:
                tokens = chunk.usage.total_tokens
            for choice in chunk.choices:
                if choice.index != 0:  # of several answers the first counts, as in generate
                    continue
                refused = refused or bool(getattr(choice.delta, "refusal", None))
                finish_reason = choice.finish_reason or finish_reason
                if choice.delta.content:
                    text += choice.delta.content
                    yield choice.delta.content
    finished(Completion(text, finish_reason, refused, tokens))
