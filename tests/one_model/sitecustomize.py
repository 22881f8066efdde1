"""Python imports this file when its folder is on PYTHONPATH."""

import embedded_once  # noqa: F401
