"""The designs that a log is sent through, each as a value, and how one is written in a word."""

import math
import re
from dataclasses import dataclass, replace
from typing import Any

from semcache.answers.options import check_threshold
from semcache.errors import ConfigError
from semcache.expiry import check_ttl

__all__ = ["DAY", "KINDS", "Design", "parse_design", "parse_memory", "parse_ttl"]

DAY = 86_400
KINDS = {
    "none": "every request asks the LLM",
    "exact": "an exact tier alone",
    "semantic": "a lookup by similarity alone (SemanticLLMCache)",
    "hybrid": "both tiers (HybridLLMCache)",
    "guarded": "both tiers, and a verifier",
}
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": DAY}
_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_BYTES = {"": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9}


@dataclass(frozen=True)
class Design:
    """One cache to try.

    Attributes:
        name: What the report calls it.
        kind: One of :data:`KINDS`.
        threshold: Least similarity to serve an answer.
        ttl: Seconds that an answer lives; ``None`` for ever.
        embedding_ttl: The same of an embedding.
        memory: Bytes for answers and embeddings; ``None`` for as many as there are.
        verifier: Asked about candidates above the threshold; for ``guarded``.

    Raises:
        ConfigError: A value that cannot work.
    """

    name: str
    kind: str
    threshold: float = 0.9
    ttl: float | None = 3_600
    embedding_ttl: float | None = DAY
    memory: float | None = None
    verifier: Any = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"there is no design {self.kind!r}; there are: {', '.join(KINDS)}")
        if self.kind == "guarded" and self.verifier is None:
            raise ConfigError("a guarded design needs a verifier: Guard(), or Verifier.load(path)")
        check_threshold(self.threshold)
        check_ttl(self.ttl)
        check_ttl(self.embedding_ttl)
        if self.memory is not None and not 0 < self.memory < math.inf:
            raise ConfigError(f"memory is {self.memory}: give bytes above 0, such as 64mb")

    @property
    def is_exact(self) -> bool:
        """Whether it has an exact tier."""
        return self.kind in ("exact", "hybrid", "guarded")

    @property
    def is_semantic(self) -> bool:
        """Whether it looks by similarity."""
        return self.kind in ("semantic", "hybrid", "guarded")


def parse_design(text: str, given: Design, verifier: Any = None) -> Design:
    """Return the design that a word names: a kind, or ``kind:option=value,option=value``.

    Args:
        text: The word.
        given: What is not said in it.
        verifier: That of ``guarded``.

    Raises:
        ConfigError: There is no such design or option, or the value cannot be used.

    Example:
        >>> one = parse_design("hybrid:ttl=7d,threshold=0.95", Design("", "none"))
        >>> one.name, one.ttl, one.threshold
        ('hybrid:ttl=7d,threshold=0.95', 604800.0, 0.95)
    """
    kind, _, options = text.partition(":")
    design = replace(given, name=text, kind=kind, verifier=verifier if kind == "guarded" else None)
    for option in filter(None, options.split(",")):
        name, _, value = option.partition("=")
        if name not in _READ:
            raise ConfigError(f"{text}: no option {name!r}; there are: {', '.join(_READ)}")
        try:
            design = replace(design, **{name: _READ[name](value)})
        except ValueError as error:
            raise ConfigError(f"{text}: {error}") from None
    return design


def parse_ttl(text: str) -> float | None:
    """Return seconds: ``90``, ``90s``, ``15m``, ``12h``, ``7d``; ``None`` for ``none``.

    Raises:
        ConfigError: It is none of these, or not above 0.

    Example:
        >>> parse_ttl("12h"), parse_ttl("90"), parse_ttl("none")
        (43200.0, 90.0, None)
    """
    if text == "none":
        return None
    found = re.fullmatch(rf"{_NUMBER}([smhd]?)", text, re.ASCII)
    if not found:
        raise ConfigError(f"{text!r} is no TTL: write 3600, 15m, 12h, 7d or none")
    return check_ttl(float(found[1]) * _UNITS[found[2] or "s"])


def parse_memory(text: str) -> float:
    """Return bytes: ``64mb``, ``2gb``, ``500kb``, ``1000000``.

    Raises:
        ConfigError: It is none of these.

    Example:
        >>> parse_memory("1.5mb")
        1500000.0
    """
    found = re.fullmatch(rf"{_NUMBER}\s*([kmg]b|)", text.lower(), re.ASCII)
    if not found:
        raise ConfigError(f"{text!r} is no amount of memory: write 64mb, 2gb or bytes")
    return float(found[1]) * _BYTES[found[2]]


_READ: dict[str, Any] = {
    "threshold": float,
    "ttl": parse_ttl,
    "embedding_ttl": parse_ttl,
    "memory": parse_memory,
}
