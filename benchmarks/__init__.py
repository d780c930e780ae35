"""Measurements of saitama against other libraries in the same run: `python -m benchmarks [name ...]`."""
