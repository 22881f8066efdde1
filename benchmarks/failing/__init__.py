"""What benchmarks/faults.py measures: stampedes, a Redis that hangs, many threads."""
