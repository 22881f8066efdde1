"""A progress bar, for who asks for one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from semcache.errors import ConfigError

__all__ = ["Progress", "in_steps", "progress_bar"]

_FIRST = 32  # texts in the first step
_SECONDS = 1.0  # that a step should take


class Progress(Protocol):
    """What counts how far a batch has come."""

    def update(self, n: int) -> object:
        """Count that many texts as done."""


class _Silent:
    def update(self, n: int) -> None:
        """Show nothing."""


@contextmanager
def progress_bar(total: int, done: int, shown: bool) -> Iterator[Progress]:
    """Show how far a batch of texts has come, or show nothing.

    Raises:
        ConfigError: A bar is wanted and tqdm is not installed.
    """
    if not shown:
        yield _Silent()
        return
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ConfigError("a progress bar needs tqdm: pip install tqdm") from error
    with tqdm(total=total, initial=done, unit="text") as bar:
        yield bar


def in_steps(total: int, most: int) -> Iterator[slice]:
    """Yield slices of a long work: short at first, longer while one takes less than a second.

    So a bar moves from the beginning, with a slow model and with a fast one.

    Example:
        >>> [step.stop for step in in_steps(300, most=100)]
        [32, 96, 196, 296, 300]
    """
    start, size = 0, min(_FIRST, most)
    while start < total:
        began = time.monotonic()
        yield slice(start, min(start + size, total))
        start += size
        if time.monotonic() - began < _SECONDS:
            size = min(2 * size, most)
