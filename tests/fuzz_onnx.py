"""A target for atheris: no bytes make pyconvlite.onnx.load raise anything but ValueError.

Usage: python tests/fuzz_onnx.py CORPUS -max_total_time=600 -max_len=4096, with atheris 3.0.0 and Python 3.11.
What it found in ten minutes is in corpus/onnx.zip, which test_onnx_hostile.py replays.
"""

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["pyconvlite.onnx"]):
    from pyconvlite import onnx


def load(data):
    with contextlib.suppress(ValueError):
        onnx.load(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, load)
    atheris.Fuzz()
