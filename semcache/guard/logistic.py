"""Logistic regression with an L2 penalty and coefficients that keep to one side of zero."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit"]

_STEPS, _SWEEPS = 50, 200


def fit(
    x: NDArray[np.float64],
    same: NDArray[np.bool_],
    sides: NDArray[np.float64],
    *,
    penalty: float,
) -> NDArray[np.float64]:
    """Return the coefficients of a penalised logistic model, shape (m,).

    Each Newton step minimises the quadratic model of the loss by coordinate descent, which keeps
    every coefficient on its side of zero. The fit is deterministic.

    Args:
        x: Rows of features, shape (n, m), a constant first; its coefficient is not penalised.
        same: The labels, shape (n,).
        sides: For each coefficient +1 if it may not be negative, -1 if not positive, 0 if free.
        penalty: Half of it times each squared coefficient is added to the loss.

    Example:
        >>> x = np.array([[1.0, -1.0], [1.0, -0.5], [1.0, 0.5], [1.0, 1.0]])
        >>> same = np.array([False, True, False, True])
        >>> round(float(fit(x, same, np.array([0.0, 1.0]), penalty=1.0)[1]), 2)
        0.31
    """
    ridge = np.full(x.shape[1], penalty)
    ridge[0] = 1e-9
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        weight = np.maximum(chance * (1 - chance), 1e-6)
        hessian = (x.T * weight) @ x + np.diag(ridge)
        target = hessian @ beta + x.T @ (same - chance) - ridge * beta
        before, beta = beta, _minimum(hessian, target, beta, sides)
        if np.abs(beta - before).max() < 1e-8:
            break
    return beta


def _minimum(
    hessian: NDArray[np.float64],
    target: NDArray[np.float64],
    start: NDArray[np.float64],
    sides: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Minimise ``b @ hessian @ b / 2 - target @ b`` on the allowed sides, from ``start``."""
    beta = start.copy()
    for _ in range(_SWEEPS):
        before = beta.copy()
        for j in range(len(beta)):
            value = beta[j] + (target[j] - hessian[j] @ beta) / hessian[j, j]
            beta[j] = 0.0 if value * sides[j] < 0 else value
        if np.abs(beta - before).max() < 1e-10:
            break
    return beta
