"""Transforms, which a Dataset applies to each example (book step 49).

Convert, Resize, ResizeShorterSide, ExifTranspose, CenterCrop, ToArray and ToPIL need Pillow and work on its
images; the others take arrays. Random transforms draw from the generator that `pyconvlite.seed` sets.
"""

from .arrays import AsType, Flatten, Normalize, ToFloat, ToInt
from .color import ColorJitter
from .compose import Compose
from .images import CenterCrop, Convert, ExifTranspose, Resize, ResizeShorterSide, ToArray, ToPIL
from .moving import RandomCrop, RandomHorizontalFlip, RandomRotation, RandomShift

__all__ = [
    "AsType",
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "Convert",
    "ExifTranspose",
    "Flatten",
    "Normalize",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomRotation",
    "RandomShift",
    "Resize",
    "ResizeShorterSide",
    "ToArray",
    "ToFloat",
    "ToInt",
    "ToPIL",
]
