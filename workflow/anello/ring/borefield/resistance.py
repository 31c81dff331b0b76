"""What lies between a borehole's wall and its fluid."""

from __future__ import annotations

from math import pi

from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.g_function import borehole_count
from anello.ring.fluid import mixture

TYPICAL_DEGC = 10.0
"""Temperature at which the fluid's properties are taken [°C]."""


def fluid_kj_per_kgk(config: BorefieldConfig) -> float:
    """Return the specific heat of the field's fluid [kJ/(kg·K)]."""
    return float(mixture(config.fluid, TYPICAL_DEGC).cp) / 1000.0


def borehole_resistance_mk_per_w(config: BorefieldConfig) -> float:
    """Return the effective resistance R_b* between wall and mean fluid.

    From the film in the pipes, their walls and the grout by the multipole method (Claesson and
    Hellström 2011), with the heat that passes from one leg to the other (Hellström 1991); the mean
    fluid is that of entering and leaving temperature.

    Parameters
    ----------
    config : BorefieldConfig
        The field.

    Returns
    -------
    float
        Resistance [m·K/W].
    """
    if config.resistance_mk_per_w is not None:
        return config.resistance_mk_per_w
    import pygfunction as gt

    pipes, fluid = config.pipes, mixture(config.fluid, TYPICAL_DEGC)
    tubes = 1 if pipes.tubes == "single" else 2
    flow = config.flow_kg_s / borehole_count(config)
    outer = pipes.outer_diameter_m / 2.0
    inner = outer - pipes.wall_thickness_m
    film = gt.pipes.convective_heat_transfer_coefficient_circular_pipe(
        flow / tubes, inner, fluid.mu, fluid.rho, fluid.k, fluid.cp, pipes.roughness_mm / 1000.0
    )
    to_pipe = 1.0 / (film * 2.0 * pi * inner)
    to_pipe += gt.pipes.conduction_thermal_resistance_circular_pipe(
        inner, outer, pipes.pipe_w_per_mk
    )
    borehole = gt.boreholes.Borehole(config.depth_m, config.buried_m, config.radius_m, 0.0, 0.0)
    shank = pipes.half_shank_m
    soil, grout = config.soil_w_per_mk, pipes.grout_w_per_mk
    if tubes == 1:
        tube = gt.pipes.SingleUTube(
            [(-shank, 0.0), (shank, 0.0)], inner, outer, borehole, soil, grout, to_pipe
        )
    else:
        tube = gt.pipes.MultipleUTube(
            [(-shank, 0.0), (0.0, -shank), (shank, 0.0), (0.0, shank)],
            inner,
            outer,
            borehole,
            soil,
            grout,
            to_pipe,
            nPipes=2,
            config="parallel",
        )
    return float(tube.effective_borehole_thermal_resistance(flow, fluid.cp))
