"""Figures, the report of a run, and plots of a model."""
