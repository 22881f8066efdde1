"""connect(): says what it is connected to, never shows a key, fails fast, cleans its own scope."""

import contextlib
import importlib
import logging
import socket

import fakeredis
import openai
import pytest
import redis
from bench import Connect, quick, round_trips
from fakes import http_api, vector_of

from semcache import EmbeddingCache, connect, keys
from semcache.errors import CacheUnavailable, ConfigError
from semcache.lab.offline import Call, OfflineAPI
from semcache.lab.online import OnlineAPI
from semcache.lab.redis_server import MISSING, start_redis

SECRET = "s3cr3t-passw0rd"
needs_redis8 = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Nothing of the developer's own environment; the caller's logger as it was."""
    for name in ("REDIS_URL", "SEMCACHE_ONLINE", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("SEMCACHE_EMBEDDING_MODEL", "SEMCACHE_CHAT_MODEL"):
        monkeypatch.delenv(name, raising=False)


def test_without_an_environment_everything_is_in_this_process(capsys):
    lab = connect("demo")
    out = capsys.readouterr().out
    assert out.startswith("semcache lab: ") and out.count("\n") == 1
    assert "fakeredis" in out and "multilingual-e5-small" in out
    assert isinstance(lab.redis, fakeredis.FakeRedis)
    assert type(lab.openai) is openai.OpenAI and type(lab.async_openai) is openai.AsyncOpenAI
    assert lab.api is not None and lab.scope == "demo"
    lab.openai.embeddings.create(model=lab.embedding_model, input="hello")
    assert lab.api.call_count("embeddings") == 1
    lab.redis.set("k", "v")
    assert lab.redis.get("k") == b"v"


def test_quiet_prints_nothing(capsys):
    connect(quiet=True)
    assert capsys.readouterr() == ("", "")


def test_two_labs_in_process_share_nothing():
    one, two = connect(quiet=True), connect(quiet=True)
    one.redis.set("k", "v")
    one.openai.embeddings.create(model=one.embedding_model, input="hello")
    assert two.redis.get("k") is None and not two.api.calls


def test_a_scope_with_other_characters_is_refused(subtests):
    for scope in ("a b", "a:b", "*", "a*", "a_b", "-", "[a]", "a/b", "\n", "{a}"):
        with subtests.test(repr(scope)), pytest.raises(ConfigError, match="scope"):
            connect(scope, quiet=True)


# Redis -----------------------------------------------------------------------------------------


@needs_redis8
def test_redis_url_means_that_server_and_the_line_says_so(
    redis8_server, redis8, monkeypatch, capsys
):
    monkeypatch.setenv("REDIS_URL", redis8_server.url)
    lab = connect("demo")
    lab.redis.set("k", "v")
    assert redis8().get("k") == b"v"
    out = capsys.readouterr().out
    assert f"Redis {redis8_server.version} at 127.0.0.1:" in out and "fakeredis" not in out


@needs_redis8
def test_no_password_is_ever_shown(monkeypatch, capsys):
    with start_redis() as server, quick(server.url) as admin:
        rights = {
            "enabled": True,
            "passwords": ["+" + SECRET],
            "keys": ["*"],
            "categories": ["+@all"],
        }
        admin.acl_setuser("someone", **rights)
        address = server.url.removeprefix("redis://")
        monkeypatch.setenv("REDIS_URL", f"redis://someone:{SECRET}@{address}?client_name={SECRET}")
        lab = connect()
        assert SECRET not in capsys.readouterr().out + repr(lab) + lab.description
        monkeypatch.setenv("REDIS_URL", f"redis://someone:{SECRET}x@{address}")
        with pytest.raises(CacheUnavailable, match="password") as caught:
            connect()
        assert SECRET not in str(caught.value)
        admin.config_set("requirepass", SECRET)
        monkeypatch.setenv("REDIS_URL", server.url)
        with pytest.raises(CacheUnavailable, match="password"):
            connect()


BROKEN_URLS = [
    f"http://:{SECRET}@127.0.0.1:1/0",
    f"redis://:{SECRET}@127.0.0.1:not-a-port/0",
    f"redis://:{SECRET}@127.0.0.1:99999/0",
    f"redis://:{SECRET}/x@127.0.0.1:1/0",  # a password that needed %2F
    f"redis://:a#{SECRET}@127.0.0.1:1/0",
    f"redis://127.0.0.1:1/0?password={SECRET}",
    f"redis://127.0.0.1:1/0?password={SECRET}&socket_timeout=soon",
    f"unix://:{SECRET}@/nowhere/redis.sock",
    f"127.0.0.1:1/{SECRET}",
    "nonsense",
]


def test_a_url_that_does_not_work_is_one_error_of_ours_without_the_password(monkeypatch, subtests):
    for url in BROKEN_URLS:
        with subtests.test(url):
            monkeypatch.setenv("REDIS_URL", url)
            with pytest.raises((ConfigError, CacheUnavailable)) as caught:
                connect()
            assert SECRET not in str(caught.value) and "REDIS_URL" in str(caught.value)


@needs_redis8
def test_a_lab_returns_bytes_or_is_refused_whatever_the_url_asks_for(
    redis8_server, redis8, monkeypatch, subtests
):
    redis8().set("k", "v")
    for value in ("True", "yes", "1", "False"):
        monkeypatch.setenv("REDIS_URL", f"{redis8_server.url}?decode_responses={value}")
        with subtests.test(value), contextlib.suppress(ConfigError):
            assert connect(quiet=True).redis.get("k") == b"v"


def test_a_dead_redis_is_tried_once_and_the_message_says_what_to_do(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("REDIS_URL", f"redis://{address}/0")
        with pytest.raises(CacheUnavailable, match=f"{address}.*(start|unset)"):
            connect()


def test_a_redis_that_never_answers_is_given_up_within_a_second(monkeypatch):
    module = importlib.import_module("semcache.lab.connect")  # the name is the function's too
    assert module.REDIS_SECONDS < 1
    monkeypatch.setattr(module, "REDIS_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{mute.getsockname()[1]}/0")
        with pytest.raises(CacheUnavailable, match="no Redis answers"):
            connect()
        mute.settimeout(0.2)
        mute.accept()
        with pytest.raises(TimeoutError):  # there was no second attempt
            mute.accept()


@needs_redis8
def test_the_labs_client_gives_up_as_fast_later_on(redis8_server, monkeypatch):
    monkeypatch.setenv("REDIS_URL", redis8_server.url)
    options = connect(quiet=True).redis.connection_pool.connection_kwargs
    assert options["socket_timeout"] < 1 and options["socket_connect_timeout"] < 1
    assert options["retry"].get_retries() == 0


# The scope -------------------------------------------------------------------------------------


@needs_redis8
def test_connect_clears_what_is_under_its_scope_and_nothing_else(
    redis8: Connect, redis8_server, monkeypatch, subtests
):
    monkeypatch.setenv("REDIS_URL", redis8_server.url)
    for scope in ("lesson02", "demo", "semcache", "课程", "a-b"):
        with subtests.test(scope):
            redis8().flushall()
            connect_clears_only(scope, redis8())


def connect_clears_only(scope: str, client: redis.Redis) -> None:
    others = [scope + "x", scope[:-1], "x" + scope, scope + "-b", scope + ":x", "other", "*"]
    kept = {f"{other}:key" for other in others if not f"{other}:".startswith(f"{scope}:")}
    kept |= {keys.scope_prefix(other) + "key" for other in others}
    kept |= {scope, f"{scope}-:key", f"semcache:1:{scope}", "semcache:1:{x}:key"}
    mine = {f"{scope}:naive", f"{scope}:a:b", keys.scope_prefix(scope) + "string:m:full:json:x"}
    client.mset(dict.fromkeys(kept | mine, "1"))
    try:
        connect(scope, quiet=True)
    except ConfigError:
        mine = set()  # a scope may also be refused, if nothing is lost
    assert {key.decode() for key in client.scan_iter()} >= kept
    assert not mine & {key.decode() for key in client.scan_iter()}


@needs_redis8
def test_without_a_scope_nothing_is_deleted(redis8: Connect, redis8_server, monkeypatch):
    client = redis8()
    client.mset({":key": 1, "key": 1, keys.scope_prefix("") + "key": 1})
    monkeypatch.setenv("REDIS_URL", redis8_server.url)
    connect(quiet=True).clear()
    assert client.dbsize() == 3


# Online ----------------------------------------------------------------------------------------


def test_online_works_with_any_compatible_server(monkeypatch, capsys):
    with http_api() as server:
        monkeypatch.setenv("SEMCACHE_ONLINE", "1")
        monkeypatch.setenv("OPENAI_API_KEY", SECRET)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("SEMCACHE_EMBEDDING_MODEL", "local-16")
        lab = connect("demo")
        assert lab.embedding_model == "local-16"
        assert lab.api.calls == []
        cache = EmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model, scope=lab.scope)
        for _ in range(2):
            assert (cache.get_embedding("hello") == vector_of("local-16", "hello", 16)).all()
        assert (cache.stats.hits, cache.stats.misses, cache.stats.tokens) == (1, 1, 1)
        ((path, authorization, body),) = server.requests
        assert path == "/v1/embeddings" and authorization == f"Bearer {SECRET}"
        assert body["input"] == ["hello"] and body["model"] == "local-16"
        assert lab.api.calls == [Call("embeddings", "local-16", ("hello",), 1, 200)]
        assert (lab.api.tokens, lab.api.call_count("embeddings")) == (1, 1)
        with pytest.raises(ConfigError, match="does not fail on request"):
            lab.api.fail(429)
        lab.api.reset()
        assert lab.api.tokens == 0
        lab.openai.close()
    out = capsys.readouterr().out
    assert "local-16" in out and server.base_url.split("/")[2] in out
    assert SECRET not in out + repr(lab) + repr(lab.openai) + lab.description


def test_online_counts_what_an_offline_api_would():
    with http_api() as server:
        online = OnlineAPI("none", server.base_url)
        with online.client() as client:
            client.embeddings.create(model="local-16", input=["hello", "world"])
            body = {"model": "local-16", "input": "Hi", "instructions": "Be brief."}
            client.post("/responses", body=body, cast_to=object)
    assert [call.inputs for call in online.calls] == [("hello", "world"), ("Be brief.", "Hi")]
    assert (online.call_count("embeddings"), online.call_count("responses")) == (1, 1)
    with pytest.raises(ConfigError, match="chat/completions"):
        online.call_count("chat")


def test_a_local_server_needs_no_key(monkeypatch):
    monkeypatch.setenv("SEMCACHE_ONLINE", "1")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://user:{SECRET}@127.0.0.1:1/v1?token={SECRET}")
    lab = connect(quiet=True)
    assert SECRET not in lab.description and "127.0.0.1:1" in lab.description


def test_online_without_a_key_says_what_to_set(monkeypatch):
    monkeypatch.setenv("SEMCACHE_ONLINE", "1")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        connect()


def test_online_defaults_are_openais_models(monkeypatch):
    monkeypatch.setenv("SEMCACHE_ONLINE", "1")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    lab = connect(quiet=True)
    assert (lab.embedding_model, lab.chat_model) == ("text-embedding-3-small", "gpt-4o-mini")
    assert "api.openai.com" in lab.description and SECRET not in lab.description


def test_a_key_alone_does_not_go_online(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    for value in ("", "0"):
        monkeypatch.setenv("SEMCACHE_ONLINE", value)
        assert isinstance(connect(quiet=True).api, OfflineAPI)


# Round trips and narration ---------------------------------------------------------------------


@pytest.mark.parametrize("server", ["fakeredis_", "redis8"])
def test_round_trips_are_counted_once_a_command_and_once_a_pipeline(server, request):
    client = request.getfixturevalue(server)()
    with round_trips(client) as trips:
        assert trips.count == 0
        client.set("a", 1)
        assert trips.count == 1
        client.mget("a", "b")
        for transaction in (True, False):
            client.pipeline(transaction=transaction).get("a").get("b").execute()
        assert trips.count == 4
        with pytest.raises(redis.ResponseError):
            client.lpush("a", 1)
        assert trips.count == 5
        list(client.scan_iter("*"))
        assert trips.count == 6
    client.get("a")
    assert trips.count == 6


def test_round_trips_can_be_counted_inside_each_other(fakeredis_):
    client = fakeredis_()
    with round_trips(client) as outer:
        client.get("a")
        with round_trips(client) as inner:
            client.get("a")
        client.get("a")
    assert (inner.count, outer.count) == (1, 3)
    with round_trips(client) as again:
        client.get("a")
    assert (again.count, outer.count) == (1, 3)


def test_round_trips_stop_being_counted_after_an_error(fakeredis_):
    client = fakeredis_()
    with pytest.raises(ZeroDivisionError), round_trips(client) as trips:
        client.get("a")
        raise ZeroDivisionError
    client.get("a")
    assert trips.count == 1


def test_narration_tells_the_story_on_stdout_until_turned_off(capsys):
    lab = connect(quiet=True)
    cache = EmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model)
    try:
        cache.get_embedding("What is Python?")
        assert capsys.readouterr() == ("", "")
        lab.narrate()
        lab.narrate()  # twice is once
        cache.get_embeddings_batch(["What is Python?", "What is Rust?"])
        out, err = capsys.readouterr()
        assert out.count("hit ") == 1 and out.count("miss ") == 1 and out.count("API ") == 1
        assert "'What is Rust?'" in out and not err
    finally:
        lab.narrate(False)
    cache.get_embedding("What is Python?")
    assert capsys.readouterr() == ("", "")
    assert not logging.getLogger("semcache").handlers


def test_warnings_are_collected_and_not_printed(capsys):
    lab = connect(quiet=True)
    told = lab.warnings()
    logging.getLogger("semcache").warning("Redis failed: %s", "no answer")
    logging.getLogger("semcache").info("hit")
    assert told == ["Redis failed: no answer"]
    assert capsys.readouterr() == ("", "")
