"""What gives a pair a score: similarity alone, the guard, and the peers that are installed."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import NamedTuple

from semcache.guard import Guard, Row

__all__ = ["PEERS", "Judge", "judges"]

Score = Callable[[Row], float]
_REFUSED = 2.0  # a peer that only says no: refused pairs rank below all others, by similarity


class Judge(NamedTuple):
    """A way to score pairs; ``missing`` says why there is none."""

    name: str
    score: Score | None
    missing: str = ""


def judges() -> list[Judge]:
    """Return similarity, the guard with its defaults, and each peer at its own defaults."""
    guard = Guard()
    return [
        Judge("similarity", lambda row: row.similarity),
        Judge("Guard", lambda row: guard.score(row.cached, row.asked, row.similarity)),
        *(_peer(name, build) for name, build in PEERS.items()),
    ]


def _peer(name: str, build: Callable[[], Callable[[Row], bool]]) -> Judge:
    try:
        allows = build()
    except ImportError as error:
        return Judge(name, None, f"not installed ({error})")
    return Judge(
        f"{name} {version(name)}",
        lambda row: row.similarity - (0.0 if allows(row) else _REFUSED),
    )


def _recalq() -> Callable[[Row], bool]:
    is_safe = import_module("recalq_guard").is_safe_match
    return lambda row: bool(is_safe(row.asked, row.cached))


def _semanticmemo() -> Callable[[Row], bool]:
    # Its last gate, which reads the texts. The two before it are models of its own embeddings.
    detector = import_module("semanticmemo.entity_change_detection").EntityChangeDetector()
    return lambda row: not detector.detect(row.asked, row.cached).entity_changed


PEERS: dict[str, Callable[[], Callable[[Row], bool]]] = {
    "recalq-guard": _recalq,
    "semanticmemo": _semanticmemo,
}
