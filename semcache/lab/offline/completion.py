"""What a model sends back: a text or calls of tools, cut where it would have ended."""

import codecs
import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from semcache.lab.offline.answers import answer, answer_from
from semcache.lab.offline.prompt import Message, Prompt, ToolCall
from semcache.lab.offline.tools import Tool
from semcache.tokens import count_tokens, encoding

__all__ = ["Completion", "Pieces", "SpokenCall", "complete", "digest", "divide"]


class Pieces(NamedTuple):
    """A text as a model sends it.

    Attributes:
        parts: A token each, or several where a character is spread over them.
        tokens: How many tokens they hold.
        whole: Whether nothing was cut off.
    """

    parts: list[str]
    tokens: int
    whole: bool

    @property
    def text(self) -> str:
        """The parts in one piece."""
        return "".join(self.parts)


class SpokenCall(NamedTuple):
    """A call of a tool, and its arguments as they are sent."""

    call: ToolCall
    pieces: Pieces


@dataclass(frozen=True)
class Completion:
    """One answer.

    Attributes:
        said: The text; ``None`` where tools are called instead.
        calls: The tools that are called.
        tokens: What the API would bill for it.
        finish_reason: Why it ended, in the words of the chat endpoint.
    """

    said: Pieces | None
    calls: tuple[SpokenCall, ...]
    tokens: int
    finish_reason: str

    @property
    def message(self) -> Message:
        """The answer as a part of the conversation."""
        text = self.said.text if self.said else ""
        return Message("assistant", text, tuple(spoken.call for spoken in self.calls))


def complete(prompt: Prompt, seed: str) -> Completion:
    """Answer a prompt.

    Args:
        prompt: What the model is given.
        seed: Makes the ids of calls; another seed makes others.

    Raises:
        Refusal: A schema asks for what cannot be filled.
    """
    called = prompt.tools.called(prompt.question, prompt.is_new)
    if called:
        return _call(prompt, called, seed)
    results = prompt.results
    said = answer_from(results, prompt.model) if results else answer(prompt.question, prompt.model)
    pieces = divide(_until(prompt.format.written(said, prompt.question), prompt.stop), prompt.limit)
    return Completion(pieces, (), pieces.tokens, "stop" if pieces.whole else "length")


def divide(text: str, limit: int | None) -> Pieces:
    """Cut a text after a number of tokens, and divide it as a model would have sent it.

    Example:
        >>> divide("one two three", 2)
        Pieces(parts=['one', ' two'], tokens=2, whole=False)
    """
    vocabulary = encoding()
    tokens = vocabulary.encode(text, disallowed_special=())
    kept = tokens[:limit]
    decoder = codecs.getincrementaldecoder("utf-8")()
    parts = [decoder.decode(vocabulary.decode_single_token_bytes(token)) for token in kept]
    return Pieces([part for part in parts if part], len(kept), len(kept) == len(tokens))


def digest(text: str) -> str:
    """Return 24 characters that name a text, for ids: the same request has the same ids."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _until(text: str, stop: tuple[str, ...]) -> str:
    for end in stop:
        text = text.split(end, 1)[0]
    return text


def _call(prompt: Prompt, tools: tuple[Tool, ...], seed: str) -> Completion:
    """Call tools one after the other, until the limit is reached."""
    spoken: list[SpokenCall] = []
    tokens, whole = 0, True
    for number, tool in enumerate(tools):
        tokens += count_tokens(tool.name)
        left = None if prompt.limit is None else max(0, prompt.limit - tokens)
        pieces = divide(tool.arguments(prompt.question), left)
        id = f"call_{digest(f'{seed}/{number}')}"
        spoken.append(SpokenCall(ToolCall(id, tool.name, pieces.text), pieces))
        tokens += pieces.tokens
        if not pieces.whole:
            whole = False
            break
    # A function that was asked for by name ends with "stop"; so OpenAI does it.
    ended = "stop" if prompt.tools.choice == "named" else "tool_calls"
    billed = tokens if prompt.limit is None else min(tokens, prompt.limit)
    return Completion(None, tuple(spoken), billed, ended if whole else "length")
