"""Fewer time steps: resampling, representative days, steps kept by masks, steps dropped."""

from anello.model.time_reduction.apply import reduce_time

__all__ = ["reduce_time"]
