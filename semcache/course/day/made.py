"""Make the day of traffic of lesson 14: ``python -m semcache.course.day`` writes it to ``data``.

Nobody's traffic: the support desk's questions, as often as a draw has them; questions whose answer
differs by customer; and questions about a service that fails in the afternoon.
"""

import json
from random import Random
from typing import Any

import numpy as np

from semcache.codecs import Vector
from semcache.lab.data import FOLDER
from semcache.lab.offline.model import embed
from semcache.lab.traffic import load_phrasings, zipf_stream

__all__ = ["LOG", "VECTORS", "requests", "vectors_of", "write"]

LOG, VECTORS = FOLDER / "day.jsonl", FOLDER / "day.npz"
DESK, OWN, STATUS, CUSTOMERS = 2_500, 300, 200, 60
MIDNIGHT, HOUR = 1_795_478_400, 3_600  # 24 November 2026, UTC
SEED = 202  # no two of its texts have a similarity within 0.000005 of .85, .90 or .95
BROKEN, MENDED = 13.5, 16.25  # hours
# How busy each hour of the day is, beside the others.
_BUSY = (1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 20, 18, 14, 16, 20, 20, 16, 12, 8, 6, 5, 4, 3, 2)

_OWN = {
    "invoice": ("What is the number of my last invoice?", "which number is on my last invoice"),
    "trial-end": ("when does my trial end?", "how many days of trial are left"),
    "seats": ("How many seats do we have left?", "free seats in our plan?"),
    "plan": ("Which plan am I on?", "what plan do we have at the moment"),
    "payment": ("did my payment go through?", "has the payment for this month arrived"),
    "refund-sent": ("Has my refund been sent?",),
    "renewal": ("when is our next renewal", "renewal date?"),
    "storage": ("how much storage have we used",),
    "admins": ("who are the admins of our workspace?",),
    "discount": ("what discount do we get", "What discount do we get?"),
}
_STATUS = (
    "is tidewater down", "Is the service down right now?", "any outage today?",
    "Are you having problems at the moment?", "everything is slow, is it you or me",
    "what is the current status of the service", "status?", "server error again - incident?",
)  # fmt: skip


def requests(other: int = 0, beginning: str = "", ending: str = "") -> list[dict[str, Any]]:
    """Return the day's requests in the order of their times; the same on every machine.

    Args:
        other: Another number draws another day, on which the same questions are popular.
        beginning: Stands before each question about one's own data and about the service.
        ending: Stands behind them.

    A label names the answer that is right. Behind ``@`` it says whose answer it is, behind ``#``
    since which change it stands: see :func:`semcache.course.day.causes.cause`.
    """
    draw = Random(SEED)
    phrasings = sorted(load_phrasings(), key=lambda _: draw.random())
    if other:
        draw = Random(SEED + other)
    rows = [
        {"text": one.text, "language": one.language, "label": one.answer}
        for one in zipf_stream(phrasings, DESK, seed=14 + other)
    ]
    own = [(topic, text) for topic, texts in _OWN.items() for text in texts]
    rows += [
        {"text": beginning + text + ending, "language": "en", "label": f"{topic}@"}
        for topic, text in zipf_stream(own, OWN, exponent=0.5, seed=15 + other)
    ]
    rows += [
        {"text": beginning + text + ending, "language": "en", "label": "status#"}
        for text in zipf_stream(_STATUS, STATUS, exponent=0.7, seed=16 + other)
    ]
    return sorted((_asked(row, draw) for row in rows), key=lambda row: row["time"])


def _asked(row: dict[str, Any], draw: Random) -> dict[str, Any]:
    """Give a request its time and its customer, and its label what depends on them."""
    hour, within = _hour(draw, row["label"] == "status#"), draw.random()
    tenant = f"c{1 + int(CUSTOMERS * draw.random() ** 2):02}"
    label = row["label"]
    if label.endswith("@"):
        label += tenant
    if label.endswith("#"):
        label += str((hour + within > BROKEN) + (hour + within > MENDED))
    time = MIDNIGHT + int((hour + within) * HOUR)
    return {"time": time, "tenant": tenant, **row, "label": label}


def _hour(draw: Random, asks_for_status: bool) -> int:
    """Draw an hour; while the service fails, more people ask whether it does."""
    weights = [
        busy * (4 if asks_for_status and BROKEN - 1 < hour < MENDED + 1 else 1)
        for hour, busy in enumerate(_BUSY)
    ]
    left = draw.random() * sum(weights)
    for hour, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return hour
    return len(weights) - 1


def vectors_of(texts: list[str]) -> Vector:
    """Return the embeddings of texts, float32, shape (n, 384)."""
    vectors: Vector = np.stack([embed(text) for text in texts]).astype(np.float32)
    return vectors


def write() -> None:
    """Write the log, and the embeddings of its texts, so that every machine counts the same."""
    rows = requests()
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    LOG.write_text("".join(lines), encoding="utf-8")
    texts = list(dict.fromkeys(row["text"] for row in rows))
    np.savez_compressed(
        VECTORS, texts=np.array(texts), vectors=vectors_of(texts).astype(np.float16)
    )
    print(f"{LOG.name}: {len(rows):,} requests; {VECTORS.name}: {len(texts):,} texts")
