"""Keys: two different requests never share one, and no part can break out of its place."""

import base64
import hashlib
import re
from fnmatch import fnmatchcase
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from semcache import keys

NASTY = ["", ":", "::", "%", "%3A", "%253A", "{", "}", "{}", "}:{", "*", "?", "[a]", "\\", "/"]
NASTY += ["a", "b", "a:b", "a:", ":b", "full", "384", "客服", "é", "e\u0301", " ", "\n", "\0", "+"]
parts = st.sampled_from(NASTY) | st.text(max_size=8) | st.text(alphabet=":%{}3Aab", max_size=6)
texts = st.text(min_size=1, max_size=8) | st.sampled_from([t for t in NASTY if t])
requests = st.tuples(parts, parts, st.lists(parts, max_size=4).map(tuple), texts)


def key(request: tuple[str, str, tuple[str, ...], str]) -> str:
    scope, kind, rest, text = request
    return keys.namespace(scope, kind, *rest) + keys.digest(text)


@given(one=requests, two=requests)
def test_two_different_requests_never_share_a_key(one, two):
    assert (key(one) == key(two)) == (one == two)


@given(pieces=st.lists(parts, min_size=3, max_size=5), joint=st.sampled_from([":", "}:", ":{"]))
def test_where_one_part_ends_and_the_next_begins_is_part_of_the_key(pieces, joint):
    """("a", "b:c") and ("a:b", "c") read the same once they are joined."""
    splits = {(joint.join(pieces[:at]), joint.join(pieces[at:])) for at in range(1, len(pieces))}
    for make in (keys.namespace, lambda one, two: keys.namespace("app", "string", one, two)):
        assert len({make(*split) for split in splits}) == len(splits)


def test_no_two_of_all_nasty_parts_share_a_namespace():
    named = [keys.namespace(scope, kind, part) for scope, kind, part in product(NASTY, repeat=3)]
    named += [keys.namespace(scope, kind) for scope, kind in product(NASTY, repeat=2)]
    named += [keys.namespace("a", *four) for four in product(NASTY[:9], repeat=4)]
    assert len(set(named)) == len(named)


def test_no_text_shares_its_digest_with_another():
    texts = [a + b for a, b in product(NASTY, repeat=2)]
    assert len({keys.digest(text) for text in texts}) == len(set(texts))


@given(request=requests)
def test_a_key_is_plain_ascii_without_wildcards(request):
    made = key(request)
    assert re.fullmatch(r"semcache:1:\{[\w.~%-]*\}:([\w.~%-]*:)+[\w-]{32}", made, re.ASCII)


@given(one=requests, two=requests)
def test_a_scan_for_one_namespace_never_matches_a_key_of_another(one, two):
    ours, theirs = keys.namespace(one[0], one[1], *one[2]), key(two)
    same_start = one[:2] == two[:2] and one[2] == two[2][: len(one[2])]
    assert fnmatchcase(theirs, ours + "*") == theirs.startswith(ours) == same_start


@given(one=parts, two=parts)
def test_no_scope_is_the_beginning_of_another(one, two):
    starts = keys.scope_prefix(one).startswith(keys.scope_prefix(two))
    assert starts == (one == two)


@given(scope=parts, kind=parts)
def test_a_cluster_keeps_a_scope_on_one_node(scope, kind):
    """Redis hashes what is between the first { and the next }."""
    made = keys.namespace(scope, kind, "m}", "{x}")
    tag = made[made.index("{") + 1 : made.index("}")]
    assert made.startswith(keys.scope_prefix(scope)) and keys.scope_prefix(scope).count("{") == 1
    assert "{" + tag + "}" in keys.scope_prefix(scope)


def test_a_digest_is_192_bits_of_blake2b_of_the_text_as_it_is():
    for text in ("What is Python?", "Python是什么？", "\0", "é", "e\u0301"):
        made = keys.digest(text)
        assert len(made) == 32 and made.isascii() and ":" not in made
        raw = hashlib.blake2b(text.encode("utf-8"), digest_size=24).hexdigest()
        assert int(raw, 16).to_bytes(24, "big") == base64.urlsafe_b64decode(made)


def test_keys_of_this_version_stay_as_they_are():
    """A change here makes every stored entry unreachable: raise FORMAT_VERSION with it."""
    assert keys.namespace("tenant:7", "hash", "m/1", 384, "int8") == (
        "semcache:1:{tenant%3A7}:hash:m%2F1:384:int8:"
    )
    assert keys.digest("What is Python?") == "oPCDyay-CbnxzbvjyTarkqddO6H-Bf3W"
