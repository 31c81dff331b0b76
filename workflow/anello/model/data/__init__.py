"""The numbers of a model, in one labelled dataset."""

from anello.model.data.data import ModelData

__all__ = ["ModelData"]
