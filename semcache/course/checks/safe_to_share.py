"""Checks of lesson 12: what similarity may answer, a rule, a careful deletion, a scope of parts."""

import copy
import itertools
import string
from collections.abc import Callable
from typing import Any

import fakeredis
import numpy as np

from semcache import HybridLLMCache
from semcache.codecs import Vector
from semcache.course.collisions import room, two_alike
from semcache.course.exercises import Exercise
from semcache.lab.offline import OfflineAPI

OBJECTIVES = {
    "12.a": "put the cache under an application, and say of each request whether similarity may "
    "answer it",
    "12.b": "write a rule that keeps questions out of the shared cache",
    "12.c": "delete every answer that was made from a document",
    "12.d": "build a scope that keeps two tenants apart, whatever their names",
}

QUESTIONS = (
    "Which twenty real questions would you show to whoever answers for your data?",
    "What in your prompts differs by customer, and is it in the key?",
)


def _says(role: str, content: Any = "What is a cache?") -> dict[str, Any]:
    return {"role": role, "content": content}


_PICTURE = [{"type": "image_url", "image_url": {"url": "data:,"}}]
_FIND = [{"type": "function", "function": {"name": "find"}}]
_SIMILAR: tuple[dict[str, Any], ...] = (
    {"messages": [_says("user")]},
    {"messages": [_says("system"), _says("user")], "n": 1, "logprobs": False},
    {"messages": [_says("system"), _says("developer"), _says("user")], "temperature": 0},
    {"messages": [_says("user", "  How much is it?\n")], "temperature": 0.7},
    {"messages": [_says("user")], "tools": _FIND},
    {"messages": [_says("user")], "tools": _FIND, "tool_choice": "auto"},
    {"messages": [_says("user")], "stream": True},
    {"messages": [_says("system"), _says("user")], "stream": True, "max_tokens": 5},
    {"messages": [_says("user", "Hi")]},
    {"messages": [_says("user", "价")]},
)
_NOT_SIMILAR: tuple[tuple[str, dict[str, Any]], ...] = (
    ("something was said before", {"messages": [_says("user"), _says("assistant"), _says("user")]}),
    ("a user has said something before", {"messages": [_says("user"), _says("user")]}),
    ("an assistant spoke before, after the system prompt",
     {"messages": [_says("system"), _says("assistant"), _says("user")]}),
    ("a tool spoke before", {"messages": [_says("system"), _says("tool"), _says("user")]}),
    ("the last message is a tool's result", {"messages": [_says("tool")]}),
    ("the last message is the system's", {"messages": [_says("system")]}),
    ("the last message is empty", {"messages": [_says("user", "")]}),
    ("the last message is only white space", {"messages": [_says("user", " \n\t")]}),
    ("the last message is a picture", {"messages": [_says("user", _PICTURE)]}),
    ("the last message has no content", {"messages": [_says("user", None)]}),
    ("two answers are wanted", {"messages": [_says("user")], "n": 2}),
    ("no answer is wanted", {"messages": [_says("user")], "n": 0}),
    ("log probabilities are wanted", {"messages": [_says("user")], "logprobs": True}),
)  # fmt: skip


def _verify_similar(by_similarity: Callable[..., Any]) -> str | None:
    for request in _SIMILAR:
        if not by_similarity(copy.deepcopy(request)):
            roles = [message["role"] for message in request["messages"]]
            asked = request["messages"][-1]["content"]
            more = {k: v for k, v in request.items() if k != "messages"}
            return f"messages of {roles}, {asked!r}, with {more}: similarity may answer that."
    for reason, request in _NOT_SIMILAR:
        if by_similarity(copy.deepcopy(request)):
            return f"by_similarity says yes although {reason}."
    return None


_CUSTOMERS = (
    "TW-204817", "is tw-204817 active?", "Tw-000000.", "(TW-123456)", "客户TW-204817的发票",
    "ids: TW-1234567, TW-123456", "tw-204817 and TW-204818",
)  # fmt: skip
_NO_CUSTOMERS = (
    "", "TW-20481", "TW-2048170", "XTW-204817", "ATW-204817", "TW 204817", "TW204817",
    "TW-20481a", "204817", "TW-12345 6", "the TW- numbers",
)  # fmt: skip


def _verify_customer(names_customer: Callable[..., Any]) -> str | None:
    for text in _CUSTOMERS:
        if not names_customer(text):
            return f"names_customer({text!r}) is not True, and a customer's number stands there."
    for text in _NO_CUSTOMERS:
        if names_customer(text):
            return f"names_customer({text!r}) is not False, and no customer's number stands there."
    return None


class _Numbered:
    """Embeds "7" as the seventh direction: no two of these questions are alike."""

    model = "numbered"

    def get_embedding(self, text: str) -> Vector:
        vector: Vector = np.eye(16, dtype=np.float32)[int(text)]
        return vector


def _filled() -> HybridLLMCache:
    """A cache with three answers of one document and two of another."""
    api = OfflineAPI()
    cache = HybridLLMCache(fakeredis.FakeRedis(), api.client(), embedding_cache=_Numbered())
    for number in range(5):
        tag = "doc:a" if number < 3 else "doc:b"
        tags = [tag, "all", "doc:d"] if number == 4 else [tag, "all"]
        cache.get_or_generate(str(number), model="offline-mini", tags=tags)
    return cache


def _verify_forget(forget: Callable[..., Any]) -> str | None:
    for tag, most, there, gone in (
        ("doc:a", 3, 3, 3), ("doc:a", 2, 3, 0), ("doc:b", 10, 2, 2), ("doc:c", 0, 0, 0),
        ("doc:b", 0, 2, 0), ("all", 4, 5, 0), ("doc:d", 0, 1, 0), ("doc:d", 1, 1, 1),
        ("doc:a", -3, 3, 0),
    ):  # fmt: skip
        cache = _filled()
        said = forget(cache, tag, most)
        left = cache.invalidate("all", dry_run=True)
        where = f"where {there} answers have the tag, forget(cache, {tag!r}, {most})"
        if left != 5 - gone:
            return f"{where} deletes {5 - left} of them."
        if said != gone or isinstance(said, bool):
            return f"{where} returns {said!r}."
    return None


_PARTS = (
    *("a", "b", "a:b", "b:c", "a/b", "a|b", "a=b", "%3A", ":", "::", "a::", "\\", "\\:", '"', ","),
    *("A", " a", "a ", "租户", "é", "e\u0301", "{a}", "1", "11", "['a']", "None", "\n", "_", "a_b"),
    "-",
)


# Joined by one of these, two of its pairs are one text; escaped by a backslash, the last two are.
_SIGNS = (*string.punctuation, *"\x00\x1f\n\t ", "::", "__", "--", "||", ", ", "/=")
_PAIRS = (
    *itertools.product(_PARTS, _PARTS),
    *(pair for s in _SIGNS for pair in ((f"x{s}y", "z"), ("x", f"y{s}z"))),
    *(pair for s in ":/|" for pair in (("x\\", f"{s}y"), (f"x{s}\\", "y"))),
)  # fmt: skip
_BITS = 60  # 16 hexadecimal digits of a hash hold 64


class _InAnotherProcess(str):
    """A text as another process has it: Python salts the hash of a text in each anew."""

    def __hash__(self) -> int:
        return id(self)


def _verify_scope(own_scope: Callable[..., Any]) -> str | None:
    seen: dict[str, tuple[str, str]] = {}
    for pair in _PAIRS:
        scope = own_scope(*pair)
        if not isinstance(scope, str) or not scope:
            return f"own_scope{pair} is {scope!r}, which is no text."
        if seen.get(scope, pair) != pair:
            return f"own_scope{seen[scope]} and own_scope{pair} are the same: {scope!r}."
        seen[scope] = pair
    if any(own_scope(*pair) != scope for scope, pair in seen.items()):
        return "own_scope gives the same tenant and audience another scope the second time."
    if own_scope(_InAnotherProcess("acme"), _InAnotherProcess("eu")) != own_scope("acme", "eu"):
        return "own_scope is another text in another process, as hash() of a text is."
    if alike := two_alike(own_scope):
        one, other = map(_called, alike)
        return f"{one} and {other} are the same: {own_scope(*alike[0])!r:.90}."
    if (bits := room(own_scope)) < _BITS:
        return (
            f"of many random names some share a scope: it has room for about 2^{bits} of them, and "
            f"two among {2 ** (bits // 2):,} meet by chance."
        )
    return None


def _called(names: tuple[str, str]) -> str:
    shown = (
        repr(name) if len(name) < 40 else f"{name[:9]!r}... of {len(name)} characters"
        for name in names
    )
    return f"own_scope({', '.join(shown)})"


EXERCISES = (
    Exercise(
        id="12.1",
        objectives=("12.a",),
        name="by_similarity",
        hint="request['messages'] is a list of dicts; [-1] is the last and [:-1] are those before "
        "it. request.get('n', 1) is 1 where nothing is given.",
        solution="""
def by_similarity(request):
    *before, last = request["messages"]
    if last["role"] != "user" or not isinstance(last["content"], str):
        return False
    if any(message["role"] not in ("system", "developer") for message in before):
        return False
    one_text = request.get("n", 1) == 1 and not request.get("logprobs")
    return one_text and last["content"].strip() != ""
""",
        wrong=(
            """
def by_similarity(request):
    return request["messages"][-1]["role"] == "user"
""",
            """
def by_similarity(request):
    return len(request["messages"]) == 1 and bool(request["messages"][0]["content"])
""",
            """
def by_similarity(request):
    roles = [message["role"] for message in request["messages"]]
    return roles.count("user") == 1 and roles[-1] == "user" and request.get("n", 1) == 1
""",
            """
def by_similarity(request):
    last = request["messages"].pop()
    if last["role"] != "user" or not isinstance(last["content"], str):
        return False
    if any(message["role"] not in ("system", "developer") for message in request["messages"]):
        return False
    one_text = request.get("n", 1) == 1 and not request.get("logprobs")
    return one_text and bool(last["content"].strip())
""",
            """
def by_similarity(request):
    *before, last = request["messages"]
    if any(message["role"] not in ("system", "developer") for message in before):
        return False
    return last["role"] == "user" and bool(last["content"]) and request.get("n", 1) == 1
""",
            """
def by_similarity(request):
    *before, last = request["messages"]
    if last["role"] != "user" or not isinstance(last["content"], str):
        return False
    if any(message["role"] not in ("system", "developer") for message in before):
        return False
    one_text = request.get("n", 1) == 1 and not request.get("logprobs")
    return one_text and last["content"].strip() != "" and not request.get("stream")
""",
            """
def by_similarity(request):
    *before, last = request["messages"]
    if last["role"] != "user" or not isinstance(last["content"], str):
        return False
    if any(message["role"] not in ("system", "developer") for message in before):
        return False
    one_text = request.get("n", 1) == 1 and not request.get("logprobs")
    return one_text and last["content"].strip() != "" and "tool_choice" not in request
""",
            """
def by_similarity(request):
    *before, last = request["messages"]
    if last["role"] != "user" or not isinstance(last["content"], str):
        return False
    if any(message["role"] not in ("system", "developer") for message in before):
        return False
    one_text = request.get("n", 1) == 1 and not request.get("logprobs")
    return one_text and len(last["content"].strip()) > 3
""",
        ),
        verify=_verify_similar,
    ),
    Exercise(
        id="12.2",
        objectives=("12.b",),
        name="names_customer",
        hint=r"re.search with re.IGNORECASE and re.ASCII; \d{6} is six digits, (?!\d) says that "
        r"no digit follows and (?<![a-z]) that no letter stands before.",
        solution=r"""
import re

def names_customer(text):
    return bool(re.search(r"(?<![A-Z0-9])TW-\d{6}(?![A-Z0-9])", text, re.IGNORECASE | re.ASCII))
""",
        wrong=(
            """
def names_customer(text):
    return "TW-" in text.upper()
""",
            r"""
import re

def names_customer(text):
    return bool(re.search(r"TW-\d{6}", text, re.IGNORECASE))
""",
            r"""
import re

def names_customer(text):
    return bool(re.search(r"\bTW-\d{6}\b", text))
""",
            r"""
import re

def names_customer(text):
    return bool(re.fullmatch(r"TW-\d{6}", text, re.IGNORECASE))
""",
        ),
        verify=_verify_customer,
    ),
    Exercise(
        id="12.3",
        objectives=("12.c",),
        name="forget",
        hint="invalidate(tag, dry_run=True) returns how many would go, and changes nothing.",
        solution="""
def forget(cache, tag, most):
    if cache.invalidate(tag, dry_run=True) > most:
        return 0
    return cache.invalidate(tag)
""",
        wrong=(
            """
def forget(cache, tag, most):
    return cache.invalidate(tag)
""",
            """
def forget(cache, tag, most):
    if cache.invalidate(tag, dry_run=True) >= most:
        return 0
    return cache.invalidate(tag)
""",
            """
def forget(cache, tag, most):
    return min(most, cache.invalidate(tag, dry_run=True))
""",
            """
def forget(cache, tag, most):
    if cache.invalidate(tag, dry_run=True) <= max(most, 1):
        return cache.invalidate(tag)
    return 0
""",
            """
def forget(cache, tag, most):
    if cache.invalidate(tag, dry_run=True) > abs(most):
        return 0
    return cache.invalidate(tag)
""",
            """
def forget(cache, tag, most):
    if cache.invalidate(tag, dry_run=True) <= most:
        return cache.clear_cache()
    return 0
""",
        ),
        verify=_verify_forget,
    ),
    Exercise(
        id="12.4",
        objectives=("12.d",),
        name="own_scope",
        hint="Either no separator may occur within a part (quote it), or the text says where a "
        "part ends. json.dumps of a list does the latter.",
        solution="""
from urllib.parse import quote

def own_scope(tenant, audience):
    return f"{quote(tenant, safe='')}:{quote(audience, safe='')}"
""",
        wrong=(
            """
def own_scope(tenant, audience):
    return f"{tenant}/{audience}"
""",
            """
from urllib.parse import quote

def own_scope(tenant, audience):
    return f"{quote(tenant)}/{quote(audience)}"
""",
            """
def own_scope(tenant, audience):
    return tenant.replace(":", r"\\:") + ":" + audience.replace(":", r"\\:")
""",
            """
def own_scope(tenant, audience):
    return f"{tenant}:{audience}"
""",
            """
def own_scope(tenant, audience):
    return f"{tenant}/{audience}".lower()
""",
            """
def own_scope(tenant, audience):
    return f"{tenant.replace(':', '_')}:{audience}"
""",
            """
import hashlib

def own_scope(tenant, audience):
    return hashlib.sha256((tenant + audience).encode()).hexdigest()
""",
            """
def own_scope(tenant, audience):
    return str(hash((tenant, audience)))
""",
            """
def own_scope(tenant, audience):
    return f"'{tenant}','{audience}'"
""",
            """
def own_scope(tenant, audience):
    return f"{len(tenant)}{tenant}{audience}"
""",
            """
def own_scope(tenant, audience):
    return f"{len(tenant)}:{tenant.strip()}:{audience.strip()}"
""",
            """
def own_scope(tenant, audience):
    return f"{tenant}:{len(tenant)}:{audience}"
""",
            """
def own_scope(tenant, audience):
    return f"{len(tenant)}{len(audience)}{tenant}{audience}"
""",
            """
def own_scope(tenant, audience):
    return f"{tenant}{audience}{len(tenant)}"
""",
            """
def own_scope(tenant, audience):
    return f"{tenant}{len(tenant)}{audience}{len(audience)}"
""",
            """
def own_scope(tenant, audience):
    return f"{len(tenant) % 10}:{tenant}{audience}"
""",
            """
def own_scope(tenant, audience):
    return f"{len(tenant):02}{tenant}{audience}"
""",
            """
def own_scope(tenant, audience):
    return tenant.replace(":", "&#58;") + ":" + audience.replace(":", "&#58;")
""",
            """
import json

def own_scope(tenant, audience):
    return json.dumps([tenant[:20], audience[:20]])
""",
            """
import json

def own_scope(tenant, audience):
    return json.dumps([tenant[:64], audience[:64]])
""",
            """
import json

def own_scope(tenant, audience):
    return json.dumps([tenant, audience])[:100]
""",
            """
def own_scope(tenant, audience):
    return repr((tenant, audience)).encode("latin1", "replace").decode("latin1")
""",
            """
import json
import zlib

def own_scope(tenant, audience):
    return f"{zlib.crc32(json.dumps([tenant, audience]).encode()):08x}"
""",
            """
import hashlib
import json

def own_scope(tenant, audience):
    return hashlib.sha256(json.dumps([tenant, audience]).encode()).hexdigest()[:6]
""",
            """
import hashlib

def own_scope(tenant, audience):
    return hashlib.sha256(f"{tenant}:{len(tenant)}:{audience}".encode()).hexdigest()
""",
            """
import html

def own_scope(tenant, audience):
    return f"{html.escape(tenant)}&{html.escape(audience)}"
""",
        ),
        verify=_verify_scope,
    ),
)
