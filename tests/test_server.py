"""server: asking a server what it can do."""

import pytest
import redis
from bench import SERVERS, quick
from semantic_bench import SERVER_FIXTURES
from test_contract_redis_failing import needs_redis8, never_answers, nobody_listens

from semcache import server
from semcache.blocking import BLOCKING, run
from semcache.lab.redis_server import start_redis


def knows(client: redis.Redis, command: str, key: str) -> bool:
    return run(BLOCKING.redis(client).ask(server.knows(command, key)))


@pytest.fixture(params=SERVERS)
def client(request) -> redis.Redis:
    return request.getfixturevalue(SERVER_FIXTURES[request.param])()


@pytest.mark.parametrize("command", ["VSIM", "VADD", "HPEXPIRE", "HSETEX", "XADD", "HSET"])
def test_a_command_that_is_there_is_known_and_asking_changes_nothing(client, command):
    client.set("key", "value")
    for key in ("key", "other"):
        assert knows(client, command, key) is True
    assert client.get("key") == b"value" and client.dbsize() == 1


@pytest.mark.parametrize("command", ["FT.SEARCH", "NOSUCHCOMMAND", "VSIMILAR"])
def test_a_command_that_is_not_there_is_not_known(client, command):
    assert knows(client, command, "key") is False


@needs_redis8
def test_a_renamed_command_is_not_known_and_a_forbidden_one_is_said_to_be():
    with start_redis("--rename-command", "HSETEX", "") as redis8, quick(redis8.url) as admin:
        assert knows(admin, "HSETEX", "key") is False and knows(admin, "VADD", "key") is True
        admin.acl_setuser("r", enabled=True, nopass=True, keys=["*"], categories=["+@read"])
        client = quick(redis8.url, username="r", password="any")
        with client, pytest.raises(redis.exceptions.NoPermissionError, match="VADD"):
            knows(client, "VADD", "key")


@pytest.mark.parametrize("make", [nobody_listens, never_answers])
def test_a_server_that_cannot_be_asked_is_not_guessed_about(make):
    with make() as broken, pytest.raises(redis.RedisError):
        knows(broken.client, "VSIM", "key")
