"""What every command has in common: its exit codes, and where they are told."""

import argparse
from typing import Any

import openai

from semcache.__main__ import _COMMANDS
from semcache.errors import BadResponse, CacheUnavailable, ConfigError, InvalidInput

NEEDED = {
    "doctor": [],
    "pairs": ["log.csv"],
    "label": ["pairs.csv"],
    "evaluate": ["pairs.csv"],
    "plan": [],
    "replay": ["log.csv"],
    "capacity": ["--questions-a-day", "1", "--ttl", "1"],
    "warm": ["log.csv", "--scope", "shop"],
    "export": ["shop", "scope.jsonl"],
    "import": ["scope.jsonl", "shop"],
    "progress": [],
}
OURS = {
    ConfigError: 2,
    InvalidInput: 2,
    OSError: 2,
    BadResponse: 1,
    CacheUnavailable: 1,
    openai.OpenAIError: 1,
}


def test_all_commands_are_gone_through():
    assert set(NEEDED) == set(_COMMANDS)


def test_what_cannot_be_used_is_2_and_what_failed_is_1_whatever_the_command(call, monkeypatch):
    def found(command: str, error: type[Exception]) -> tuple[int, str, str]:
        def fail(options: argparse.Namespace) -> Any:
            raise error("not so")

        monkeypatch.setitem(_COMMANDS, command, fail)
        return call(command, *NEEDED[command])

    wrong = [
        (command, error.__name__, said)
        for command in NEEDED
        for error, code in OURS.items()
        if (said := found(command, error)) != (code, "", "semcache: not so\n")
    ]
    assert wrong == []


def test_what_was_done_is_0_and_a_wrong_command_line_2(call, monkeypatch):
    for command in NEEDED:
        monkeypatch.setitem(_COMMANDS, command, lambda options: None)
    right = {command: call(command, *words) for command, words in NEEDED.items()}
    wrong = {command: call(command, *words, "--no-such")[0] for command, words in NEEDED.items()}
    assert {command: said for command, said in right.items() if said != (0, "", "")} == {}
    assert {command: code for command, code in wrong.items() if code != 2} == {}


def test_help_tells_the_exit_codes(call):
    silent = [
        command
        for command in ["--help", *NEEDED]
        if command not in ("doctor", "progress")  # which take nothing that could be wrong
        and "Exit code 0: done" not in " ".join(call(command, "--help")[1].split())
    ]
    assert silent == []
