"""A reply that comes in one piece, though a stream was asked for."""

import json
from typing import Any

from openai.types.chat import ChatCompletion

__all__ = ["is_json", "whole_of"]


def is_json(stream: Any) -> bool:
    """Whether what stands behind a client's stream calls itself JSON."""
    headers = getattr(getattr(stream, "response", None), "headers", None) or {}
    return "json" in headers.get("content-type", "")


def whole_of(body: bytes) -> ChatCompletion | None:
    """Return the reply that a body is; ``None`` if it is none, but perhaps a stream in disguise.

    Example:
        >>> whole_of(b'{"choices": [{"message": {"content": "42."}}]}').choices[0].message.content
        '42.'
        >>> whole_of(b'data: {"choices": []}') is None
        True
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return ChatCompletion.construct(**payload) if isinstance(payload, dict) else None
