"""Which tools the offline models call, and with what: rules that fit in a sentence each.

======================= ==========================================================================
``tool_choice``         what is called
======================= ==========================================================================
``"auto"``              every tool of which a word of its name is in the question, once each, if
                        nobody has answered the question yet: ``get_weather`` for "weather"
``"required"``          the same, also when it has been answered; the first if none is mentioned
a named function        that function
``"none"``              nothing
======================= ==========================================================================

``parallel_tool_calls=False`` leaves the first of them. Arguments are filled as ``schema.py`` says.
A chat that calls a named function ends with "stop", another one with "tool_calls"; so does OpenAI.
After the tools' results the answer is a sentence that contains them. Names of tools have Latin
letters, so a question in Chinese mentions none of them unless it has the word: "auto" calls none.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from semcache.lab.offline.schema import fill
from semcache.lab.offline.words import mentions
from semcache.tokens import count_tokens

__all__ = ["NONE", "Tool", "Toolbox"]


@dataclass(frozen=True)
class Tool:
    """A function that the application offers.

    Attributes:
        name: What the model calls it by.
        parameters: The JSON schema of its arguments; empty for none.
        definition: All that was sent about it.
    """

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    definition: dict[str, Any] = field(default_factory=dict)

    def arguments(self, question: str) -> str:
        """Return the arguments for a question, as a JSON object in a text.

        Raises:
            Refusal: The schema asks for what cannot be filled.

        Example:
            >>> city = {"type": "object", "properties": {"city": {"type": "string"}}}
            >>> Tool("get_weather", city | {"required": ["city"]}).arguments("Weather in Rome?")
            '{"city":"Rome"}'
        """
        filled = fill(self.parameters, question) if self.parameters else {}
        return json.dumps(filled, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Toolbox:
    """The tools of a request, and the wishes about them.

    Attributes:
        tools: In the order they were sent.
        choice: ``"auto"``, ``"none"``, ``"required"``, or ``"named"``.
        name: The function that ``"named"`` means.
        parallel: Whether several may be called at once.
    """

    tools: tuple[Tool, ...] = ()
    choice: str = "auto"
    name: str | None = None
    parallel: bool = True

    def called(self, question: str, is_new: bool) -> tuple[Tool, ...]:
        """Return the tools that the model calls.

        Args:
            question: What the user said last.
            is_new: Whether nobody has answered it yet.
        """
        if self.choice == "named":
            return tuple(tool for tool in self.tools if tool.name == self.name)
        if self.choice == "none" or (self.choice == "auto" and not is_new):
            return ()
        meant = tuple(tool for tool in self.tools if mentions(tool.name, question))
        if self.choice == "required":
            meant = meant or self.tools[:1]
        return meant if self.parallel else meant[:1]

    @cached_property
    def tokens(self) -> int:
        """What the definitions cost: how OpenAI writes them is not public; here, as JSON."""
        texts = (json.dumps(tool.definition, ensure_ascii=False) for tool in self.tools)
        return sum(map(count_tokens, texts))


NONE = Toolbox()
