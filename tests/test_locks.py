"""Locks, and the turnstile that lets threads in one after the other."""

import signal
import threading
import time

import pytest

from semcache.locks import Turnstile


def waiting(turnstile: Turnstile, number: int) -> None:
    """Return once so many threads wait."""
    while len(turnstile._waiting) < number:
        time.sleep(0.001)


def test_who_asked_first_comes_first_and_nobody_comes_back_past_them():
    turnstile, entered = Turnstile(1), []
    assert turnstile.enter(timeout=1)

    def come(number):
        if turnstile.enter(timeout=10):
            entered.append(number)
            turnstile.leave()

    threads = [threading.Thread(target=come, args=(number,)) for number in range(5)]
    for number, thread in enumerate(threads, 1):
        thread.start()
        waiting(turnstile, number)
    turnstile.leave()
    assert turnstile.enter(timeout=10), "and who has left waits behind the others"
    assert entered == [0, 1, 2, 3, 4]
    for thread in threads:
        thread.join()


def test_who_gives_up_waiting_takes_no_place():
    turnstile = Turnstile(2)
    assert turnstile.enter(0) and turnstile.enter(0)
    assert not turnstile.enter(timeout=0.01) and not turnstile._waiting
    turnstile.leave()
    turnstile.leave()
    assert [turnstile.enter(0) for _ in range(3)] == [True, True, False]


def test_who_is_called_in_the_moment_of_giving_up_has_the_place():
    """The place was handed on: it would be lost if that thread said that it had none."""
    turnstile, said = Turnstile(1), []
    turnstile.enter(0)
    thread = threading.Thread(target=lambda: said.append(turnstile.enter(timeout=0.02)))
    thread.start()
    waiting(turnstile, 1)
    with turnstile._lock:  # it runs out of time and cannot yet say so
        time.sleep(0.05)
        turnstile._waiting.popleft().release()
    thread.join()
    assert said == [True]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer on this system")
def test_who_is_interrupted_while_waiting_loses_nobody_a_place():
    """As by the stop button of a notebook."""

    def stop(*_):
        raise KeyboardInterrupt

    turnstile = Turnstile(1)
    turnstile.enter(0)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            turnstile.enter(timeout=10)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    turnstile.leave()
    assert turnstile.enter(0) and not turnstile._waiting
