"""The server that hangs holds whoever asks it, and counts them."""

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from semcache.lab.hanging import HangingServer


@pytest.mark.parametrize("retries", [0, 2])
def test_a_client_waits_for_its_timeout_at_every_try(retries):
    with HangingServer() as server:
        retry = Retry(NoBackoff(), retries)
        client = redis.Redis.from_url(server.url, socket_timeout=0.05, retry=retry)
        with pytest.raises(redis.TimeoutError):
            client.get("key")
        assert (server.tries(), server.tries()) == (1 + retries, 0)


def test_a_closed_one_refuses():
    server = HangingServer()
    server.close()
    client = redis.Redis.from_url(server.url, retry=Retry(NoBackoff(), 0))
    with pytest.raises(redis.ConnectionError):
        client.get("key")
