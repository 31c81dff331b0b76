"""What the coordinates of results mean, as attributes of a data set."""

from __future__ import annotations

COORDINATE_ATTRS: dict[str, dict[str, str]] = {
    "node": {"long_name": "Technology at a location, loc::tech"},
    "node_loc": {"long_name": "Location of the node"},
    "node_tech": {"long_name": "Technology of the node (transmission: technology:other location)"},
    "node_base": {"long_name": "Base technology that the node's technology descends from"},
    "node_remote": {"long_name": "Node at the other end of the link (transmission only)"},
    "loc": {"long_name": "Location"},
    "tech": {"long_name": "Technology (transmission: technology:other location)"},
    "carrier": {"long_name": "Energy carrier"},
    "cost_class": {"long_name": "Cost class"},
    "ring": {"long_name": "Ring"},
    "spore": {"long_name": "Number of the alternative; 0 is the cheapest system"},
    "device": {"long_name": "Device of the balancing plant"},
    "month": {"long_name": "Year and month"},
    "timestep": {
        "long_name": "Start of the time step",
        "standard_name": "time",
        "axis": "T",
    },
    "timestep_resolution": {"long_name": "Length of the time step", "units": "h"},
    "timestep_weight": {
        "long_name": "Number of like steps that this step stands for",
        "units": "1",
    },
    "timestep_cluster": {"long_name": "Cluster whose representative day the step belongs to"},
    "cluster": {"long_name": "Cluster of days"},
    "datestep": {"long_name": "Original day"},
    "datestep_cluster": {"long_name": "Cluster that the original day belongs to"},
}
