"""Indexes out of bounds on the device are reported by the next wait, before wrong data is used."""

import numpy as np
import pytest

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable, grad
from pyconvlite.backends import webgpu

x = np.arange(12, dtype=np.float32).reshape(4, 3)


def added(y, at):
    webgpu.add.at(y, at, 1)
    return y


OPERATIONS = {
    "get_item": lambda at: webgpu.asarray(x)[at],
    "Variable": lambda at: Variable(webgpu.asarray(x))[at].data,
    "add.at": lambda at: added(webgpu.asarray(x), at),
    "gradient": lambda at: gradient(Variable(webgpu.asarray(x)), at),
}


def gradient(W, at):
    return grad(F.sum(W[at]), [W])[0].data


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("wrong", [4, 5, -5, 1 << 30, -(1 << 31)])
def test_error_is_raised_by_the_next_wait(name, wrong):
    before = webgpu.memory()["reads"]
    y = OPERATIONS[name](webgpu.asarray(np.array([0, wrong, 3])))
    assert webgpu.memory()["reads"] == before
    with pytest.raises(IndexError, match=rf"index {wrong} is out of bounds for axis 0 with size 4"):
        y.get()
    assert webgpu.ones(1).get() == 1  # and by no other


@pytest.mark.parametrize("name", OPERATIONS)
def test_valid_indexes_equal_numpy(name):
    at = np.array([0, 3, -4, -1])
    counts = np.array([[2], [0], [0], [2]])
    host = {
        "get_item": x[at],
        "Variable": x[at],
        "add.at": x + counts,
        "gradient": counts + np.zeros_like(x),
    }
    np.testing.assert_array_equal(OPERATIONS[name](webgpu.asarray(at)).get(), host[name])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int64, np.uint64])
def test_indexes_of_every_integer_type(dtype):
    host = np.arange(40_000, dtype=np.float32)
    at = np.array([1, 100, np.iinfo(dtype).min and -2], dtype)
    y = webgpu.asarray(host)
    np.testing.assert_array_equal(y[at].get(), host[at])
    np.testing.assert_array_equal(
        y.reshape(200, 200)[at % 100, at].get(), host.reshape(200, 200)[at % 100, at]
    )
    with pytest.raises(IndexError, match="from 1 to 100 is out of bounds for axis 0 with size 90"):
        y[:90][np.array([1, 100], dtype)]


def test_first_error_is_raised_by_any_read():
    y = webgpu.asarray(x)
    y[webgpu.asarray([0, 1]), webgpu.asarray([1, 3])]
    y[webgpu.asarray([9])]
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 1 with size 3"):
        (y + 1).get()


def test_views_as_indexes():
    y, at = webgpu.asarray(x), webgpu.asarray(np.array([[9, 1, 9], [9, 2, 9]]))
    np.testing.assert_array_equal(y[at[:, 1]].get(), x[[1, 2]])
    with pytest.raises(IndexError, match="index 9"):
        y[at[:, 0]].get()


def test_index_of_an_empty_axis():
    y = webgpu.zeros((0, 3))[webgpu.asarray([0])]
    with pytest.raises(IndexError, match="index 0 is out of bounds for axis 0 with size 0"):
        y.get()


@pytest.mark.asyncio
async def test_error_is_raised_by_synchronous_and_asynchronous_waits():
    y = webgpu.asarray(x)[webgpu.asarray([4])]
    with pytest.raises(IndexError, match="index 4"):
        await webgpu.asnumpy_async(y)


OUT_OF_RANGE = r"labels and ids must be in 0\.\.{}; got {}"


@pytest.mark.parametrize("label", [-1, 3, 1 << 30])
@pytest.mark.parametrize("f", [F.softmax_cross_entropy, F.softmax_cross_entropy_simple, F.accuracy])
def test_labels(f, label):
    scores, t = Variable(webgpu.asarray(x)), webgpu.asarray(np.array([0, 2, label, 1]))
    loss = f(scores, t)
    with pytest.raises(ValueError, match=OUT_OF_RANGE.format(2, label)):
        float(loss)


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_on_the_cpu_are_checked_at_once(label):
    with pytest.raises(
        ValueError, match=rf"labels in t, except ignore_index, must be in 0\.\.2; got .*{label}"
    ):
        F.softmax_cross_entropy(Variable(webgpu.asarray(x)), np.array([0, 2, label, 1]))


@pytest.mark.parametrize("wrong", [-1, 4])
def test_embed_ids(wrong):
    y = F.embed_id(webgpu.asarray([0, wrong]), Variable(webgpu.asarray(x)))
    with pytest.raises(ValueError, match=OUT_OF_RANGE.format(3, wrong)):
        y.data.get()


def test_in_captured_steps():
    embedding = L.EmbedID(4, 3)
    embedding.W.data = x
    embedding.to_gpu()
    step = webgpu.capture(lambda at: embedding(at) * 2)
    for _ in range(4):
        np.testing.assert_array_equal(step(webgpu.asarray([1, 3])).data.get(), 2 * x[[1, 3]])
    y = step(webgpu.asarray([1, 4]))
    with pytest.raises(ValueError, match=OUT_OF_RANGE.format(3, 4)):
        y.data.get()
    np.testing.assert_array_equal(step(webgpu.asarray([0, 3])).data.get(), 2 * x[[0, 3]])
