"""The responses that were stored, so that a conversation can go on from each."""

from semcache.lab.offline.prompt import Message
from semcache.lab.offline.refusal import Refusal

__all__ = ["Conversations"]

Messages = tuple[Message, ...]


class Conversations:
    """What ``POST /v1/responses`` keeps with ``store``: all that was said up to each response.

    Example:
        >>> conversations = Conversations()
        >>> conversations.keep("resp_1", (Message("user", "Hello"),))
        >>> [message.text for message in conversations.until("resp_1")]
        ['Hello']
    """

    def __init__(self) -> None:
        self._said: dict[str, Messages] = {}

    def keep(self, id: str, messages: Messages) -> None:
        """Store a conversation under its last response."""
        self._said[id] = messages

    def until(self, id: str) -> Messages:
        """Return what was said up to a response, and with it.

        Raises:
            Refusal: No such response was stored.
        """
        if id not in self._said:
            raise Refusal(
                400,  # not 404, which is for the path of a response
                f"Previous response with id '{id}' not found.",
                param="previous_response_id",
                code="previous_response_not_found",
            )
        return self._said[id]

    def clear(self) -> None:
        """Forget them all."""
        self._said.clear()
