"""How long the guard takes: for ordinary questions, and for the worst texts that it still reads."""

import statistics
import time

from semcache.guard import compare
from semcache.guard.reading import LONGEST, read
from semcache.lab.data import FOLDER, read_rows

__all__ = ["speed"]

_ROUNDS = 5
# Two texts each, repeated up to the longest that is read.
_WORST = {
    "different names": tuple(
        "".join(f"{start}{chr(97 + i % 26)}{chr(97 + i // 26)}x " for i in range(400))
        for start in ("Na", "No")
    ),
    "numbers": ("".join(f"{i} " for i in range(600)), "".join(f"{i} " for i in range(600, 1200))),
    "number words": ("twenty five and ", "thirty one "),
    "one letter": ("a", "b"),
    "one Chinese character": ("中", "国"),
    "Chinese numerals": ("一", "二"),
    "digits": ("1", "2"),
    "dates": ("next monday 5 pm march ", "last friday 6 am june "),
    "Chinese dates": ("上个星期三下午5点2024年3月5日", "下周五早上6点半2023年4月6日"),
    "negations": ("not do ", "do "),
    "words in reverse": (
        "".join(f"w{chr(97 + i % 26)}{chr(97 + i // 26)} " for i in range(500)),
        "".join(f"w{chr(97 + i % 26)}{chr(97 + i // 26)} " for i in reversed(range(500))),
    ),
    "characters in reverse": (
        "".join(chr(0x4E00 + i) for i in range(LONGEST)),
        "".join(chr(0x4E00 + i) for i in reversed(range(LONGEST))),
    ),
}


def speed() -> dict[str, float]:
    """Return milliseconds of processor time: medians of questions, the worst texts."""
    pairs = [(row["a"], row["b"]) for row in read_rows(FOLDER / "pairs.jsonl")]
    english = [pair for pair in pairs if all(10 <= len(text.split()) <= 14 for text in pair)]
    chinese = [pair for pair in pairs if all(text[:1] > "\u3400" for text in pair)]
    found = {
        "questions of 10 to 14 words": statistics.median(_times(english)),
        "Chinese questions": statistics.median(_times(chinese)),
    }
    for name, texts in _WORST.items():
        one, two = (_longest(text) for text in texts)
        found[name] = _times([(one, two)])[0]
    found["texts that are too long"] = _times([("word " * 8_000, "name " * 8_000)])[0]
    return found


def _longest(text: str) -> str:
    """Return a text repeated, or cut, to the greatest length that is still read."""
    repeated = (text * (LONGEST // len(text) + 1))[:LONGEST]
    sizes = range(LONGEST, 0, -50)
    return next(repeated[:size] for size in sizes if read(repeated[:size]) is not None)


def _times(pairs: list[tuple[str, str]]) -> list[float]:
    compare(*pairs[0])  # reads the lexicon
    return [min(_once(*pair) for _ in range(_ROUNDS)) for pair in pairs]


def _once(one: str, two: str) -> float:
    read.cache_clear()
    started = time.thread_time()
    compare(one, two)
    return 1000 * (time.thread_time() - started)
