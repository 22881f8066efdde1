"""``python -m semcache``: check this machine; from a log to a threshold that keeps a promise.

pairs LOG, label PAIRS, plan, evaluate PAIRS: each reads and writes plain files.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import openai
from numpy.typing import NDArray

from semcache.errors import SemcacheError
from semcache.evaluate import arguments, command, label_command, pairs_command
from semcache.evaluate.report import plain
from semcache.evaluate.scoring import Embed

_NEWER = ("pairs", "label")  # 1: an error of ours, 2: a wrong option; the older ones say 2 for both
_KEPT = 50_000  # texts whose vectors stay in a Redis that lives in this process


def main() -> int:
    """Run the command named on the command line; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        _spell_out(stream)
    options = _parser().parse_args()
    try:
        if options.command == "doctor":
            from semcache.lab.doctor import doctor

            return 1 if doctor() else 0
        _run(options)
    except BrokenPipeError:  # whoever reads, such as head, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (SemcacheError, openai.OpenAIError, OSError) as error:
        print(f"semcache: {plain(str(error))}", file=sys.stderr)
        return 1 if options.command in _NEWER else 2
    return 0


def _run(options: argparse.Namespace) -> None:
    shown = sys.stderr.isatty()
    if options.command == "pairs":
        pairs_command.run(options, lambda: _embed(progress=False), progress=shown)
    elif options.command == "label":
        label_command.run(options)
    elif options.command == "plan":
        command.run_plan(options)
    else:
        command.run(options, lambda: _embed(progress=shown))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m semcache", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="check Python, packages, model, Redis, API and disk")
    pairs_command.add_arguments(
        commands.add_parser("pairs", help="from a log to pairs worth labelling")
    )
    label_command.add_arguments(commands.add_parser("label", help="label pairs, a key each"))
    arguments.add_arguments(
        commands.add_parser("evaluate", help="choose a threshold from labelled pairs")
    )
    arguments.add_plan_arguments(
        commands.add_parser("plan", help="how many pairs to label until a promise can be made")
    )
    return parser


def _spell_out(stream: TextIO) -> None:
    """Let a terminal that knows no Chinese show it as codes, rather than fail."""
    if hasattr(stream, "reconfigure"):  # not where a test has put something else there
        stream.reconfigure(errors="backslashreplace")


def _embed(progress: bool) -> Embed:
    from semcache.embedding import EmbeddingCache
    from semcache.lab.connect import connect

    lab = connect()
    cache = EmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model, scope="evaluate")
    in_process, seen = "fakeredis" in type(lab.redis).__module__, 0

    def embed(texts: Sequence[str]) -> NDArray[Any]:
        nonlocal seen
        seen += len(texts)
        if in_process and seen > _KEPT:
            cache.clear_cache()
            seen = len(texts)
        return cache.get_embeddings_batch(texts, progress=progress)

    return embed


if __name__ == "__main__":
    sys.exit(main())
