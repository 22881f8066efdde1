"""From an HTTP request to the endpoint that answers it."""

import json
from dataclasses import dataclass
from typing import Any

import httpx2

from semcache.lab.offline import (
    chat,
    chat_request,
    embeddings,
    response_request,
    responses,
)
from semcache.lab.offline.answers import CHAT_MODELS
from semcache.lab.offline.conversations import Conversations
from semcache.lab.offline.model import EMBEDDING_MODEL
from semcache.lab.offline.refusal import Refusal
from semcache.lab.offline.wire import Answer

__all__ = ["Incoming"]


@dataclass(frozen=True)
class Incoming:
    """A request as it arrived, readable also when it cannot be served.

    Attributes:
        method: ``"GET"`` or ``"POST"``.
        path: For example ``"/v1/embeddings"``.
        body: The JSON object that was sent; ``None`` if it was not one.
    """

    method: str
    path: str
    body: dict[str, Any] | None

    @classmethod
    def of(cls, request: httpx2.Request) -> "Incoming":
        """Read an HTTP request."""
        return cls(request.method, request.url.path, _json_object(request.content))

    @property
    def endpoint(self) -> str:
        """The path after ``/v1/``, such as ``"chat/completions"``."""
        return self.path.rpartition("/v1/")[2].strip("/")

    @property
    def model(self) -> str | None:
        """The model that was asked for, if one was named."""
        model = (self.body or {}).get("model")
        return model if isinstance(model, str) else None

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that were sent: embedding inputs, or what the messages say."""
        readers = {
            "embeddings": embeddings.texts_of,
            "chat/completions": chat_request.texts_of,
            "responses": response_request.texts_of,
        }
        reader = readers.get(self.endpoint)
        return reader(self.body or {}) if reader else ()

    def answer(self, conversations: Conversations) -> Answer:
        """Let the endpoint answer.

        Args:
            conversations: Where a response is stored, and another goes on from.

        Raises:
            Refusal: There is no such endpoint, or it does not serve this request.
        """
        match self.method, self.path:
            case "GET", "/v1/models":
                return _models()
            case "POST", "/v1/embeddings":
                return embeddings.create(self._object())
            case "POST", "/v1/chat/completions":
                return chat.create(self._object())
            case "POST", "/v1/responses":
                return responses.create(self._object(), conversations)
        raise Refusal(404, f"Invalid URL ({self.method} {self.path})")

    def _object(self) -> dict[str, Any]:
        if self.body is None:
            raise Refusal(
                400,
                "We could not parse the JSON body of your request. (HINT: This likely means you "
                "aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, "
                "but what was sent was not valid JSON.)",
            )
        return self.body


def _json_object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object in ``content``, without its nulls, which mean "not given"."""
    try:
        body = json.loads(content)
        if b"\\u" in content:  # an escape may hide half a character, which no text can contain
            json.dumps(body, ensure_ascii=False).encode()
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    return {name: value for name, value in body.items() if value is not None}


def _models() -> Answer:
    data = [
        {"id": model, "object": "model", "created": chat.CREATED, "owned_by": "semcache"}
        for model in (EMBEDDING_MODEL, *CHAT_MODELS)
    ]
    return Answer({"object": "list", "data": data}, tokens=0)
