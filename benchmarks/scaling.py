"""Compute a plan for caches beyond one machine, and write it to benchmarks/scaling.md.

    python -m benchmarks.scaling                        seconds, from results/semantic_lookup.json
    python -m benchmarks.scaling --set node_gb=128      with an assumption of your own
    python -m benchmarks.scaling --print                only prints

Where that JSON does not exist, a small run measures the two indexes of semcache first.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks.report import RESULTS
from benchmarks.scale.inputs import measure, read
from benchmarks.scale.report import markdown
from semcache.capacity.plan import Assumptions

PLAN = Path(__file__).parent / "scaling.md"


def assumptions(changes: list[str]) -> Assumptions:
    """Return the assumptions with changes such as ``"node_gb=128"``.

    Raises:
        ValueError: There is no such assumption, or its value is no number.
    """
    given = Assumptions()
    for change in changes:
        name, _, value = change.partition("=")
        if not hasattr(given, name) or isinstance(getattr(Assumptions, name), property):
            raise ValueError(f"no assumption {name!r}: see semcache/capacity/plan.py")
        given = replace(given, **{name: type(getattr(given, name))(value)})
    return given


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=NUMBER", dest="changes")
    parser.add_argument("--print", "--quick", action="store_true", help="write nothing")
    options = parser.parse_args()
    lookups = RESULTS / "semantic_lookup.json"
    inputs = read(lookups) if lookups.exists() else measure()
    text = markdown(inputs, assumptions(options.changes))
    if not options.print:
        PLAN.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
