"""An answer may not change what it is given: somebody else still needs that."""

import inspect
import pickle
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

__all__ = ["Changed", "watched"]


class Changed(Exception):
    """The answer changed one of its arguments."""


def watched(function: Any) -> Any:
    """Return the same function, which raises :class:`Changed` if a call changes its arguments.

    A ``list``, ``dict``, ``set`` or array is compared with what it was, as far as it can be
    pickled. What is no plain function, such as one that is declared with ``async``, is returned as
    it is.

    Example:
        >>> watched(lambda numbers: max(numbers))([1, 3, 2])
        3
        >>> watched(lambda numbers: numbers.sort())([1, 3, 2])
        Traceback (most recent call last):
        ...
        semcache.course.unchanged.Changed: <lambda> changes the list that it is given
    """
    plain = inspect.isfunction(function)
    if not plain or inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        return function
    call: Callable[..., Any] = function

    @wraps(function)
    def answer(*args: Any, **named: Any) -> Any:
        given = [*args, *named.values()]
        before = [_image(value) for value in given]
        returned = call(*args, **named)
        for value, image in zip(given, before, strict=True):
            if _image(value) != image:
                raise Changed(f"{call.__name__} changes the {_kind(value)} that it is given")
        return returned

    return answer


def _image(value: object) -> bytes | None:
    if not isinstance(value, list | dict | set | tuple | np.ndarray):
        return None
    try:
        return pickle.dumps(value)
    except Exception:  # a client or a lambda in it
        return None


def _kind(value: object) -> str:
    return "array" if isinstance(value, np.ndarray) else type(value).__name__
