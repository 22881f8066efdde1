"""A progress bar, for who asks for one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from semcache.errors import ConfigError

__all__ = ["Progress", "progress_bar"]


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
