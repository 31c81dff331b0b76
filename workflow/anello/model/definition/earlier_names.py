"""What earlier releases of Calliope 0.6 wrote otherwise, read as what it became."""

from __future__ import annotations

from anello.model.schema.report import Report
from anello.model.schema.tree import Tree

_GROUP_LIMITS = {
    f"supply_share{per}_{limit}": (f"carrier_prod_share{per}_{limit}", "0.6.5")
    for per in ("", "_per_timestep")
    for limit in ("min", "max", "equals")
}
_ESSENTIALS = {"primary_carrier": ("primary_carrier_out", "0.6.2")}
_ESSENTIALS_OFF = frozenset(
    {"color", "primary_carrier_in", "primary_carrier_out"}
    | {f"carrier_{side}{tier}" for side in ("in", "out") for tier in ("", "_2", "_3")}
)
_CONSTRAINTS_OFF = frozenset(
    {
        "carrier_ratios",
        "charge_rate",
        "energy_cap_equals",
        "energy_cap_equals_systemwide",
        "energy_cap_min_use",
        "energy_cap_per_storage_cap_equals",
        "energy_cap_per_storage_cap_max",
        "energy_cap_per_storage_cap_min",
        "energy_cap_per_unit",
        "energy_ramping",
        "export_carrier",
        "resource_area_equals",
        "resource_area_per_energy_cap",
        "resource_cap_equals",
        "resource_min_use",
        "storage_cap_equals",
        "storage_cap_per_unit",
        "units_equals",
        "units_equals_systemwide",
        "units_max",
        "units_max_systemwide",
        "units_min",
    }
)
_GROUPS_OFF = frozenset({"energy_cap_share_equals", "energy_cap_equals", "resource_area_equals"})


def read_earlier_names(tree: Tree, report: Report) -> None:
    """Rename what earlier releases called otherwise, in place, with a note for each name.

    Parameters
    ----------
    tree : Tree
        The composed configuration, or one file or override of it.
    report : Report
        Receives the notes, and an error where a value stands below both names.
    """
    for name, group in tree.section("group_constraints").items():
        if isinstance(group, Tree):
            _rename(group, _GROUP_LIMITS, f"group_constraints.{name}", report)
            _switch_off(group, _GROUPS_OFF, f"group_constraints.{name}", report)
    for section in ("tech_groups", "techs"):
        for name, tech in tree.section(section).items():
            _rename_in_technology(tech, f"{section}.{name}", report)
    for section in ("locations", "links"):
        for name, place in tree.section(section).items():
            techs = place.section("techs") if isinstance(place, Tree) else Tree()
            for tech, own in techs.items():
                _rename_in_technology(own, f"{section}.{name}.techs.{tech}", report)


def _rename_in_technology(tech: object, path: str, report: Report) -> None:
    if not isinstance(tech, Tree):
        return
    essentials, constraints = tech.section("essentials"), tech.section("constraints")
    _rename(essentials, _ESSENTIALS, f"{path}.essentials", report)
    _switch_off(essentials, _ESSENTIALS_OFF, f"{path}.essentials", report)
    _switch_off(constraints, _CONSTRAINTS_OFF, f"{path}.constraints", report)
    if constraints.get("resource_unit") == "power":
        report.error(
            "`power` was removed in Calliope 0.6.3",
            key=f"{path}.constraints.resource_unit",
            mark=constraints.mark("resource_unit"),
            suggestion="Write `energy`, which means the energy of each step [kWh]: with steps of"
            " one hour the numbers stay, with others multiply them by the hours of a step",
        )
        del constraints["resource_unit"]


def _switch_off(part: Tree, names: frozenset[str], path: str, report: Report) -> None:
    """Read ``false`` as the null it became, where it switched something off."""
    for key in [key for key, value in part.items() if value is False and key in names]:
        part[key] = None
        report.warn(
            "`false` is read as null, which switches this off since Calliope 0.6.8",
            key=f"{path}.{key}",
            mark=part.mark(key),
            suggestion="Write `null`",
        )


def _rename(part: Tree, names: dict[str, tuple[str, str]], path: str, report: Report) -> None:
    for old in [key for key in part if key in names]:
        new, release = names[old]
        mark, value = part.mark(old), part.pop(old)
        if new in part:
            report.error(
                f"is the name that `{new}` had before Calliope {release}, and both are given",
                key=f"{path}.{old}",
                mark=mark,
                suggestion=f"Keep `{new}` alone",
            )
            continue
        part.put(new, value, mark)
        report.warn(
            f"is read as `{new}`, its name since Calliope {release}",
            key=f"{path}.{old}",
            mark=mark,
            suggestion=f"Write `{new}`",
        )
