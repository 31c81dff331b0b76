"""Buildings of one use do not peak together: each does things a little earlier or later."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from anello.district.buildings import Buildings


def shifts_hours(
    groups: Sequence[Buildings], place: str, std_hours: float, seed: int
) -> list[dict[int, int]]:
    """Return how many buildings of each group are so many hours later than their use's profile.

    The shift of each building is drawn from a normal distribution, less the mean of all buildings
    of its use at the location, and rounded to hours, as the series are hourly. One building alone
    is therefore never shifted.

    Parameters
    ----------
    groups : sequence of Buildings
        The groups of one location.
    place : str
        Its name, so that each location gets shifts of its own.
    std_hours : float
        Standard deviation [h]; 0 shifts nobody.
    seed : int
        Seed of the district.

    Returns
    -------
    list of dict of int to int
        For each group the number of its buildings by shift [h].
    """
    found: list[dict[int, int]] = [{0: group.count} for group in groups]
    if not std_hours:
        return found
    for use in {group.use: None for group in groups}:
        members = [index for index, group in enumerate(groups) if group.use == use]
        counts = [groups[index].count for index in members]
        names = [zlib.crc32(name.encode()) for name in (place, use)]
        drawn = np.random.default_rng([seed, *names]).normal(0.0, std_hours, sum(counts))
        hours = np.rint(drawn - drawn.mean()).astype(int)
        for index, own in zip(members, np.split(hours, np.cumsum(counts)[:-1]), strict=True):
            found[index] = dict(sorted(Counter(own.tolist()).items()))
    return found
