"""Tools, forms and requests that the tests of the chat models' two endpoints share."""

import asyncio
from typing import Any

from pydantic import BaseModel

from semcache.lab.offline import OfflineAPI

MINI = "offline-mini"
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city now.",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city"],
    },
}
TIME = {
    "name": "get_time",
    "parameters": {
        "type": "object",
        "properties": {"zone": {"type": "string"}},
        "required": ["zone"],
    },
}
QUESTION = "What is the weather in New York?"


class Answer(BaseModel):
    """A form to fill in."""

    answer: str
    sources: list[str]
    confidence: float


def chat_tools(*functions: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "function", "function": function} for function in functions]


def flat_tools(*functions: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "function", **function} for function in functions]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def both(method: str, **request: Any) -> Any:
    """Send a request through the blocking and through the asynchronous client: the same came."""

    def of(client: Any) -> Any:
        for name in method.split("."):
            client = getattr(client, name)
        return client(**request)

    api = OfflineAPI()
    reply = of(api.client())
    assert asyncio.run(of(api.async_client())) == reply
    return reply
