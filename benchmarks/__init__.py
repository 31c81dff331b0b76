"""Speed and memory of anello beside Calliope 0.6.10 and linopy: ``python -m benchmarks``."""
