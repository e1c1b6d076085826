"""Photographs, fetched at set-up from PyPI."""

import io
import zipfile

SCIKIT_IMAGE = "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af"
FOR_ANY_MACHINE = ("--platform=manylinux_2_28_x86_64", "--python-version=3.11")


def photograph(name):
    """A Pillow image of scikit-image's: "chelsea.png", a cat; "coffee.png"; "rocket.jpg"."""
    from PIL import Image

    from tools import fetch  # which is not in the wheel

    wheel = fetch.from_pypi("scikit-image==0.26.0", SCIKIT_IMAGE, FOR_ANY_MACHINE)
    with zipfile.ZipFile(wheel) as archive:
        return Image.open(io.BytesIO(archive.read(f"skimage/data/{name}")))
