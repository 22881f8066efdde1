"""Fit the guard: ``python -m semcache.guard.fit data/pairs.jsonl data/desk_pairs.jsonl``.

The first file has paraphrases and traps, which are about one thing; the second what a cache at a
support desk compares, which mostly is not. Reads the rows of the calibration part
(``"split": "calibration"``), never the others, fits a
logistic model by Newton steps with an L2 penalty, and writes ``semcache/guard/guard.json``.
A sign that a linguist would insist on is a constraint: no difference may speak for a shared
answer, and neither similarity nor overlap against one. The fit is deterministic.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcache.errors import ConfigError
from semcache.guard.model import _COEFFICIENTS, NAMES, row
from semcache.lab.data import read_rows

__all__ = ["fit", "main", "signs"]

PENALTY = 0.3
_FOR = ("similarity", "shared")
_FREE = ("constant", "languages")


def signs() -> NDArray[np.float64]:
    """Return, for each coefficient, +1 if it may only be positive, -1 only negative, 0 if free."""
    return np.array([0.0 if n in _FREE else 1.0 if n in _FOR else -1.0 for n in NAMES])


def fit(
    x: NDArray[np.float64], same: NDArray[np.bool_], *, penalty: float = PENALTY
) -> NDArray[np.float64]:
    """Return the coefficients of the penalised, sign-constrained logistic model.

    Each Newton step minimises the quadratic model of the loss by coordinate descent, which keeps
    every coefficient on its side of zero. The constant is not penalised.

    Args:
        x: Rows of features, shape (n, m), the constant first.
        same: Whether each pair may share an answer, shape (n,).
        penalty: Half of it times each squared coefficient is added to the loss.
    """
    side, ridge = signs(), np.full(x.shape[1], penalty)
    ridge[0] = 1e-9
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        weight = np.maximum(p * (1 - p), 1e-6)
        hessian = (x.T * weight) @ x + np.diag(ridge)
        target = hessian @ beta + x.T @ (same - p) - ridge * beta
        new = beta.copy()
        for _ in range(200):
            before = new.copy()
            for j in range(len(new)):
                rest = target[j] - hessian[j] @ new + hessian[j, j] * new[j]
                value = rest / hessian[j, j]
                new[j] = value if side[j] == 0 or value * side[j] > 0 else 0.0
            if np.abs(new - before).max() < 1e-10:
                break
        step, beta = np.abs(new - beta).max(), new
        if step < 1e-8:
            break
    return beta


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = [pair for pair in read_rows(path) if pair.get("split") == "calibration"]
    if not rows:
        raise ConfigError(f'{path} has no row with "split": "calibration"')
    return rows


def matrix(
    pairs: Iterable[dict[str, Any]], similarity: Callable[[str, str], float]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the features of labelled pairs, and their labels.

    A pair's ``similarity`` is computed where the pair does not hold it.
    """
    pairs = list(pairs)
    x = [
        row(a, b, pair["similarity"] if "similarity" in pair else similarity(a, b))
        for pair in pairs
        for a, b in [(pair["a"], pair["b"])]
    ]
    return np.array(x), np.array([bool(pair["same"]) for pair in pairs])


def _similarity() -> Callable[[str, str], float]:
    from semcache.lab.connect import connect  # only the command needs a model

    lab = connect(quiet=True)

    def similarity(one: str, two: str) -> float:
        reply = lab.openai.embeddings.create(model=lab.embedding_model, input=[one, two])
        a, b = (np.array(item.embedding) for item in reply.data)
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    return similarity


def main(arguments: list[str] | None = None) -> None:
    """Fit on the file named on the command line, write the coefficients, print them."""
    parser = argparse.ArgumentParser(prog="python -m semcache.guard.fit", description=__doc__)
    parser.add_argument("pairs", type=Path, nargs="+", help="JSON Lines with a, b, same and split")
    parser.add_argument("--out", type=Path, default=_COEFFICIENTS, help="where to write")
    options = parser.parse_args(arguments)
    rows = [row for path in options.pairs for row in _rows(path)]
    x, same = matrix(rows, _similarity())
    coefficients = dict(zip(NAMES, (round(float(b), 4) for b in fit(x, same)), strict=True))
    record = {"pairs": len(same), "penalty": PENALTY, "coefficients": coefficients}
    options.out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"{len(same)} calibration pairs, {int(same.sum())} of them with a shared answer")
    for name, value in sorted(coefficients.items(), key=lambda item: item[1]):
        print(f"{value:8.3f}  {name}")


if __name__ == "__main__":
    main()
