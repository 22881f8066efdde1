"""A request to the LLM as a value: what shapes its answer, and what makes two of them one."""

import re
import unicodedata
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Protocol, Self

from semcache import keys
from semcache.answers.sampling import TRANSPORT, check_sampling, shaping_of
from semcache.errors import ConfigError, InvalidInput

__all__ = [
    "Request",
    "Wanted",
    "check_text",
    "credentials",
    "id_of",
    "normalise",
]

# Of TRANSPORT, what decides whether a call succeeds, and how soon: not for who asks otherwise.
LEADING = ("timeout", "extra_query", "service_tier")
# Headers that say who asks and pays, whatever the provider calls them.
_CREDENTIALS = re.compile("auth|key|token|cookie|openai-(?:organization|project)")
_SHORT = 512  # characters of a question whose id is remembered
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # as str.splitlines knows them
_BLANK_LINES = re.compile(rf"\A(?:[^\S{_LINE_ENDS}]*[{_LINE_ENDS}])+")
_SPACES = re.compile("[ \t\u00a0\u3000]+")


class Wanted(Protocol):
    """What the flow must know of a request: :class:`Request`, or one to the client's transport."""

    @property
    def query(self) -> str:
        """The question: what is embedded, compared and shown."""

    @property
    def model(self) -> str:
        """The LLM."""

    @property
    def audience(self) -> str:
        """A URL-safe digest: requests that may share answers by similarity have the same."""

    @property
    def id(self) -> str:
        """A digest of what else must be equal in the exact tier."""

    @property
    def is_spelt(self) -> bool:
        """Whether :attr:`id` stands for the question alone, so that its spelling may be folded."""

    @property
    def goes_with(self) -> str | None:
        """The question with whose answer this one's is deleted, if :attr:`id` does not name it."""

    @property
    def flight(self) -> Hashable:
        """What must be equal, beside the audience, for two callers to share one answer."""

    def asking(self, query: str) -> Self:
        """Return the same request with another question."""


@dataclass(frozen=True)
class Request:
    """Everything that shapes an answer.

    Attributes:
        query: The user's question.
        model: The LLM.
        system: The system prompt; ``None`` for none.
        sampling: Further arguments of the API, such as ``temperature``.
        of: The audience, where it is known otherwise.
    """

    query: str
    model: str
    system: str | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    of: str | None = None

    is_spelt = True
    goes_with = None

    @property
    def flight(self) -> Hashable:
        """The question as it was typed, and what the call depends on beside the answer."""
        if TRANSPORT.isdisjoint(self.sampling):
            return self.query
        how = tuple((name, repr(self.sampling.get(name))) for name in LEADING)
        return self.query, how, credentials(self.sampling.get("extra_headers"))

    def asking(self, query: str) -> "Request":
        """Return the same request with another question."""
        return replace(self, query=query)

    def check(self) -> None:
        """Refuse what has no answer that is one text, before anything is sent or paid.

        Raises:
            InvalidInput: The question is empty or no text, or a text has half a character.
            ConfigError: Tools, several answers, or an argument that is no JSON.
        """
        if not isinstance(self.query, str):
            raise InvalidInput(f"the question is {type(self.query).__name__}, not str")
        if not self.query:
            raise InvalidInput("the question is empty")
        check_text("question", self.query)
        check_text("model", self.model)
        if self.system is not None:
            check_text("system prompt", self.system)
        if self.sampling:
            self._check_sampling()

    def _check_sampling(self) -> None:
        check_sampling(self.sampling)
        try:
            self.audience  # noqa: B018
        except (TypeError, RecursionError) as error:
            raise ConfigError(
                f"an argument of the API is no JSON that can be read: {error}"
            ) from error

    @property
    def id(self) -> str:
        """A digest of the question alone, which names it in an index."""
        return id_of(self.query)

    @cached_property
    def shaping(self) -> dict[str, Any]:
        """The further arguments that shape the answer; what was not given is left out."""
        return shaping_of(self.sampling)

    @property
    def audience(self) -> str:
        """A digest of all but the query: requests that may share answers have the same.

        It is URL-safe, so that it can stand in a key as it is.

        Example:
            >>> mini, large = Request("hi", "gpt-4o-mini"), Request("hi", "gpt-4o")
            >>> mini.audience == large.audience
            False
            >>> zero = Request("hi", "gpt-4o", sampling={"temperature": 0, "timeout": 5})
            >>> zero.audience == Request("hi", "gpt-4o", sampling={"temperature": 0.0}).audience
            True
        """
        if self.of is not None:
            return self.of
        return _audience(self.model, self.system, self._shape if self.sampling else "")

    @cached_property
    def _shape(self) -> str:
        return keys.digest_of(self.shaping) if self.shaping else ""

    def arguments(self) -> dict[str, Any]:
        """Return the arguments for ``chat.completions.create``."""
        system = [] if self.system is None else [{"role": "system", "content": self.system}]
        messages = [*system, {"role": "user", "content": self.query}]
        return {"model": self.model, "messages": messages, **self.sampling}


def credentials(headers: Any) -> tuple[tuple[str, str], ...]:
    """Return those of a request's headers that say who asks and pays, in order.

    Example:
        >>> credentials({"X-API-Key": "k", "X-Trace": "17", "Idempotency-Key": "17"})
        (('x-api-key', 'k'),)
    """
    if not isinstance(headers, Mapping):
        return ()
    named = {str(name).lower(): str(value) for name, value in headers.items()}
    wanted = (n for n in named if n != "idempotency-key" and _CREDENTIALS.search(n))
    return tuple((name, named[name]) for name in sorted(wanted))


@lru_cache(128)  # most requests of an application are of few audiences
def _audience(model: str, system: str | None, shape: str) -> str:
    # No two pairs share their repr; JSON takes 3 us more.
    return keys.digest(repr((model, system)) + shape)


def check_text(name: str, text: str) -> None:
    """Refuse what is no text.

    Raises:
        InvalidInput: It is none, or has half a character.
    """
    try:
        whole = isinstance(text, str) and (text.isascii() or text.encode() != b"")
    except UnicodeEncodeError:
        whole = False
    if not whole:
        raise InvalidInput(f"the {name} is no text, or has half a character (a lone surrogate)")


def id_of(query: str) -> str:
    """Return what names a question in an index: a digest, the same for all its spellings."""
    return _short(query) if len(query) <= _SHORT else _id(query)


def _id(query: str) -> str:
    return keys.digest(normalise(query))


_short = lru_cache(2_048)(_id)  # a request needs it several times


def normalise(query: str, fold_case: bool = False, fold_spaces: bool = False) -> str:
    r"""Return what makes two spellings one question: NFC, without white space around it.

    Line breaks and indentation count, since they mean something in a program. Used for exact
    matches and for replacing an entry. The embedding model still gets the text as it was typed.

    Args:
        query: The question.
        fold_case: Whether capitals do not count.
        fold_spaces: Whether several spaces between two words of a line are one.

    Example:
        >>> normalise("  What is Python? ") == normalise("What is Python?")
        True
        >>> normalise("if a:\n    b\n    c") == normalise("if a:\n    b\nc")
        False
        >>> normalise("What  is RUST?", fold_case=True, fold_spaces=True)
        'what is rust?'
    """
    text = query if query.isascii() else unicodedata.normalize("NFC", query)
    text = text.rstrip()
    if text and (text[0].isspace()):
        text = _BLANK_LINES.sub("", text)
        if len(text.splitlines()) < 2:
            text = text.lstrip()
    if fold_spaces:
        text = "\n".join(map(_folded, text.split("\n")))
    return text.casefold() if fold_case else text


def _folded(line: str) -> str:
    words = line.lstrip()
    return line[: len(line) - len(words)] + _SPACES.sub(" ", words.rstrip())
