"""The arguments of ``python -m semcache replay``."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from semcache.errors import ConfigError
from semcache.evaluate.arguments import PICTURES
from semcache.replay.designs import KINDS, Design, parse_memory, parse_ttl

__all__ = ["add_arguments", "check", "given_design", "typed"]

_DESIGNS = ("none", "exact", "semantic", "hybrid", "guarded")

_THRESHOLD = 0.9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``replay`` to its parser."""
    add = parser.add_argument
    add("log", type=Path, help="what pairs reads: text, and if there answer, label, time, tenant")
    kinds = "; ".join(f"{kind}: {what}" for kind, what in KINDS.items())
    add(
        "--design",
        nargs="+",
        default=list(_DESIGNS),
        metavar="NAME",
        help=f"{kinds}. Options of its own: hybrid:ttl=7d,threshold=0.95,memory=64mb (default: "
        "all of them)",
    )
    _add_rules(parser)
    _add_money(parser)
    add("--wait-llm", type=float, default=1.0, metavar="S", help="of a call (default: %(default)s)")
    add("--wait-embed", type=float, default=0.1, metavar="S", help="(default: %(default)s)")
    add(
        "--wait-redis", type=float, default=0.001, metavar="S", help="a trip (default: %(default)s)"
    )
    add(
        "--warm",
        type=float,
        default=0.0,
        metavar="DAYS",
        help="the first days fill the caches, and are not counted (default: cold)",
    )
    add(
        "--vectors",
        type=Path,
        metavar="FILE",
        help=".npy: a row for each of the log; .npz: texts and vectors (default: each distinct "
        "text is embedded through EmbeddingCache; with REDIS_URL a second replay is free)",
    )
    add("--out", type=Path, metavar="JSON", help="where all figures go (default: beside LOG)")
    add("--figure", type=Path, metavar="PATH", help="(default: beside LOG, .replay.png)")
    parser.epilog = (
        "Exit code 0: done. 2: the log, a value or an option cannot be used; the reason is on "
        "stderr, with file and line. 1: Redis or the API failed."
    )


def _add_rules(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--threshold",
        type=float,
        metavar="COSINE",
        help=f"least similarity (default: {_THRESHOLD:g}; of guarded what its verifier says)",
    )
    add("--ttl", type=typed(parse_ttl), default="1h", help="of answers (default: %(default)s)")
    add("--embedding-ttl", type=typed(parse_ttl), default="1d", help="(default: %(default)s)")
    add(
        "--memory",
        type=typed(parse_memory),
        metavar="SIZE",
        help="for answers and embeddings, such as 64mb; the least recently used go (default: no "
        "limit)",
    )
    add("--verifier", default="guard", metavar="guard|FILE", help="of guarded (default: guard)")
    add(
        "--rules",
        choices=["none", "default"],
        default="none",
        help="of admission, as the client of lesson 12 has them by default (default: %(default)s)",
    )
    add("--fold-case", action="store_true", help="capitals do not count in the exact tier")
    add("--fold-spaces", action="store_true", help="several spaces are one there")
    add(
        "--apart",
        nargs="*",
        default=["tenant"],
        choices=["tenant", "language"],
        help="columns whose values do not share answers (default: tenant)",
    )


def _add_money(parser: argparse.ArgumentParser) -> None:
    add: Any = parser.add_argument
    add("--model", default="gpt-4o-mini", help="whose price is taken (default: %(default)s)")
    add(
        "--embedding-model",
        default="text-embedding-3-small",
        metavar="MODEL",
        help="whose price is taken (default: %(default)s)",
    )
    add("--call-price", type=float, metavar="$", help="of a call of the LLM, instead of --model's")
    add(
        "--prompt-tokens",
        type=int,
        default=0,
        metavar="N",
        help="sent with each question: instructions, documents (default: %(default)s)",
    )
    add(
        "--answer-tokens",
        type=int,
        default=200,
        metavar="N",
        help="of an answer that the log does not have (default: %(default)s)",
    )


def typed(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a type of an option that says, of what cannot be used, what its parser says.

    Of another ``ValueError`` no more than the name of the parser would be told.

    Example:
        >>> typed(parse_memory)("64 bits")
        Traceback (most recent call last):
        ...
        argparse.ArgumentTypeError: '64 bits' is no amount of memory: write 64mb, 2gb or bytes
    """

    def read(text: str) -> Any:
        try:
            return parse(text)
        except ConfigError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def given_design(options: argparse.Namespace) -> Design:
    """Return what the designs have in common."""
    threshold = _THRESHOLD if options.threshold is None else options.threshold
    own = threshold, options.ttl, options.embedding_ttl, options.memory
    return Design("", "none", *own)


def check(options: argparse.Namespace) -> None:
    """Refuse options that cannot work, before anything is embedded.

    Raises:
        ConfigError: Says which, and what to do.
    """
    if options.figure and options.figure.suffix.lower() not in PICTURES:
        raise ConfigError(f"{options.figure}: name a picture, one of {', '.join(PICTURES)}")
    for path in filter(None, (options.figure, options.out)):
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise ConfigError(
                f"{path} cannot be written: it is a folder, or its folder is not there"
            )
    for name in ("prompt_tokens", "answer_tokens", "call_price"):
        if (getattr(options, name) or 0) < 0:
            raise ConfigError(f"--{name.replace('_', '-')} is below 0")
