"""The pieces of ``benchmarks/request.py``: a whole request, from the question to the answer."""
