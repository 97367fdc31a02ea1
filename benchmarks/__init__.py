"""How fast the project is, how many calls it makes, and what it costs: `python -m benchmarks`."""
