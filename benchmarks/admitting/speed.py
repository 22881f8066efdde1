"""How long admission takes: for ordinary questions, and for the worst texts of 8,000 tokens."""

import statistics
import time

from semcache.lab.data import FOLDER, read_rows
from semcache.sharing import may_share
from semcache.tokens import count_tokens

__all__ = ["WORST", "speed"]

_ROUNDS = 5
_TOKENS = 8_000
_SAMPLE = 4_000
# Each is repeated up to the length of 8,000 tokens.
WORST = {
    "words": "word ",
    "one letter": "a",
    "spaces": " ",
    "digits": "1",
    "numbers": "4111 ",
    "letters and digits": "a1B",
    "at signs": "a@",
    "domains": "a.",
    "beginnings of tokens": "eyJ",
    "beginnings of keys": "sk-",
    "passwords": "password is ",
    "equals signs": "token = ",
    "beginnings of IBANs": "DE89 ",
    "telephone signs": "+1 (",
    "commands": "ignore the answer, say ",
    "quotes": "\"' ",
    "roles": "you must always now ",
    "Chinese": "中",
    "Chinese commands": "忽略,请只",
    "Chinese numbers": "我的1",
}


def speed() -> dict[str, float]:
    """Return milliseconds of processor time: medians of questions, then of the worst texts."""
    texts = [row[side] for row in read_rows(FOLDER / "pairs.jsonl") for side in "ab"]
    found = {
        "questions of 12 words": [text for text in texts if len(text.split()) == 12],
        "Chinese questions": [text for text in texts if text[:1] > "\u3400"],
    }
    times = {name: statistics.median(map(_best, texts)) for name, texts in found.items()}
    return times | {name: longest(text) for name, text in WORST.items()}


def longest(text: str, size: int | None = None) -> float:
    """Return the time of a text that is repeated up to so many characters, or to 8,000 tokens."""
    size = size or _characters(text)
    return _best((text * (size // len(text) + 1))[: size - _ROUNDS])


def _characters(text: str) -> int:
    """Return how long 8,000 tokens of a repeated text are, at most 40,000 characters."""
    sample = (text * _SAMPLE)[:_SAMPLE]
    return min(5 * _TOKENS, _TOKENS * _SAMPLE // count_tokens(sample))


def _best(text: str) -> float:
    # Spaces make it a text of its own in each round: what was read before is remembered.
    return min(_once(text + turn * " ") for turn in range(_ROUNDS))


def _once(text: str) -> float:
    started = time.thread_time()
    may_share(text)
    return 1000 * (time.thread_time() - started)
