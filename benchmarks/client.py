"""Measure what the cached client costs beside HybridLLMCache and beside the client itself.

    python -m benchmarks.client              some seconds; writes benchmarks/results/client.md
    python -m benchmarks.client --quick      fewer rounds; only prints

An exact hit through ``semcache.cached(OpenAI(), ...)`` is a lookup, and the work of the ``openai``
client, which makes a request of the arguments and an object of the reply. Both are measured by
themselves in the same run, in turns: the same hit of HybridLLMCache, and a client over a transport
that answers at once.
"""

import argparse
import json
import random
import time
from collections.abc import Callable
from typing import Any

import httpx2
import openai

from benchmarks.measure import Timing
from benchmarks.report import RESULTS, Target, environment, table
from semcache import HybridLLMCache, cached, redis_client
from semcache.lab.offline import OfflineAPI
from semcache.lab.offline.model import EMBEDDING_MODEL
from semcache.lab.redis_server import start_redis

PACKAGES = ("semcache-course", "redis", "hiredis", "openai", "httpx2")
QUESTION, MODEL = "What is Python?", "offline-mini"
REQUEST: dict[str, Any] = {
    "model": MODEL,
    "messages": [{"role": "user", "content": QUESTION}],
}
HIT, BARE, THROUGH = "HybridLLMCache", "the client alone", "the cached client"
TURN = 5  # of which the first is not counted: it finds the caches as another left them


def subjects(url: str) -> dict[str, Callable[[], object]]:
    """Return the three calls, each made once so that it is a hit."""
    redis, api = redis_client(url), OfflineAPI()
    options: dict[str, Any] = {"embedding_model": EMBEDDING_MODEL, "threshold": 0.87}
    hybrid = HybridLLMCache(redis, api.client(), scope="hybrid", **options)
    client = cached(api.client(), redis, scope="client", **options)
    reply = api.client().chat.completions.create(**REQUEST).model_dump_json().encode()
    bare = at_once(reply)
    calls: dict[str, Callable[[], object]] = {
        HIT: lambda: hybrid.get_or_generate(QUESTION, model=MODEL),
        BARE: lambda: bare.chat.completions.create(**REQUEST),
        THROUGH: lambda: client.chat.completions.create(**REQUEST),
    }
    for call in calls.values():
        call()
    return calls


def at_once(reply: bytes) -> openai.OpenAI:
    """A client whose transport answers at once."""
    headers = {"content-type": "application/json"}
    transport = httpx2.MockTransport(
        lambda request: httpx2.Response(200, headers=headers, content=reply)
    )
    return openai.OpenAI(
        api_key="none",
        base_url="http://offline.invalid/v1",
        http_client=openai.DefaultHttpxClient(transport=transport),
    )


def run(rounds: int) -> dict[str, Any]:
    """Measure all three, in turns of random order."""
    with start_redis() as server:
        calls = subjects(server.url)
        timings = {name: Timing() for name in calls}
        shuffled = random.Random(7)
        for _ in range(rounds):
            for name in shuffled.sample(list(calls), len(calls)):
                timings[name].seconds += [_seconds(calls[name]) for _ in range(TURN)][1:]
    medians = {name: timing.median for name, timing in timings.items()}
    ratio = medians[THROUGH] / (2 * medians[HIT] + medians[BARE])
    target = Target("through the client, against two hits and the client alone", ratio, 1, True)
    return {
        "environment": environment(server.version, PACKAGES),
        "rounds": rounds * (TURN - 1),
        "medians": medians,
        "target": target.as_dict(),
    }


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def markdown(result: dict[str, Any]) -> str:
    """Return the table and what was measured where."""
    rows = [[name, f"{seconds * 1e6:,.0f}"] for name, seconds in result["medians"].items()]
    target = result["target"]
    verdict = [target[name] for name in ("what", "promise", "measured", "verdict")]
    where = "; ".join(f"{k} {v}" for k, v in result["environment"].items())
    return "\n".join(
        [
            *table(["an exact hit", "median, us"], rows),
            "",
            *table(["", "promised", "measured", ""], [verdict]),
            "",
            f"{result['rounds']:,} calls each, in turns. {where}",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds; write nothing")
    options = parser.parse_args()
    result = run(20 if options.quick else 400)
    text = markdown(result)
    print(text)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "client.json").write_text(json.dumps(result, indent=2) + "\n")
        (RESULTS / "client.md").write_text(f"# The cached client\n\n{text}\n")


if __name__ == "__main__":
    main()
