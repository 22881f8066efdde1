import os

os.environ["SEMCACHE_PROGRESS"] = "off"  # outputs must not depend on what someone has solved

pytest_plugins = ["strict_nbval"]  # tests/strict_nbval.py; a third conftest.py would hide tests'
