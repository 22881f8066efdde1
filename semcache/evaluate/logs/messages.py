"""The question in a conversation: the last message of the user, if nothing was said before it.

An answer by similarity depends on the question alone. So a request is left out if there is an
earlier turn, a tool's result, an image, a file or sound: the same words would want another answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from semcache.errors import InvalidInput
from semcache.evaluate.logs.entry import LeftOut

__all__ = ["EMPTY", "question_of", "text_of"]

EMPTY = "no text in the last message of the user"
_TURNS = "an earlier turn, on which the answer may depend"
_TOOLS = "a call of a tool, or its result"
_MEDIA = "an image, a file or sound"
_ROLES = {"human": "user", "ai": "assistant", "function": "tool", "developer": "system"}
_TEXTS = ("text", "input_text", "output_text")
_RESULTS = ("tool_result", "tool_use", "function_call_output", "function_call")


def question_of(messages: object) -> tuple[str, str]:
    """Return the question of a conversation, and the answer if the conversation goes on to it.

    Args:
        messages: Dictionaries with ``role`` and ``content``, as OpenAI has them, or with ``type``
            and ``content`` or ``kwargs``, as LangChain writes them.

    Raises:
        LeftOut: No cache could answer it by similarity.
        InvalidInput: These are no messages.

    Example:
        >>> question_of([{"role": "system", "content": "Be brief."},
        ...              {"role": "user", "content": [{"type": "text", "text": "Refund?"}]},
        ...              {"role": "assistant", "content": "In the app."}])
        ('Refund?', 'In the app.')
    """
    if isinstance(messages, list) and len(messages) == 1 and isinstance(messages[0], list):
        messages = messages[0]  # a batch of one
    if not isinstance(messages, list) or not messages:
        raise InvalidInput("messages are not a list of at least one")
    turns = [turn for turn in map(_turn, messages) if turn[0] != "system"]
    answers = []
    while turns and turns[-1][0] == "assistant":
        answers.append(turns.pop())
    if not turns or not any(role == "user" for role, _ in turns):
        raise LeftOut("no message of the user")
    if turns[-1][0] != "user" or any(_has_tools(turn[1]) for turn in answers):
        raise LeftOut(_TOOLS)
    question = _question(turns[-1][1].get("content"))
    if any(role == "tool" or _has_tools(message) for role, message in turns):
        raise LeftOut(_TOOLS)
    if len(turns) > 1 or len(answers) > 1:
        raise LeftOut(_TURNS)
    return question, text_of(answers[0][1].get("content")) if answers else ""


def text_of(content: object) -> str:
    """Return the text of a message's content, a text or a list of parts; blank if there is none.

    Example:
        >>> text_of([{"type": "text", "text": "Hi"}, {"type": "image_url"}]), text_of(None)
        ('Hi', '')
    """
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, Sequence) else []
    texts = [part if isinstance(part, str) else _part_text(part) for part in parts]
    return "\n".join(filter(None, texts))


def _question(content: object) -> str:
    kinds = _kinds(content)
    if kinds.intersection(_RESULTS):
        raise LeftOut(_TOOLS)
    if kinds.difference(_TEXTS):
        raise LeftOut(_MEDIA)
    text = text_of(content)
    if not text.strip():
        raise LeftOut(EMPTY)
    return text


def _kinds(content: object) -> set[str]:
    parts = content if isinstance(content, list) else []
    return {str(part.get("type", "text")) for part in parts if isinstance(part, Mapping)}


def _part_text(part: object) -> str:
    if not isinstance(part, Mapping) or part.get("type", "text") not in _TEXTS:
        return ""
    text = part.get("text")
    return text if isinstance(text, str) else ""


def _turn(message: object) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(message, Mapping):
        raise InvalidInput("a message is no object with role and content")
    kept = message.get("kwargs", message.get("data"))
    inner = kept if isinstance(kept, Mapping) else message
    role = str(message.get("role") or inner.get("role") or inner.get("type") or "")
    if kept is not None and (not role or role == "constructor"):
        role = _class(message)
    if role in ("", "constructor"):
        raise InvalidInput("a message has no role")
    if role in _RESULTS:
        role = "tool"
    return _ROLES.get(role, role), inner


def _class(message: Mapping[str, Any]) -> str:
    """The role in LangChain's name of a class: HumanMessage, AIMessageChunk."""
    names = message.get("id")
    name = str(names[-1]) if isinstance(names, list) and names else str(message.get("type", ""))
    return name.partition("Message")[0].lower()


def _has_tools(message: Mapping[str, Any]) -> bool:
    kept = message.get("additional_kwargs")
    extra = kept if isinstance(kept, Mapping) else {}
    names = ("tool_calls", "function_call")
    called = any(message.get(name) or extra.get(name) for name in names)
    return called or bool(_kinds(message.get("content")).intersection(_RESULTS))
