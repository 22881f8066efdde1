"""replies: what comes back from Redis is counted, in pipelines and nested replies, too."""

import pytest

from semcache import connect
from semcache.course.replies import bytes_read


@pytest.fixture
def client():
    return connect(quiet=True).redis


def test_a_hash_counts_with_its_fields(client):
    client.hset("h", mapping={"ab": "cde", "f": "g"})
    with bytes_read(client) as sizes:
        client.hgetall("h")
    assert sum(sizes) == 7


def test_a_pipeline_and_a_stream_count_as_what_they_hold(client):
    client.set("a", "x" * 1_000)
    client.xadd("s", {"id": "12345"}, id="1-1")
    with bytes_read(client) as sizes:
        client.pipeline(transaction=False).get("a").xrange("s").execute()
    assert sum(sizes) == 1_000 + len("1-1") + len("id") + len("12345")


def test_after_the_block_nothing_is_counted(client):
    client.set("a", "xyz")
    with bytes_read(client) as sizes:
        pass
    client.get("a")
    assert sizes == []


def test_an_error_ends_the_counting(client):
    read = client.connection_pool.connection_class.read_response
    with pytest.raises(KeyError), bytes_read(client):
        raise KeyError
    assert client.connection_pool.connection_class.read_response is read
