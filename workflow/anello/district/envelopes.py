"""What the classes of insulation stand for."""

from __future__ import annotations

from dataclasses import dataclass

from anello.district.buildings import Insulation


@dataclass(frozen=True)
class Envelope:
    """What an insulation class stands for.

    Parameters
    ----------
    opaque_w_m2k, window_w_m2k : float
        Thermal transmittances [W/(m2 K)].
    solar_share : float
        Share of the irradiance on the glass that enters, with blinds and frames.
    air_changes_per_hour : float
        Air change that is not recovered, where nothing is said of people's fresh air [1/h].
    leakage_per_hour : float
        Air change through leaks, where people's fresh air comes on top [1/h].
    heat_recovery : float
        Share of the heat in used air that is recovered from it [-].
    """

    opaque_w_m2k: float
    window_w_m2k: float
    solar_share: float
    air_changes_per_hour: float
    leakage_per_hour: float
    heat_recovery: float


# ASSUME: typical of Italian stock: nzeb after 2016, good 2005-2015, average 1976-2004, poor before.
# Recovery: EU regulation 1253/2014 asks for 73 % since 2018, of which three quarters come about in
# use; the older the stock, the fewer buildings have it.
ENVELOPES: dict[Insulation, Envelope] = {
    "nzeb": Envelope(0.20, 1.3, 0.30, 0.25, 0.08, 0.55),
    "good": Envelope(0.34, 1.8, 0.34, 0.40, 0.15, 0.40),
    "average": Envelope(0.70, 2.8, 0.38, 0.55, 0.22, 0.20),
    "poor": Envelope(1.20, 4.6, 0.42, 0.70, 0.30, 0.10),
}
