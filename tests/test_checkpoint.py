import copy
import io
import json
import os
import pickle

import numpy as np
import pytest
from shorthands import OPTIMIZERS

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, Layer, Parameter, SeqDataLoader, checkpoint
from pyconvlite.models import MLP, Sequential
from pyconvlite.optimizers import (
    SGD,
    Adam,
    AdamW,
    ClipGrad,
    CosineLR,
    MomentumSGD,
    ReduceLROnPlateau,
    WarmupLR,
    WeightDecay,
)

DATA = [(x, i % 3) for i, x in enumerate(np.random.default_rng(0).random((22, 1, 6, 6), dtype=np.float32))]


class Training:
    """A training run with all sources of randomness: initial weights, dropout, the order of examples."""

    def __init__(self, make=Adam, dtype=np.float32, **loader):
        self.model = Sequential(
            L.Conv2d(3, 3, dtype=dtype),
            L.BatchNorm(dtype=dtype),
            F.relu,
            F.flatten,
            L.Dropout(0.3),
            L.Linear(3, dtype=dtype),
        )
        self.dtype = dtype
        self.model(np.zeros((2, 1, 6, 6), dtype))
        self.optimizer = make().setup(self.model)
        self.optimizer.add_hook(WeightDecay(0.01))
        self.optimizer.add_hook(ClipGrad(0.5))
        self.schedule = None
        if self.optimizer.rate_name:
            self.schedule = WarmupLR(CosineLR(self.optimizer, 20), 4)
        self.loader = DataLoader(DATA, 5, **loader)  # the last batch of an epoch is smaller

    def step(self, x, t):
        loss = F.softmax_cross_entropy(self.model(x.astype(self.dtype)), t)
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        if self.schedule is not None:
            self.schedule.step()

    def run(self, steps):
        while steps:
            for x, t in self.loader:
                self.step(x, t)
                steps -= 1
                if not steps:
                    return self
        return self

    @property
    def parts(self):
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "loader": self.loader,
        }


def saved(training, **more):
    file = io.BytesIO()
    checkpoint.save(file, **training.parts, **more)
    file.seek(0)
    return file


def bits(training):
    """All arrays and numbers of a training run, as bytes."""
    params = dict(training.model.named_params())
    states = {s: getattr(training.optimizer, s) for s in training.optimizer.states}
    objects = [training.optimizer, *training.optimizer.hooks, training.schedule]
    return {
        "weights": {name: (p.data.tobytes(), p.dtype) for name, p in params.items()},
        "states": {
            s: {name: (m[p].tobytes(), m[p].dtype) for name, p in params.items() if p in m}
            for s, m in states.items()
        },
        "numbers": [
            {k: v for k, v in vars(o).items() if isinstance(v, int | float)} if o else None for o in objects
        ],
        "random": pyconvlite.utils.rng().bit_generator.state,
    }


# ------------------------------------------------------------------------------------------- resuming


@pytest.mark.parametrize("loader", [{}, {"seed": 3}, {"shuffle": False}], ids=str)
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_resumed_training_is_bit_identical(make, loader):
    pyconvlite.seed(1)
    training = Training(make, **loader).run(7)  # in the middle of the second epoch
    file = saved(training)
    expected = bits(training.run(9))
    pyconvlite.seed(2)
    other = Training(make, **loader).run(3)
    checkpoint.load(file, **other.parts)
    assert bits(other.run(9)) == expected


@pytest.mark.parametrize("steps", [0, 5, 10])
@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_resume_at_epoch_ends_in_other_dtypes(dtype, steps):
    pyconvlite.seed(1)
    training = Training(Adam, dtype).run(steps)
    file = saved(training)
    expected = bits(training.run(7))
    other = Training(Adam, dtype)
    checkpoint.load(file, **other.parts)
    assert bits(other.run(7)) == expected


def test_order_between_epochs_needs_no_loader(tmp_path):
    pyconvlite.seed(1)
    training = Training()
    path = tmp_path / "training.ckpt"
    for epoch in range(3):
        for x, t in training.loader:
            training.step(x, t)
        if epoch == 1:
            parts = training.parts | {"loader": None}
            checkpoint.save(path, **parts, step=epoch)
    expected = bits(training)
    other = Training()
    assert checkpoint.load(path, **other.parts | {"loader": None}).step == 1
    for x, t in other.loader:
        other.step(x, t)
    assert bits(other) == expected
    assert os.listdir(tmp_path) == ["training.ckpt"]


@pytest.mark.parametrize("make", [L.RNN, L.LSTM, L.GRU])
def test_resume_inside_a_sequence(make):
    data = [(np.float32([np.sin(i)]), np.float32([np.sin(i + 1)])) for i in range(40)]

    class Net(Layer):
        def __init__(self):
            self.cell, self.out = make(4), L.Linear(1)

        def forward(self, x):
            return self.out(self.cell(x))

    def parts():
        model = Net()
        optimizer = Adam(0.01).setup(model)
        return {"model": model, "optimizer": optimizer, "loader": SeqDataLoader(data, 4)}

    def run(model, optimizer, loader, windows):
        for _ in range(windows):
            loss = 0
            for _ in range(3):
                x, t = next(loader)
                loss = loss + F.mean_squared_error(model(x), t)
            model.cleargrads()
            loss.backward()
            loss.unchain_backward()
            optimizer.update()
        return [p.data.tobytes() for p in model.params()]

    first = parts()
    run(**first, windows=1)
    file = io.BytesIO()
    checkpoint.save(file, **first)
    expected = run(**first, windows=2)
    second = parts()
    run(**second, windows=1)
    checkpoint.load(file, **second)
    assert run(**second, windows=2) == expected
    # a state that was not there yet is none again
    first["model"].cell.reset_state()
    file = io.BytesIO()
    checkpoint.save(file, model=first["model"])
    checkpoint.load(file, model=second["model"])
    assert second["model"].cell.h is None


def test_loading_before_the_first_call():
    training = MLP((4, 2))
    training(np.ones((1, 3), np.float32))
    optimizer = Adam().setup(training)
    file = io.BytesIO()
    checkpoint.save(file, model=training, optimizer=optimizer)
    other = MLP((4, 2))
    checkpoint.load(file, model=other, optimizer=Adam().setup(other))
    np.testing.assert_array_equal(other.layers[0].W.data, training.layers[0].W.data)


def test_extra_may_be_long():
    training = Training(SGD)
    extra = np.random.default_rng(0).random(45_000).tolist()
    assert checkpoint.load(saved(training, extra=extra), model=training.model).extra == extra


def test_step_and_extra_round_trip():
    training = Training()
    extra = {
        "losses": [2.5, float("inf")],
        "name": "重み",
        "none": None,
        "nested": {"a": [1, True]},
        '"[\\"': "[" * 200,
    }
    loaded = checkpoint.load(saved(training, step=12, extra=extra), model=training.model)
    assert loaded == (12, extra)
    assert checkpoint.load(saved(training), model=training.model) == (0, None)


def test_numpy_reads_the_arrays():
    training = Training().run(1)
    with np.load(saved(training)) as archive:
        W = training.model.layers[0].W
        np.testing.assert_array_equal(archive["model/layers/0/W"], W.data)
        np.testing.assert_array_equal(archive["optimizer/ms/layers/0/W"], training.optimizer.ms[W])
        assert json.loads(archive["checkpoint.json"])["version"] == 2


def test_a_part_of_the_model_may_be_optimized():
    model = Sequential(L.Linear(3, in_size=2), L.Linear(1, in_size=3))

    def optimizer():
        return MomentumSGD().setup(model.layers[1])

    trained = optimizer()
    F.sum(model(np.ones((1, 2), np.float32))).backward()
    trained.update()
    file = io.BytesIO()
    checkpoint.save(file, model=model, optimizer=trained)
    other = optimizer()
    checkpoint.load(file, model=model, optimizer=other)
    assert set(other.vs) == set(trained.vs) == set(model.layers[1].params())


def test_rate_set_by_hand_is_restored():
    model = L.Linear(3, in_size=2)
    optimizer = SGD(lr=np.float32(1)).setup(model)
    optimizer.lr = 0.25
    file = io.BytesIO()
    checkpoint.save(file, model=model, optimizer=optimizer)
    other = SGD(lr=1).setup(model)
    checkpoint.load(file, model=model, optimizer=other)
    assert other.lr == 0.25


def test_reduce_lr_on_plateau_is_resumed():
    losses = [3.0, 2.0, 2.0, 2.5, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    model = L.Linear(3, in_size=2)

    def parts():
        optimizer = SGD(1.0).setup(model)
        schedule = ReduceLROnPlateau(WarmupLR(optimizer, 3), factor=0.5, patience=1, cooldown=1)
        return {"model": model, "optimizer": optimizer, "schedule": schedule}

    def rates(optimizer, schedule, losses, **_):
        found = []
        for loss in losses:
            schedule.step(loss)
            found.append(optimizer.lr)
        return found

    expected = rates(**parts(), losses=losses)
    assert len(set(expected)) > 3
    for n in range(len(losses)):
        first, second = parts(), parts()
        rates(**first, losses=losses[:n])
        file = io.BytesIO()
        checkpoint.save(file, **first)
        checkpoint.load(file, **second)
        assert rates(**second, losses=losses[n:]) == expected[n:]


class Settled(SGD):
    """An optimizer with attributes of other types than numbers."""

    def __init__(self):
        super().__init__(0.1)
        self.warm, self.phase, self.best = False, "first", None

    def update_all(self, params):
        super().update_all(params)
        self.warm, self.phase, self.best = True, "second", 0.5


def test_optimizer_attributes_of_other_types_round_trip():
    parts = [{"model": (model := L.Linear(3, in_size=2)), "optimizer": Settled().setup(model)} for _ in "ab"]
    for updates in (1, 0):
        file = io.BytesIO()
        for _ in range(updates):
            F.sum(parts[0]["model"](np.ones((1, 2), np.float32))).backward()
            parts[0]["optimizer"].update()
        checkpoint.save(file, **parts[0])
        checkpoint.load(file, **parts[1])
        optimizer = parts[1]["optimizer"]
        assert (optimizer.warm, optimizer.phase, optimizer.best) == (True, "second", 0.5)


def test_a_schedule_keeps_its_settings():
    model = L.Linear(3, in_size=2)
    highest = ReduceLROnPlateau(SGD().setup(model), mode="max")
    highest.step(0.9)
    file = io.BytesIO()
    checkpoint.save(file, model=model, optimizer=highest.optimizer, schedule=highest)
    other = ReduceLROnPlateau(SGD().setup(model))
    checkpoint.load(file, model=model, optimizer=other.optimizer, schedule=other)
    assert (other.mode, other.best) == ("max", 0.9)


@pytest.mark.parametrize("make", [lambda a: a.astype(np.float64) / 3, np.asfortranarray])
def test_dtype_and_layout_of_weights_are_restored(make):
    x = np.random.default_rng(1).standard_normal((5, 37)).astype(np.float32)
    one, two = L.Linear(53, in_size=37), L.Linear(53, in_size=37)
    one.W.data = make(one.W.data)
    optimizers = [Adam().setup(one), Adam().setup(two)]

    def step(model, optimizer):
        model.cleargrads()
        F.mean(model(x) ** 2).backward()
        optimizer.update()

    step(one, optimizers[0])
    file = io.BytesIO()
    checkpoint.save(file, model=one, optimizer=optimizers[0])
    checkpoint.load(file, model=two, optimizer=optimizers[1])
    for model, optimizer in zip((one, two), optimizers, strict=True):
        step(model, optimizer)
    assert (one.W.dtype, one.W.data.strides) == (two.W.dtype, two.W.data.strides)
    np.testing.assert_array_equal(one.W.data, two.W.data)


@pytest.mark.parametrize("make", [Adam, AdamW])
def test_resume_with_a_layer_unfrozen_later(make):
    def begun():
        training = Training(make, seed=1)
        training.model.freeze("layers/0", "layers/1")
        training.run(5).model.unfreeze()
        return training

    pyconvlite.seed(1)
    training = begun().run(2)
    assert list(training.optimizer.starts.values()) == [5] * 4
    file = saved(training)
    expected = bits(training.run(4))
    for other in (begun(), Training(make, seed=1)):
        checkpoint.load(file, **other.parts)
        assert bits(other.run(4)) == expected


def test_state_of_removed_parameters_is_not_saved():
    layer = Layer()
    layer.a, layer.b = Parameter(np.ones(2)), Parameter(np.ones(2))
    optimizer = Adam().setup(layer)
    F.sum(layer.a * layer.b).backward()
    optimizer.update()
    old, layer.b = layer.b, Parameter(np.ones(3))
    file = io.BytesIO()
    checkpoint.save(file, model=layer, optimizer=optimizer)
    file.seek(0)
    with np.load(file) as archive:
        assert {"optimizer/ms/a", "optimizer/vs/a"} <= set(archive.files)
        assert "optimizer/ms/b" not in archive.files
    assert old in optimizer.ms


# ------------------------------------------------------------------------------------------- copies


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda parts: pickle.loads(pickle.dumps(parts))])
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_copies_train_independently(make, duplicate):
    pyconvlite.seed(1)
    training = Training(make, seed=1).run(3)
    twin = Training(make)
    vars(twin).update(duplicate(training.parts))
    random = pyconvlite.utils.rng().bit_generator.state
    expected = bits(training.run(4))
    pyconvlite.utils.rng().bit_generator.state = random
    assert bits(twin.run(4)) == expected
    assert twin.optimizer.target is twin.model
    assert not set(twin.model.params()) & set(training.model.params())


def test_shallow_copy_of_an_optimizer_has_its_own_moments():
    training = Training().run(1)
    other = copy.copy(training.optimizer)
    assert dict(other.ms) == dict(training.optimizer.ms)
    other.reset()
    assert len(training.optimizer.ms) > 0
