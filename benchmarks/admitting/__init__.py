"""Count what the rules of admission refuse; see :mod:`benchmarks.admission`."""
