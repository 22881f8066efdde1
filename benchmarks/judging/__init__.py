"""Judge verifiers on other people's question pairs; see :mod:`benchmarks.truth`."""
