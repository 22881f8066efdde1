"""Where the course's data lies, and how a file of it is read."""

import json
from pathlib import Path
from typing import Any

from semcache.errors import ConfigError

__all__ = ["FOLDER", "read_rows"]

FOLDER = Path(__file__).parents[2] / "data"


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSON Lines file, in the order of its lines.

    Raises:
        ConfigError: There is no such file; the message says where the data comes from.

    Example:
        >>> read_rows(FOLDER / "phrasings.jsonl")[0]["intent"]
        'reset-password'
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {path}: the data comes with a clone of the repository, not with an "
            "installed wheel. Run from a clone, after `pip install -e .` in it"
        ) from error
    # Not splitlines(): that would also cut at the line separators a user may type inside a text.
    return [json.loads(line) for line in text.split("\n") if line]
