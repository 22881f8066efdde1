"""Flights: when many want the same at once, one fetches it and the others wait for it.

The first who asks for a key *leads*: it fetches, and lands the flight with what came, or with the
error. The others *follow*: each gets what the leader landed. A leader that goes away without either
(a cancelled task, an interrupted thread) hands over: a follower boards again, and may lead.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any

__all__ = ["Abandoned", "Flight", "Flights"]


class Abandoned(Exception):
    """The leader went away with nothing: board again."""


class Flight(ABC):
    """One fetch in progress, as one of those who want it sees it."""

    @abstractmethod
    def land(self, value: Any) -> None:
        """Give everybody the value; only the first end of a flight counts."""

    @abstractmethod
    def fail(self, error: BaseException) -> None:
        """Give everybody the error."""

    @abstractmethod
    async def outcome(self) -> Any:
        """Wait for the leader, and return what it landed.

        Raises:
            Abandoned: The leader went away.
            BaseException: What the leader failed with.
        """


class Flights(ABC):
    """The flights in progress, by key; safe to use from many threads or tasks."""

    @abstractmethod
    def board(self, key: Hashable) -> tuple[Flight, bool]:
        """Return the flight to a key, and whether the caller leads it."""

    @abstractmethod
    def leave(self, key: Hashable, flight: Flight) -> None:
        """End a flight that the caller leads: the next to ask for the key starts another.

        One that was neither landed nor failed is handed over.
        """
