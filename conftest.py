import os

os.environ["SEMCACHE_PROGRESS"] = "off"  # outputs must not depend on what someone has solved

# tests/strict_nbval.py and tests/workers.py; a third conftest.py would hide tests'
pytest_plugins = ["strict_nbval", "workers"]
