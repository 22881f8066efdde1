"""What a model is given, whichever endpoint it came through: messages, tools, a format, limits."""

from dataclasses import dataclass
from functools import cached_property

from semcache.lab.offline.formats import TEXT, Format
from semcache.lab.offline.tools import NONE, Toolbox
from semcache.tokens import count_tokens

__all__ = ["Message", "Prompt", "ToolCall"]


@dataclass(frozen=True)
class ToolCall:
    """One call of a tool.

    Attributes:
        id: Names the call in the message that brings its result.
        name: The tool's.
        arguments: A JSON object, as text.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: Who says it.
        text: What is said; empty where an assistant only calls tools.
        calls: The tools that an assistant calls.
        call_id: The call that a tool's message answers.
    """

    role: str
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None

    @property
    def tokens(self) -> int:
        """What the message costs: OpenAI's rule of thumb puts 3 tokens around each."""
        called = [text for call in self.calls for text in (call.name, call.arguments)]
        return 3 + sum(map(count_tokens, (self.role, self.text, *called)))


@dataclass(frozen=True)
class Prompt:
    """A request that can be answered.

    Attributes:
        model: One of the chat models.
        messages: At least one.
        tools: Which tools there are, and whether they are to be called.
        format: What the answer has to look like.
        limit: Tokens after which an answer is cut off, or ``None``.
        stop: Texts before which an answer ends.
    """

    model: str
    messages: tuple[Message, ...]
    tools: Toolbox = NONE
    format: Format = TEXT
    limit: int | None = None
    stop: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """The last thing the user said; without a user, the last thing anybody said."""
        by_user = [message for message in self.messages if message.role == "user"]
        return (by_user or self.messages)[-1].text

    @property
    def results(self) -> list[tuple[str, str]]:
        """Each tool's name and result, of the tools that have been called for the question."""
        names = {call.id: call.name for message in self.messages for call in message.calls}
        told = [message for message in self._since if message.role == "tool"]
        return [(names.get(message.call_id or "", "a tool"), message.text) for message in told]

    @property
    def is_new(self) -> bool:
        """Whether nobody has answered the question, in words or by calling a tool."""
        return not any(message.role in ("assistant", "tool") for message in self._since)

    @property
    def tokens(self) -> int:
        """What the API would bill for it: 3 for the reply to come, and all that was sent."""
        said = sum(message.tokens for message in self.messages)
        return 3 + said + self.tools.tokens + self.format.tokens

    @cached_property
    def _since(self) -> tuple[Message, ...]:
        """What was said after the user's last message."""
        roles = [message.role for message in self.messages]
        after = len(roles) - roles[::-1].index("user") if "user" in roles else 0
        return self.messages[after:]
