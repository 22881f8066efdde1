"""The pieces of ``benchmarks/scaling.py``: what a large cache takes, computed from measurements."""
