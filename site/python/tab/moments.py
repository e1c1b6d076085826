"""A model as it was at moments of its training, to look back at."""

from __future__ import annotations

from typing import Any

from pyconvlite import Model
from pyconvlite.utils import Array
from tab.training import build

GROWTH = 1.08  # times the images until the next moment: the first ones, when most is learnt, are the closest
MOST_BYTES = 100_000_000  # of all Parameters that are kept: a large model has fewer moments
LONGEST = 6_000_000  # images of a run: what the page allows, 100 epochs of all of MNIST


def growth(size: int) -> float:
    """Times the images until the next moment, for Parameters of so many bytes.

    Beside 0 and the first step, a run of n images has at most log(n) / log(growth) moments.
    """
    return max(GROWTH, LONGEST ** (1 / max(1, MOST_BYTES // size - 2)))


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
        kept = {name: param.data for name, param in model.named_params()}
        self.kept.append(kept)
        self._due = samples * growth(sum(array.nbytes for array in kept.values()))
        return True

    def at(self, index: int, model: Any) -> Model:
        """A model of the same make as it was at a moment; itself where that moment is gone."""
        if index >= len(self.kept):
            return model
        if self._shown is None or self._shown[0] != index:
            former = build(model.make, model.classes)
            for name, param in former.named_params():
                param.data = self.kept[index][name]
            self._shown = index, former
        return self._shown[1]
