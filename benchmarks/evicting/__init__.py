"""What a full Redis does to a cache: for benchmarks/eviction.py."""
