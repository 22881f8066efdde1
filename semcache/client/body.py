"""The body of a request: read, and written anew without what is ours."""

import json
from typing import Any

import httpx2

from semcache.client.endpoint import Body
from semcache.client.wish import NAME

__all__ = ["read_body", "with_body"]

_OURS = json.dumps(NAME).encode()


def read_body(
    request: httpx2.Request, paths: tuple[str, ...]
) -> tuple[httpx2.Request, dict[str, Any] | None, Any]:
    """Return what is sent on, its body, and what it wants of the cache.

    Wishes are taken out of every request: a framework adds them to all that it sends.

    Args:
        request: A request.
        paths: How the paths end whose bodies are wanted. The body of another request is ``None``,
            unless it holds wishes, and so is what is no JSON object.
    """
    try:
        content = request.content if request.method == "POST" else b""
    except httpx2.RequestNotRead:
        return request, None, None
    if not request.url.path.endswith(paths) and _OURS not in content:
        return request, None, None
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return request, None, None
    if not isinstance(body, dict):
        return request, None, None
    if NAME not in body:
        return request, body, None
    asked = body.pop(NAME)
    return with_body(request, body), body, asked


def with_body(request: httpx2.Request, body: Body) -> httpx2.Request:
    """Return the same request with another body."""
    try:
        content = json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a character, which came as an escape
        content = json.dumps(body).encode()
    headers = [(k, v) for k, v in request.headers.raw if k.lower() != b"content-length"]
    return httpx2.Request(
        request.method, request.url, headers=headers, content=content, extensions=request.extensions
    )
