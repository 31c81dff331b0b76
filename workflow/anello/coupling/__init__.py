"""Bringing dispatch and ring together: iterations, convergence, and what to say when they fail."""
