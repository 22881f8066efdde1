"""``python -m semcache doctor`` checks this machine; ``evaluate FILE`` chooses a threshold."""

import argparse
import sys

from semcache.errors import SemcacheError
from semcache.evaluate import command as evaluate
from semcache.lab.doctor import doctor


def main() -> int:
    """Run the command named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m semcache", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="check Python, packages, model, Redis, API and disk")
    evaluate.add_arguments(
        commands.add_parser("evaluate", help="choose a threshold from labelled pairs")
    )
    options = parser.parse_args()
    if options.command == "doctor":
        return 1 if doctor() else 0
    try:
        evaluate.run(options)
    except SemcacheError as error:
        print(f"semcache: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
