"""Stands before the package of this name while the tests start: ``make test`` puts this folder on
PYTHONPATH.

The real one compiles a grammar of internet addresses when it is imported, two to three seconds of
processor time. jsonschema imports it if it is there, nbformat imports jsonschema, and every process
that runs pytest imports nbformat. No notebook has an address to check.
"""

raise ImportError("not needed to read notebooks")
