"""A server that hangs: it takes every connection, and never says a word."""

import socket
from types import TracebackType

__all__ = ["HangingServer"]


class HangingServer:
    """A port on loopback where connections are taken and nothing is answered.

    Example:
        >>> with HangingServer() as server:
        ...     client = socket.create_connection(("127.0.0.1", server.port))
        ...     client.close()
        ...     server.tries(), server.tries()
        (1, 0)
    """

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """Its address, as a Redis URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def tries(self) -> int:
        """Return how many connections have come since the last call."""
        count = 0
        while True:
            try:
                self._socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        """Refuse connections from now on."""
        self._socket.close()

    def __enter__(self) -> "HangingServer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
