"""The house: imports go downwards only, the library needs little, and no room is too large."""

import ast
import subprocess
import sys
from pathlib import Path

import semcache

ROOT = Path(semcache.__file__).parent
# A room may import from its own line and from those below it; small files are at the bottom.
FLOORS = [
    {"__main__"},
    {"course"},
    {"lab"},
    {"metrics"},
    {"client", "replay", "transfer"},
    {"answers", "evaluate", "sharing", "capacity"},
    {"guard", "index", "embedding"},
    {"codecs"},
]
LIBRARY = [
    *("metrics", "client", "replay", "transfer", "capacity", "answers", "evaluate", "sharing"),
    *("guard", "index", "embedding", "codecs"),
]
LINES = 300


def floor_of(room: str) -> int:
    """Which line of the list a room is on; the small files are below all."""
    return next((n for n, floor in enumerate(FLOORS) if room in floor), len(FLOORS))


def rooms_imported(path: Path) -> set[str]:
    """The rooms that a module imports, also inside functions; not for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "semcache":
                names |= {f"semcache.{alias.name}" for alias in node.names}
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    parts = [name.split(".") for name in names if name.startswith("semcache.")]
    return {part[1] for part in parts if (ROOT / part[1]).is_dir()}


def test_imports_go_downwards_only():
    upwards = []
    for path in sorted(ROOT.rglob("*.py")):
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if room == "__init__":  # the names of all rooms
            continue
        for other in rooms_imported(path) - {room}:
            same_floor = floor_of(other) == floor_of(room)
            if floor_of(other) < floor_of(room) or (same_floor and other in ("lab", "course")):
                upwards.append(f"{path.relative_to(ROOT)} imports {other}")
    assert not upwards


def test_no_module_of_the_library_is_longer_than_one_can_read():
    small = list(ROOT.glob("*.py"))
    modules = [*small, *(path for room in LIBRARY for path in (ROOT / room).rglob("*.py"))]
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert not {str(path): size for path, size in sizes.items() if size > LINES}


NEEDED = """
import sys
import redis, openai, numpy, cachetools
before = set(sys.modules)
import semcache
semcache.HybridLLMCache, semcache.AsyncHybridLLMCache, semcache.best_index
needed = {'semcache', 'redis', 'openai', 'numpy', 'cachetools'}
brought = {name.partition('.')[0] for name in set(sys.modules) - before} - needed
print(sorted(brought - set(sys.stdlib_module_names)))
"""


def test_the_library_imports_nothing_but_redis_openai_numpy_and_cachetools():
    done = subprocess.run(
        [sys.executable, "-c", NEEDED], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]", done.stdout


COUNTED = """
import sys
import semcache
print(*(name for name in sys.modules if name.partition('.')[0] == 'semcache'))
"""
AT_FIRST_USE = {
    *("lab", "client", "evaluate", "guard", "metrics", "sharing.admission", "sharing.injection"),
    *("sharing.excess", "index.vectorset", "index.query_engine", "index.scan"),
    *("embedding.compressed", "embedding.hash", "embedding.tiered"),
}
AT_MOST = 88  # modules; each costs about a millisecond


def test_what_few_need_is_imported_at_first_use():
    done = subprocess.run(
        [sys.executable, "-c", COUNTED], capture_output=True, text=True, check=True
    )
    brought = set(done.stdout.split())
    assert not {name for name in brought if name.removeprefix("semcache.") in AT_FIRST_USE}
    assert 40 < len(brought) <= AT_MOST, sorted(brought)


def test_what_others_import_is_listed_by_its_module():
    trees = {
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts): ast.parse(
            path.read_text("utf-8")
        )
        for path in ROOT.rglob("*.py")
    }
    listed = {name: _listed(tree) for name, tree in trees.items()}
    hidden = [
        f"{name} imports {node.module}.{alias.name}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and listed.get(node.module)
        for alias in node.names
        if alias.name not in listed[node.module]
    ]
    assert not hidden


def _listed(tree: ast.Module) -> set[str]:
    """The names in a module's list of public ones."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def test_every_public_name_is_there_when_it_is_asked_for_and_is_listed():
    for package in (semcache, semcache.sharing, semcache.index, semcache.embedding):
        assert set(package.__all__) <= set(dir(package))
        for name in package.__all__:
            assert getattr(package, name) is not None
        assert not hasattr(package, "nothing")


def test_what_the_lessons_stand_on_is_there_when_it_is_asked_for():
    assert {"connect", "Lab", "Scenario"} <= set(dir(semcache))
    assert semcache.connect(quiet=True).embedding_model == "multilingual-e5-small"
