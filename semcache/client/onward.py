"""The port to what lies behind the cache: the HTTP client that the application had before."""

from collections.abc import AsyncGenerator
from typing import Any, Protocol

import httpx2

__all__ = ["BlockingOnward", "LoopOnward", "Onward"]


class Onward(Protocol):
    """Sends requests on; every method may raise ``httpx2.TransportError``."""

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and return the response as soon as its head is there."""

    async def body(self, response: httpx2.Response) -> bytes:
        """Read a response to its end, and close it."""

    def chunks(self, response: httpx2.Response) -> AsyncGenerator[bytes, None]:
        """Yield the body of a response as it comes, unpacked."""

    async def close(self, response: httpx2.Response) -> None:
        """Close a response."""


class BlockingOnward:
    """An ``httpx2.Client``."""

    def __init__(self, client: Any) -> None:
        self._client: httpx2.Client = client

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request."""
        return self._client.send(request, stream=True)

    async def body(self, response: httpx2.Response) -> bytes:
        """Read a response to its end."""
        return response.read()

    async def chunks(self, response: httpx2.Response) -> AsyncGenerator[bytes, None]:
        """Yield the body of a response."""
        for chunk in response.iter_bytes():
            yield chunk

    async def close(self, response: httpx2.Response) -> None:
        """Close a response."""
        response.close()


class LoopOnward:
    """An ``httpx2.AsyncClient``."""

    def __init__(self, client: Any) -> None:
        self._client: httpx2.AsyncClient = client

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request."""
        return await self._client.send(request, stream=True)

    async def body(self, response: httpx2.Response) -> bytes:
        """Read a response to its end."""
        return await response.aread()

    async def chunks(self, response: httpx2.Response) -> AsyncGenerator[bytes, None]:
        """Yield the body of a response."""
        async for chunk in response.aiter_bytes():
            yield chunk

    async def close(self, response: httpx2.Response) -> None:
        """Close a response."""
        await response.aclose()
