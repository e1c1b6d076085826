"""DeZero, which the bench runs beside ours, made to run on today's NumPy."""

import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent.parent / "dist" / "peers"  # where ./build.sh bench installs requirements.txt


def load_dezero() -> Any:
    """DeZero, or None where it is not installed.

    It imports Pillow and matplotlib, which only its pictures need, and uses names that NumPy has dropped.
    """
    if not (FOLDER / "dezero").is_dir():
        return None
    sys.path.append(str(FOLDER))
    for name in ("PIL", "PIL.Image", "matplotlib", "matplotlib.pyplot"):
        sys.modules.setdefault(name, ModuleType(name))
    image: Any = sys.modules["PIL.Image"]
    image.BILINEAR = 2
    sys.modules["PIL"].Image = image  # type: ignore[attr-defined]
    vars(np).setdefault("int", int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # it compares strings by identity
        import dezero

    return dezero
