"""Where a run's model and series come from, and what happens to faults in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from anello.base.settings import Strict
from anello.model.quality.config import QualityConfig

__all__ = ["DataConfig", "EmbeddedData", "FolderData", "Iccep2019Data", "QualityConfig"]


class EmbeddedData(Strict):
    """A district that anello computes from a description."""

    source: Literal["embedded"] = Field(description="`embedded`: computed from a description.")
    district: Path | None = Field(
        default=None, description="YAML file that describes the district; anello's own by default."
    )
    changes: dict[str, Any] = Field(
        default_factory=dict,
        description="Laid over the description, for example another seed or a heat wave.",
    )


class FolderData(Strict):
    """A model folder in Calliope 0.6's format."""

    source: Literal["folder"] = Field(description="`folder`: a model folder of yours.")
    model: Path = Field(description="The model's main YAML file.")
    root: Path | None = Field(
        default=None,
        description="Folder that the model's paths may not leave; the main file's by default.",
    )
    strict: bool = Field(
        default=True,
        description="Whether settings that nothing reads are errors; otherwise they are warnings.",
    )
    time_modules: list[str] = Field(
        default_factory=list,
        description="Python modules whose functions and masks the model's `model.time` may name. "
        "None by default, as a model file may not run code unasked.",
    )
    start_cop: dict[str, str] = Field(
        default_factory=dict,
        description="For each COP file that the model names but the folder lacks, the file beside "
        "it that stands in for it in the first iteration.",
    )


class Iccep2019Data(Strict):
    """The authors' files of the ICCEP 2019 study, retrieved at a pinned commit."""

    source: Literal["iccep2019"] = Field(
        description="`iccep2019`: the authors' repository files, each checked against its SHA-256."
    )
    model_folder: Literal["baseline", "smart"] = Field(
        default="smart", description="Which of the authors' two model folders."
    )
    folder: Path | None = Field(
        default=None,
        description="A local folder with `baseline/` and `smart/` in place of a download; the "
        "environment variable ANELLO_ICCEP2019 serves as well.",
    )
    manifest: Path = Field(
        default=Path("data/iccep2019/manifest.yaml"),
        description="The list of files with their checksums, in the working folder or else beside "
        "the workflow.",
    )
    start_cop: dict[str, str] = Field(
        default={
            "cop_dhw.csv": "cop_dhw_start.csv",
            "cop_sh.csv": "cop_sh_start.csv",
            "cop_co.csv": "cop_co_start.csv",
        },
        description="For each COP file that the model names, the one that stands in for it in the "
        "first iteration.",
    )


DataConfig = Annotated[
    EmbeddedData | FolderData | Iccep2019Data,
    Field(discriminator="source", description="Where the model and its series come from."),
]
