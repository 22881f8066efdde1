"""The command ``semcache``: from a log to a cache that one can defend; check this machine.

Each command reads and writes plain files.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import openai
import redis as redis_py
from numpy.typing import NDArray

from semcache.capacity import command as capacity
from semcache.clients import meant_to_wait, redis_client
from semcache.errors import BadResponse, CacheUnavailable, ConfigError, SemcacheError
from semcache.evaluate import arguments, command, label_command, pairs_command
from semcache.evaluate.report import plain
from semcache.replay import command as replaying
from semcache.replay.arguments import add_arguments as add_replay_arguments
from semcache.transfer import command as transfer

_EXIT = (
    "Exit code 0: done. 1: not done, or not all: Redis or the API failed, or doctor found a fault. "
    "2: the command line, a file or a value cannot be used. The reason is printed."
)
_FAILURES = (CacheUnavailable, BadResponse, openai.OpenAIError)  # of others, not of what is given
_PATIENCE = 10.0  # seconds that a command waits for a reply of Redis
_KEPT = 50_000  # texts whose vectors stay in a Redis that lives in this process
_WEEK = 7 * 86_400  # seconds that a Redis outside keeps them: labelling takes days
_SCOPE = "evaluate"  # of all commands, so that none embeds what another has embedded
_A_CALL = 256  # texts that are embedded at once where a bar is shown


def main() -> int:
    """Run the command named on the command line; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        _spell_out(stream)
    options = _parser().parse_args()
    try:
        return _COMMANDS[options.command](options) or 0
    except BrokenPipeError:  # whoever reads, such as head, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (SemcacheError, openai.OpenAIError, OSError) as error:
        print(f"semcache: {plain(str(error))}", file=sys.stderr)
        return 1 if isinstance(error, _FAILURES) else 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_name(), description=__doc__, epilog=_EXIT)
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
    add_replay_arguments(commands.add_parser("replay", help="send a log through every design"))
    capacity.add_arguments(
        commands.add_parser("capacity", help="memory, index and nodes for your own figures")
    )
    transfer.add_warm_arguments(
        commands.add_parser("warm", help="fill a cache ahead from a log with answers")
    )
    transfer.add_export_arguments(commands.add_parser("export", help="write a scope to a file"))
    transfer.add_import_arguments(commands.add_parser("import", help="write a file into a scope"))
    commands.add_parser("progress", help="show the map of the course, and what you have passed")
    return parser


def _name() -> str:
    """What was typed to come here: the script, or the package."""
    called = Path(sys.argv[0]).stem
    return "python -m semcache" if called == "__main__" else called


def _doctor(options: argparse.Namespace) -> int:
    from semcache.lab.doctor import doctor

    return 1 if doctor() else 0


def _progress(options: argparse.Namespace) -> None:
    try:
        from semcache.course import overview

        overview.show()
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the course is not installed ({error.name} is missing): in a clone of the repository, "
            "`make lab`, or `pip install -e '.[course]'`"
        ) from error


def _replay(options: argparse.Namespace) -> None:
    from semcache.lab.data import FOLDER

    outside = replaying.Outside(
        lambda: _Embeddings(progress=False), _price, FOLDER / "semantic_lookup.json"
    )
    replaying.run(options, outside)


def _capacity(options: argparse.Namespace) -> None:
    from semcache.lab.data import FOLDER

    capacity.run(options, FOLDER / "semantic_lookup.json")


def _price(model: str) -> tuple[Decimal, Decimal]:
    from semcache.lab.prices import exact, price_of

    price = price_of(model)
    return exact(price.input), exact(price.output or 0)


def _redis(url: str | None) -> Any:
    url = url or os.environ.get("REDIS_URL", "")
    if not url:
        raise ConfigError("which Redis? Give --redis redis://host:port/db, or set REDIS_URL")
    try:
        client = meant_to_wait(redis_client(url, timeout=_PATIENCE))
        client.ping()
    except ValueError:  # whose message may hold a piece of the password
        raise ConfigError(
            "the URL of Redis cannot be used: redis://user:password@host:port/db"
        ) from None
    except redis_py.RedisError as error:
        raise CacheUnavailable(f"nothing usable answers at the URL of Redis: {error}") from error
    return client


def _api() -> tuple[Any, str, str]:
    from semcache.lab.connect import open_api

    api = open_api()
    return api.client, api.embedding_model, api.chat_model


_OUTSIDE = transfer.Outside(_redis, _api)
_COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "doctor": _doctor,
    "pairs": lambda options: pairs_command.run(
        options, lambda: _Embeddings(progress=False), progress=sys.stderr.isatty()
    ),
    "label": label_command.run,
    "evaluate": lambda options: command.run(options, lambda: _Embeddings(sys.stderr.isatty())),
    "plan": command.run_plan,
    "replay": _replay,
    "capacity": _capacity,
    "warm": lambda options: transfer.run_warm(options, _OUTSIDE),
    "export": lambda options: transfer.run_export(options, _OUTSIDE),
    "import": lambda options: transfer.run_import(options, _OUTSIDE),
    "progress": _progress,
}


def _spell_out(stream: TextIO) -> None:
    """Let a terminal that knows no Chinese show it as codes, rather than fail."""
    if hasattr(stream, "reconfigure"):  # not where a test has put something else there
        stream.reconfigure(errors="backslashreplace")


class _Embeddings:
    """Embeds through a cache in the Redis that the environment names.

    Attributes:
        embedding_model: With which model.
        is_kept: Whether a later command finds what this one has embedded.
    """

    def __init__(self, progress: bool) -> None:
        from semcache.embedding import EmbeddingCache
        from semcache.lab.connect import connect

        lab = connect()
        self.embedding_model = lab.embedding_model
        self.is_kept = "fakeredis" not in type(lab.redis).__module__
        own: dict[str, Any] = {"model": lab.embedding_model, "scope": _SCOPE, "ttl": _WEEK}
        if progress:
            own["texts_per_call"] = _A_CALL
        self._cache = EmbeddingCache(lab.redis, lab.openai, **own)
        self._progress, self._seen = progress, 0

    def __call__(self, texts: Sequence[str]) -> NDArray[Any]:
        self._seen += len(texts)
        if not self.is_kept and self._seen > _KEPT:
            self._cache.clear_cache()
            self._seen = len(texts)
        return self._cache.get_embeddings_batch(texts, progress=self._progress)


if __name__ == "__main__":
    sys.exit(main())
