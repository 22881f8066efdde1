"""The turnstiles that let threads, or tasks, ask Redis one after the other."""

import asyncio
import signal
import threading
import time

import pytest

from semcache.turnstiles import FIRST, PACE, LoopTurnstile, Turnstile


def waiting(turnstile: Turnstile, number: int) -> None:
    """Return once so many threads wait."""
    while len(turnstile._waiting) < number:
        time.sleep(0.001)


def test_who_asked_first_comes_first_and_nobody_comes_back_past_them():
    turnstile, entered = Turnstile(1), []
    assert turnstile.enter(patience=1)

    def come(number):
        if turnstile.enter(patience=10):
            entered.append(number)
            turnstile.leave()

    threads = [threading.Thread(target=come, args=(number,)) for number in range(5)]
    for number, thread in enumerate(threads, 1):
        thread.start()
        waiting(turnstile, number)
    turnstile.leave()
    assert turnstile.enter(patience=10), "and who has left waits behind the others"
    assert entered == [0, 1, 2, 3, 4]
    for thread in threads:
        thread.join()


def test_who_gives_up_waiting_takes_no_place():
    turnstile = Turnstile(2)
    assert turnstile.enter(0) and turnstile.enter(0)
    assert not turnstile.enter(patience=0.01) and not turnstile._waiting
    turnstile.leave()
    turnstile.leave()
    assert [turnstile.enter(0) for _ in range(3)] == [True, True, False]


def test_who_is_called_in_the_moment_of_giving_up_has_the_place():
    """The place was handed on: it would be lost if that thread said that it had none."""
    turnstile, said = Turnstile(1), []
    turnstile.enter(0)
    thread = threading.Thread(target=lambda: said.append(turnstile.enter(patience=0.02)))
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
            turnstile.enter(patience=10)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    turnstile.leave()
    assert turnstile.enter(0) and not turnstile._waiting


def test_who_waits_in_a_queue_that_moves_does_not_give_up():
    turnstile, said = Turnstile(1), []
    turnstile.enter(0)
    thread = threading.Thread(target=lambda: said.append(turnstile.enter(patience=0.2)))
    others = [threading.Thread(target=lambda: turnstile.enter(10)) for _ in range(6)]
    for number, one in enumerate([*others, thread], 1):
        one.start()
        waiting(turnstile, number)
    for _ in range(7):
        time.sleep(0.08)
        turnstile.leave()
    thread.join()
    assert said == [True], "it has waited nearly three times as long as it is patient"


async def enter(turnstile: LoopTurnstile, patience: float) -> bool:
    return turnstile.is_free() or await turnstile.enter(patience)


def test_tasks_come_in_order_wait_while_the_queue_moves_and_give_up_when_it_stands():
    async def main() -> None:
        turnstile, entered = LoopTurnstile(1), []

        async def come(number: int) -> None:
            assert await enter(turnstile, patience=0.2)
            entered.append(number)
            await asyncio.sleep(0.08)
            turnstile.leave()

        await asyncio.gather(*map(come, range(6)))
        assert entered == [0, 1, 2, 3, 4, 5]
        assert await enter(turnstile, 0)
        assert not await enter(turnstile, 0.02) and not turnstile._waiting

        gone = asyncio.create_task(enter(turnstile, 10))
        late = asyncio.create_task(enter(turnstile, 10))
        await asyncio.sleep(0)
        turnstile.leave()  # calls the one that is cancelled before it hears of it
        gone.cancel()
        await asyncio.wait([gone], timeout=1)
        assert gone.cancelled() and await late, "its place is for the next"
        gone = asyncio.create_task(enter(turnstile, 10))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone], timeout=1)
        turnstile.leave()
        assert turnstile.is_free(), "nobody waits any more"

    asyncio.run(main())


def test_a_loop_that_was_held_up_takes_no_turn_from_those_who_wait():
    async def main() -> bool:
        turnstile = LoopTurnstile(1)
        assert turnstile.is_free()
        waits = asyncio.create_task(turnstile.enter(patience=0.1))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.12, turnstile.leave)
        time.sleep(0.11)
        return await waits

    assert asyncio.run(main())


def test_a_loop_makes_few_connections_at_once_and_more_where_it_is_served():
    async def main() -> list[int]:
        turnstile, inside = LoopTurnstile(FIRST + 10), []
        assert all(turnstile.is_free() for _ in range(FIRST)) and not turnstile.is_free()
        waits = [asyncio.create_task(turnstile.enter(10)) for _ in range(500)]
        await asyncio.sleep(0)
        for served in [*[True] * 20 * PACE, *[False] * 80]:
            turnstile.leave(served)
            inside.append(turnstile._inside)
        for task in waits:
            task.cancel()
        return inside

    inside = asyncio.run(main())
    assert inside[PACE - 2 : PACE] == [FIRST, FIRST + 1], "one more when some were served"
    assert max(inside) == FIRST + 10
    assert inside[-1] == FIRST, "and few again after a failure"
