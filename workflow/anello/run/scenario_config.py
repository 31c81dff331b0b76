"""The settings of one scenario: what its definition changes, and what it then has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from anello.coupling.config import CouplingConfig, waves_fault
from anello.optimise.solve.config import SolverConfig
from anello.present.report.config import FiguresConfig
from anello.ring.capital import RingCosts
from anello.ring.config import RingConfig
from anello.ring.plant_sizes import priced, to_choose
from anello.run.preprocess.config import DataConfig, QualityConfig
from anello.run.years import YearOfScenario, Years

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
SECTIONS = ("data", "quality", "ring", "ring_costs", "coupling", "solver", "figures")


class Strict(BaseModel):
    """Base of the settings: unknown keys are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")


class ScenarioDefinition(Strict):
    """What a scenario changes; everything it leaves out is as in the sections of the run."""

    description: str = Field("", description="For readers of the results.")
    model_scenario: str | None = Field(
        None, description="Scenario, override or comma list of overrides of the Calliope model."
    )
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the Calliope model, as an override would be."
    )
    data: dict[str, Any] = Field(default_factory=dict, description="Laid over the section `data`.")
    quality: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the section `quality`."
    )
    ring: dict[str, Any] = Field(default_factory=dict, description="Laid over the section `ring`.")
    ring_costs: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the section `ring_costs`."
    )
    coupling: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the section `coupling`."
    )
    solver: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the section `solver`."
    )
    figures: dict[str, Any] = Field(
        default_factory=dict, description="Laid over the section `figures`."
    )
    years: Years


class ScenarioConfig(Strict):
    """The settings of one scenario, with nothing left to merge."""

    name: Name
    description: str
    model_scenario: str | None
    overrides: dict[str, Any]
    data: DataConfig
    quality: QualityConfig
    ring: RingConfig
    ring_costs: RingCosts = Field(default_factory=RingCosts)
    coupling: CouplingConfig
    solver: SolverConfig
    figures: FiguresConfig
    year: YearOfScenario | None = None

    @model_validator(mode="after")
    def _operable(self) -> Self:
        one_temperature = self.ring.mode == "physical" and self.ring.model == "mixed"
        if self.coupling.operation is not None and not one_temperature:
            raise ValueError(
                "`coupling.operation` carries the ring from window to window as one temperature:"
                " needed are `ring.mode: physical` and `ring.model: mixed`"
            )
        return self

    @model_validator(mode="after")
    def _with_waves_of_a_plain_loop(self) -> Self:
        fault = waves_fault(self.ring, self.coupling)
        if fault is not None and self.coupling.method == "slp":
            raise ValueError(f"coupling.slp.loop_waves: {fault}")
        return self

    @model_validator(mode="after")
    def _with_priced_sizes(self) -> Self:
        if to_choose(self.ring):
            object.__setattr__(self, "ring", priced(self.ring, self.ring_costs))
        return self

    @model_validator(mode="after")
    def _seen_by_a_programme(self) -> Self:
        if self.ring.model == "two_pipe" and self.coupling.schedules_plant:
            raise ValueError(
                "no programme schedules the plant of `ring.model: two_pipe`, which answers to what "
                "heat pumps do: needed is `coupling.slp.balancing: deadband`, or `coupling.method: "
                "fixed_point` without `fixed_point.scheduled_balancing`"
            )
        return self


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes` laid over it.

    Mappings are merged key by key and all else is replaced. A mapping whose `kind` or `source`
    changes is replaced as well, since the other keys belong to the former kind.
    """
    for selector in ("kind", "source"):
        if selector in base and selector in changes and base[selector] != changes[selector]:
            return dict(changes)
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(old, value) if both else value  # type: ignore[arg-type]
    return merged
