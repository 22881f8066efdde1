"""``python -m semcache replay LOG``: what each design would have done with a log."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from semcache.capacity import Record, embedding_bytes, stored_bytes
from semcache.capacity.sizes import ANSWER, COPY, EXACT, QUESTION
from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.figure import MissingMatplotlib, save
from semcache.evaluate.report import say
from semcache.evaluate.scoring import Embed, check_model, load_judge, model_of
from semcache.replay import report
from semcache.replay.arguments import check, given_design
from semcache.replay.designs import Design, parse_design
from semcache.replay.figure import draw
from semcache.replay.figures import Prices, Waits, counted_from
from semcache.replay.log import Log, read_log
from semcache.replay.memory import Sizes
from semcache.replay.replayed import Replayed, replay
from semcache.replay.requests import Requests, requests_of
from semcache.replay.simulate import Rows
from semcache.replay.vectors import embedded, read_vectors
from semcache.sharing import ANSWER_RULES, DEFAULT_RULES
from semcache.tokens import count_tokens

__all__ = ["FORMAT", "Outside", "run"]

FORMAT, VERSION = "semcache replay", 1


class Outside(NamedTuple):
    """What the command is given by whoever starts it.

    Attributes:
        embed: Returns what embeds texts; called only if there are no vectors.
        price: Returns the dollars for a million tokens read and written, of a model.
        record: The file of what was measured, for memory.
        read: Reads the log.
    """

    embed: Callable[[], Embed]
    price: Callable[[str], tuple[Decimal, Decimal]]
    record: Path
    read: Callable[[Path], Log] = read_log


def run(options: argparse.Namespace, outside: Outside) -> None:
    """Print what each design would have done; write the JSON and the figure.

    Raises:
        SemcacheError: The log or an option cannot be used.
        openai.OpenAIError: The API failed.
    """
    check(options)
    waits = Waits(options.wait_llm, options.wait_embed, options.wait_redis).check()
    designs, prices = _designs(options), _prices(options, outside)
    log = outside.read(options.log)
    requests = _requests(options, log)
    counted_from(requests, options.warm)  # refused before anything is embedded
    bar = sys.stderr.isatty()
    rows, dims = _rows(options, requests, len(log), designs, outside, bar)
    done = replay(
        requests,
        designs,
        rows,
        count=count_tokens,
        answer_tokens=options.answer_tokens,
        prompt_tokens=options.prompt_tokens,
        prices=prices,
        waits=waits,
        warm_days=options.warm,
        sizes=_sizes(outside.record, dims) if any(d.memory for d in designs) else None,
        progress=bar,
    )
    _say(options, log.remarks, requests, done, waits)
    _write(options, done)
    _draw(options, done)


def _designs(options: argparse.Namespace) -> list[Design]:
    verifier = None
    if any(text.startswith("guarded") for text in options.design):
        verifier = load_judge(options.verifier).judge
        if getattr(verifier, "threshold", 0.0) is None:
            raise ConfigError(
                f"{options.verifier} has no threshold: evaluate --fit found none that keeps the "
                "promise. By similarity alone: --design exact hybrid --threshold COSINE"
            )
    given = guarded = given_design(options)
    if options.threshold is None and (least := getattr(verifier, "least_similarity", None)):
        guarded = replace(given, threshold=least)
    designs = [
        parse_design(text, guarded if text.startswith("guarded") else given, verifier)
        for text in options.design
    ]
    if len({design.name for design in designs}) < len(designs):
        raise ConfigError("a design is named twice")
    return designs


def _prices(options: argparse.Namespace, outside: Outside) -> Prices:
    embedding = outside.price(options.embedding_model)[0]
    if options.call_price is not None:
        return Prices(embedding=embedding, call=Decimal(str(options.call_price)))
    return Prices(*outside.price(options.model), embedding=embedding)


def _requests(options: argparse.Namespace, log: Log) -> Requests:
    by_default = options.rules == "default"
    try:
        return requests_of(
            log,
            rules=DEFAULT_RULES if by_default else (),
            answer_rules=ANSWER_RULES if by_default else (),
            fold_case=options.fold_case,
            fold_spaces=options.fold_spaces,
            apart=options.apart,
        )
    except InvalidInput as error:
        raise InvalidInput(f"{options.log}, {error}") from None


def _rows(
    options: argparse.Namespace,
    requests: Requests,
    size: int,
    designs: list[Design],
    outside: Outside,
    bar: bool,
) -> tuple[Rows, int]:
    if options.vectors:
        return read_vectors(options.vectors, requests, size)
    if any(design.is_semantic for design in designs):
        embedder = outside.embed()
        for design in designs:
            check_model(design.verifier, model_of(embedder))
        return embedded(requests, embedder, progress=bar)
    return _nothing, 1


def _nothing(rows: Any) -> Any:
    raise ConfigError("no design looks by similarity, and yet vectors were wanted")


def _sizes(record: Path, dims: int) -> Sizes:
    answer = stored_bytes(Record(record), "MatrixIndex", dims) - ANSWER - QUESTION
    return Sizes(EXACT, COPY, answer, embedding_bytes(dims))


# Telling -----------------------------------------------------------------------------------------


def _say(
    options: argparse.Namespace,
    remarks: tuple[str, ...],
    requests: Requests,
    done: Replayed,
    waits: Waits,
) -> None:
    for remark in remarks:
        say(remark)
    texts = f"{len(requests.unique):,} different texts"
    say(f"{options.log}: {len(requests):,} requests, {texts}{_over(done)}")
    if not requests.timed:
        say("The log has no times, so nothing expires: a column time holds them.")
    started = f"warm: the first {done.warmed:,} requests are not counted" if done.warmed else "cold"
    say(f"The caches start {started}.\n\n{report.table(done, waits)}\n")
    for sentence in report.legend(done):
        say(sentence)
    if days := report.by_day(done):
        say(f"\n{days}")


def _over(done: Replayed) -> str:
    return f", {done.days[0][0]} to {done.days[-1][0]}" if done.days else ""


def _write(options: argparse.Namespace, done: Replayed) -> None:
    path = options.out or options.log.with_name(f"{options.log.stem}.replay.json")
    record = {"format": FORMAT, "version": VERSION, "log": str(options.log), **done.as_dict()}
    try:
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        if options.out:
            raise ConfigError(f"{path} cannot be written: {error}") from error
        say(f"\nNo JSON: {path} cannot be written; --out PATH puts it elsewhere.")
        return
    say(f"\nAll figures in {path}")


def _draw(options: argparse.Namespace, done: Replayed) -> None:
    path = options.figure or options.log.with_name(f"{options.log.stem}.replay.png")
    if options.figure is None and not os.access(path.absolute().parent, os.W_OK):
        say(f"No figure: {path} cannot be written; --figure PATH puts it elsewhere.")
        return
    try:
        drawn, alt = draw(done)
    except MissingMatplotlib as error:
        say(f"No figure: {error}.")
        return
    save(drawn, path)
    say(f"Figure in {path}: {alt}")
