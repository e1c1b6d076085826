"""functions/conv.py against scipy.signal, which some Pyodide folders lack."""

import numpy as np
import oracles
import pytest
from contract import assert_close
from geometries import HARD
from scipy import signal

import pyconvlite.functions as F


@pytest.mark.parametrize("stride", [1, 2, (2, 3)])
@pytest.mark.parametrize("pad", [0, (1, 2)])
def test_conv2d_equals_scipy_correlate2d(stride, pad):
    (SH, SW), (PH, PW) = oracles.twice(stride), oracles.twice(pad)
    x, W = HARD["plain"].arrays((2, 3, 7, 9), (4, 3, 3, 2))
    padded = np.pad(x, ((0, 0), (0, 0), (PH, PH), (PW, PW)))
    expected = [
        [sum(map(signal.correlate2d, image, kernel, ["valid"] * 3))[::SH, ::SW] for kernel in W]
        for image in padded
    ]
    assert_close(F.conv2d(x, W, stride=stride, pad=pad).data, np.array(expected))


@pytest.mark.parametrize("stride", [1, 2, (2, 3)])
@pytest.mark.parametrize("pad", [0, (1, 2)])
def test_deconv2d_equals_scipy_convolve2d(stride, pad):
    (SH, SW), (PH, PW) = oracles.twice(stride), oracles.twice(pad)
    x, W = HARD["plain"].arrays((2, 3, 4, 5), (3, 4, 3, 5))
    spread = np.zeros((2, 3, SH * 3 + 1, SW * 4 + 1))
    spread[:, :, ::SH, ::SW] = x
    full = np.array([[sum(map(signal.convolve2d, image, W[:, oc])) for oc in range(4)] for image in spread])
    expected = full[:, :, PH : full.shape[2] - PH, PW : full.shape[3] - PW]
    assert_close(F.deconv2d(x, W, stride=stride, pad=pad).data, expected)
