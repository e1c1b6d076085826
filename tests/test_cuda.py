"""cuda.py: DeZero's names for the device."""

import numpy as np
import pytest

from pyconvlite import Variable, backends, cuda
from pyconvlite.backends import DeviceUnavailable


@pytest.mark.parametrize("x", [np.zeros(2), Variable(np.zeros(2))])
def test_array_module(x):
    assert cuda.get_array_module(x) is np


@pytest.mark.parametrize("x", [2.0, np.array(2.0), Variable(np.array(2.0))])
def test_as_numpy(x):
    y = cuda.as_numpy(x)
    assert (type(y), y.shape, float(y)) == (np.ndarray, (), 2.0)


def test_as_numpy_does_not_copy():
    x = np.zeros(2)
    assert cuda.as_numpy(x) is x
    assert cuda.as_numpy(Variable(x)) is x


@pytest.mark.parametrize("x", [np.zeros(2), Variable(np.zeros(2))])
def test_as_cupy_without_a_device_is_refused(x):
    with pytest.raises(DeviceUnavailable, match="no GPU"):
        cuda.as_cupy(x)


def test_gpu_enable_is_computed_on_access(monkeypatch):
    assert cuda.gpu_enable is False
    monkeypatch.setattr(backends, "to_gpu", lambda x: x)
    assert cuda.gpu_enable is True
    from pyconvlite.cuda import gpu_enable

    assert gpu_enable is True


def test_unknown_names_raise_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'cupy'"):
        cuda.cupy  # noqa: B018
