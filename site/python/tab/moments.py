"""A model as it was at moments of its training, to look back at."""

from __future__ import annotations

from pyconvlite import Model
from pyconvlite.utils import Array
from tab.training import build

GROWTH = 1.08  # times the images until the next moment: the first ones, when most is learnt, are the closest


class Moments:
    """The Parameters at some moments, oldest first.

    They are not copied: training gives a Parameter a new array and leaves the old one as it is.
    """

    def __init__(self) -> None:
        self.kept: list[dict[str, Array]] = []
        self._due = 0.0
        self._shown: tuple[int, Model] | None = None

    def keep(self, model: Model, samples: int) -> bool:
        """Keep the Parameters after so many images, if a moment is due; tell whether it was."""
        if samples < self._due:
            return False
        self.kept.append({name: param.data for name, param in model.named_params()})
        self._due = samples * GROWTH
        return True

    def at(self, index: int, model: Model) -> Model:
        """A model of the same make as it was at a moment."""
        if self._shown is None or self._shown[0] != index:
            former = build(model.make, model.classes)
            for name, param in former.named_params():
                param.data = self.kept[index][name]
            self._shown = index, former
        return self._shown[1]
