"""The numbers of a model, in one labelled dataset."""

from anello.model_data.data import ModelData

__all__ = ["ModelData"]
