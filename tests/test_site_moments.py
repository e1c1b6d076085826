"""Recorded moments of a model's training."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

import pyconvlite
import pyconvlite.layers as L
from pyconvlite.datasets import ArrayDataset
from pyconvlite.optimizers import SGD
from tab import training
from tab.moments import GROWTH, LONGEST, MOST_BYTES, Moments

X = np.random.default_rng(0).random((40, 1, 28, 28), dtype=np.float32)


def test_moment_restores_the_model() -> None:
    pyconvlite.seed(0)
    model = training.build(training.MLP, 3)
    moments = Moments()
    former = []
    assert moments.keep(model, 0)
    former.append(model(X).data)
    for step in training.train(model, ArrayDataset(X, np.arange(40) % 3), SGD(0.5), 20, 2):
        assert moments.keep(model, step.samples)
        former.append(model(X).data)
    for index in (4, 0, 2, 2):
        np.testing.assert_array_equal(moments.at(index, model)(X).data, former[index])
    np.testing.assert_array_equal(model(X).data, former[-1])
    assert np.abs(former[4] - former[0]).max() > 0.01


def test_moments_are_denser_at_first() -> None:
    model = training.build(training.MLP)
    moments = Moments()
    kept = [samples for samples in range(0, 60_000, 32) if moments.keep(model, samples)]
    assert kept[:4] == [0, 32, 64, 96]
    assert len(kept) == len(moments.kept) < 100
    assert all(after <= before * GROWTH + 32 for before, after in pairwise(kept))


def test_large_models_have_fewer_moments() -> None:
    layers = {"flatten": L.Flatten(), "dense": L.Linear(1250), "fc": L.Linear(10)}
    model = training.build(lambda classes: training.Sequential(layers))
    size = sum(param.data.nbytes for param in model.params())
    assert size > 3_900_000  # about as large as a page's network may be
    for batch_size in (1, 32, 1_000):
        moments = Moments()
        kept = [samples for samples in range(0, LONGEST, batch_size) if moments.keep(model, samples)]
        assert kept[:3] == [0, batch_size, 2 * batch_size]
        assert kept[-1] > LONGEST / 4
        assert MOST_BYTES / 4 < len(kept) * size <= MOST_BYTES
