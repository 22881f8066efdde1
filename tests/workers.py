"""What several workers (``pytest -n 3 --dist loadscope``) are given, and in which order.

A scope is what one worker runs from its start to its end: a module of tests, or a lesson on one
server, whose cells need one kernel. The long ones come first, so that no worker is left with one
of them at the end while the other has nothing to do. Without workers the order is pytest's.
"""

import gc

# What takes longest, from a run with --durations; the lessons on each server come before these.
LONG = (
    "test_lessons",
    "test_site",
    "test_course_mutants",
    "test_contract",
    "test_course_nbval",
    "test_evaluate",
)


def pytest_collection_finish():
    """Collected tests stay to the end: the garbage collector need not go through them each time."""
    gc.freeze()


def pytest_configure(config):
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False  # by the number of tests: a cell is no test


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)  # stable: within a scope the order stays


def _turn(item):
    if item.path.suffix == ".ipynb":
        return -1
    name = item.path.stem
    return LONG.index(name) if name in LONG else len(LONG)
