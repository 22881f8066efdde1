"""An application with a cached client, blocking or asynchronous: the same calls on both faces."""

import json
from typing import Any

import fakeredis
from faces import asynchronous, wait
from fakes import Clock
from semantic_bench import Body, ChatAPI, Drawn

import semcache

FACES = ["blocking", "async"]


class Answer:
    """A reply as an application sees it: its headers, and the object that the client made."""

    def __init__(self, raw: Any) -> None:
        self.headers, self.reply = raw.headers, raw.parse()

    @property
    def way(self) -> str | None:
        return self.headers.get("x-semcache")

    @property
    def text(self) -> str | None:
        return self.reply.choices[0].message.content


class App:
    """An application over one cached client.

    ``api`` is a :class:`ChatAPI` or the offline API; ``client`` gets the cached client.
    """

    def __init__(self, face: str, api: Any = None, redis: Any = None, **options: Any) -> None:
        self.is_async, self.api = face == "async", api or ChatAPI()
        self.clock = options.setdefault("clock", Clock())
        self.redis = redis or fakeredis.FakeRedis(
            server=fakeredis.FakeServer(server_type="redis", version=(8, 2))
        )
        bare = self.api.client()
        if isinstance(self.api, ChatAPI):
            options.setdefault("embedding_cache", Drawn())
        clients = bare, self.redis
        if self.is_async:
            options |= {
                name: AsyncDrawn(value) for name, value in options.items() if type(value) is Drawn
            }
            clients = asynchronous(bare), asynchronous(self.redis)

        async def make() -> Any:
            return semcache.cached(*clients, **options)

        self.client = wait(make()) if self.is_async else semcache.cached(*clients, **options)
        self.cache = semcache.cache_of(self.client)

    def run(self, made: Any) -> Any:
        """Return what a call gave; on the asynchronous face it is awaited."""
        return wait(made) if self.is_async else made

    def ask(self, *said: str | Body, **arguments: Any) -> Answer:
        given = {"model": "any", "messages": messages(*said), **arguments}
        return Answer(self.run(self.client.chat.completions.with_raw_response.create(**given)))

    def stream(self, *said: str | Body, **arguments: Any) -> list[Any]:
        given = {"model": "any", "messages": messages(*said), "stream": True, **arguments}
        return self.drain(self.run(self.client.chat.completions.create(**given)))

    def drain(self, chunks: Any) -> list[Any]:
        return wait(_all(chunks)) if self.is_async else list(chunks)

    def embed(self, texts: Any, **arguments: Any) -> Any:
        given = {"model": "multilingual-e5-small", "input": texts, **arguments}
        return Answer(self.run(self.client.embeddings.with_raw_response.create(**given)))

    def tell(self, name: str, *args: Any, **options: Any) -> Any:
        """Call a method of the cache."""
        return self.run(getattr(self.cache, name)(*args, **options))

    @property
    def calls(self) -> int:
        """Requests that have reached the LLM."""
        if isinstance(self.api, ChatAPI):
            return len(self.api.requests)
        return self.api.call_count("chat/completions") + self.api.call_count("responses")


class AsyncDrawn(Drawn):
    """The same vectors, awaited."""

    def __init__(self, drawn: Drawn) -> None:
        super().__init__(drawn.vectors)

    async def get_embedding(self, text: str) -> Any:
        return super().get_embedding(text)


async def _all(stream: Any) -> list[Any]:
    return [one async for one in stream]


def messages(*said: str | Body) -> list[Body]:
    """Texts of a user, or messages as they are."""
    return [{"role": "user", "content": one} if isinstance(one, str) else one for one in said]


def text_of(chunks: list[Any]) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def call(name: str = "get_weather", **arguments: Any) -> Body:
    """A message of an assistant that calls a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    return {"role": "assistant", "content": None, "tool_calls": calls}


__all__ = ["FACES", "Answer", "App", "call", "messages", "text_of"]
