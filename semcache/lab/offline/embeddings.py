"""POST /v1/embeddings: texts to vectors, with the API's limits and the API's refusals."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcache.lab.offline.answers import CHAT_MODELS
from semcache.lab.offline.model import EMBEDDING_MODEL, embed_all
from semcache.lab.offline.refusal import Refusal, missing, unknown_arguments, unknown_model
from semcache.lab.offline.wire import Answer
from semcache.tokens import count_tokens

__all__ = ["create", "texts_of"]

MAX_TEXTS = 2_048
MAX_TOKENS_PER_TEXT = 8_192
MAX_TOKENS = 300_000

KNOWN = frozenset({"dimensions", "encoding_format", "input", "model", "user"})


def create(body: dict[str, Any]) -> Answer:
    """Answer one request: a vector for each text, in order, and the tokens they cost.

    Raises:
        Refusal: The API would not serve this request.
    """
    encode = _check_options(body)
    texts = _check_input(body["input"])
    tokens = _check_tokens(texts, single=isinstance(body["input"], str))
    data = [
        {"object": "embedding", "index": index, "embedding": encode(vector)}
        for index, vector in enumerate(embed_all(texts))
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return Answer(
        {"object": "list", "data": data, "model": EMBEDDING_MODEL, "usage": usage}, tokens
    )


def texts_of(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the texts of a request, also of one that will be refused."""
    given = body.get("input")
    items = given if isinstance(given, list) else [given]
    return tuple(item for item in items if isinstance(item, str))


def _as_floats(vector: NDArray[np.float32]) -> list[float]:
    floats: list[float] = vector.tolist()
    return floats


def _as_base64(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")


ENCODINGS: dict[str, Callable[[NDArray[np.float32]], list[float] | str]] = {
    "float": _as_floats,
    "base64": _as_base64,
}


def _check_options(body: dict[str, Any]) -> Callable[[NDArray[np.float32]], list[float] | str]:
    unknown_arguments(body, KNOWN)
    for param in ("model", "input"):
        if param not in body:
            raise missing(param)
    if body["model"] in CHAT_MODELS:
        raise Refusal(403, "You are not allowed to generate embeddings from this model")
    if body["model"] != EMBEDDING_MODEL:
        raise unknown_model(body["model"])
    if "dimensions" in body:
        raise Refusal(400, "This model does not support specifying dimensions.")
    encoding = body.get("encoding_format", "float")
    if not isinstance(encoding, str) or encoding not in ENCODINGS:
        message = f"Invalid value: '{encoding}'. Supported values are: 'float' and 'base64'."
        raise Refusal(400, message, param="encoding_format", code="invalid_value")
    return ENCODINGS[encoding]


def _check_input(given: object) -> list[str]:
    items = given if isinstance(given, list) else [given]
    if len(items) > MAX_TEXTS:
        raise Refusal(
            400,
            f"Invalid 'input': array too long. Expected an array with maximum length {MAX_TEXTS}, "
            f"but got an array with length {len(items)} instead.",
            param="input",
            code="array_above_max_length",
        )
    if isinstance(given, list) and given and all(map(_is_token_or_tokens, given)):
        # The API takes these; they would need its own vocabulary, which is not this model's.
        message = "The offline API embeds strings only: send the text, not an array of tokens."
        raise Refusal(400, message, param="input")
    texts = [item for item in items if isinstance(item, str) and item]
    if not texts or len(texts) < len(items):
        raise Refusal(
            400,
            "'$.input' is invalid. Please check the API reference: "
            "https://platform.openai.com/docs/api-reference.",
        )
    return texts


def _is_token_or_tokens(item: object) -> bool:
    tokens = item if isinstance(item, list) and item else [item]
    return all(type(token) is int for token in tokens)


def _check_tokens(texts: list[str], *, single: bool) -> int:
    total = 0
    for index, text in enumerate(texts):
        tokens = count_tokens(text)
        if tokens > MAX_TOKENS_PER_TEXT:
            where = "input" if single else f"input[{index}]"
            limit = f"maximum input length is {MAX_TOKENS_PER_TEXT} tokens."
            raise Refusal(400, f"Invalid '{where}': {limit}")
        total += tokens
    if total > MAX_TOKENS:
        message = f"Requested {total} tokens, max {MAX_TOKENS} tokens per request"
        code = "max_tokens_per_request"
        raise Refusal(400, message, type=code, code=code)
    return total
