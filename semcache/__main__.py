"""``python -m semcache doctor``: check this machine."""

import argparse
import sys

from semcache.doctor import doctor


def main() -> int:
    """Run the command named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m semcache", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="check Python, packages, model, Redis, API and disk")
    parser.parse_args()
    return 1 if doctor() else 0


if __name__ == "__main__":
    sys.exit(main())
