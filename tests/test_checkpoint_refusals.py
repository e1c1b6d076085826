"""Checkpoints that do not fit, or come from strangers: refused before anything changes."""

import io
import json
import os
import zipfile

import numpy as np
import pytest
from test_checkpoint import DATA, Training, bits, saved

import pyconvlite.layers as L
from pyconvlite import DataLoader, SeqDataLoader, checkpoint
from pyconvlite.models import MLP, Sequential
from pyconvlite.optimizers import SGD, Adam, CosineLR, Optimizer, StepLR, WeightDecay


def changed(**parts):
    """A training, of which some parts are others."""
    training = Training(parts.pop("make", Adam))
    return training.parts | parts


def with_hook(hook):
    training = Training()
    training.optimizer.add_hook(hook)
    return training.parts


def with_schedule(schedule):
    training = Training()
    return training.parts | {"schedule": schedule(training.optimizer)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: changed(make=SGD), "optimizer is a SGD; the file has a Adam"),
        (lambda: with_hook(WeightDecay(0.1)), "missing: optimizer/hooks/2"),
        (
            lambda: changed(loader=DataLoader(DATA[:-1], 5)),
            "data_size of loader is 21; the file has 22",
        ),
        (lambda: changed(loader=DataLoader(DATA, 4)), "batch_size of loader is 4; the file has 5"),
        (
            lambda: changed(loader=SeqDataLoader(DATA, 5)),
            "loader is a SeqDataLoader; the file has a DataLoader",
        ),
        (lambda: changed(loader=DataLoader(DATA, 5, seed=1)), "loader must have a seed if and only if"),
        (lambda: with_schedule(lambda o: CosineLR(o, 20)), "unexpected: schedule/inner, a CosineLR"),
        (lambda: with_schedule(lambda o: StepLR(o, 20)), "schedule is a StepLR; the file has a WarmupLR"),
    ],
)
def test_other_objects_are_refused_whole(tmp_path, make, message):
    path = tmp_path / "training.ckpt"
    path.write_bytes(saved(Training().run(2)).getvalue())
    parts = make()
    training = Training()
    training.__dict__.update(parts)
    before = bits(training)
    with pytest.raises(ValueError, match=rf"training\.ckpt' does not fit: .*{message}"):
        checkpoint.load(path, **parts)
    assert bits(training) == before


def test_another_model_is_refused_whole():
    file = saved(Training())
    for model in (Sequential(L.Conv2d(3, 3), L.BatchNorm()), MLP((2, 3))):
        with pytest.raises(ValueError, match=r"the weights in the file do not fit the model: .*layers/"):
            checkpoint.load(file, model=model)
    net = Sequential(L.RNN(2, in_size=1))
    net(np.ones((1, 1), np.float32))
    file = io.BytesIO()
    checkpoint.save(file, model=net)
    with pytest.raises(ValueError, match="unexpected: state layers/0/h of the model"):
        checkpoint.load(file, model=Sequential(L.Linear(2)))


def test_what_was_not_saved_is_missing():
    training = Training()
    file = io.BytesIO()
    checkpoint.save(file, model=training.model)
    with pytest.raises(ValueError, match=r"missing: optimizer; .*missing: schedule; .*missing: loader"):
        checkpoint.load(file, **training.parts)


def test_weight_files_are_no_checkpoints_and_the_reverse():
    training = Training()
    weights = io.BytesIO()
    training.model.save_weights(weights)
    with pytest.raises(
        ValueError, match=r"the file is not a complete npz archive: it has no checkpoint\.json"
    ):
        checkpoint.load(weights, model=training.model)
    with pytest.raises(ValueError, match="the weights in the file do not fit the model: missing"):
        training.model.load_weights(saved(training))


# ------------------------------------------------------------------------------------------- hostile files


def forged(training, edit=None, **members):
    """A checkpoint with another text or other members."""
    old, new = zipfile.ZipFile(saved(training)), io.BytesIO()
    with zipfile.ZipFile(new, "w") as archive:
        for name in old.namelist():
            contents = old.read(name)
            if name == "checkpoint.json" and edit:
                text = json.loads(contents)
                edit(text)
                contents = json.dumps(text).encode()
            archive.writestr(name, members.get(name, contents))
        for name in members.keys() - set(old.namelist()):
            archive.writestr(name, members[name])
    return new


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


EDITS = {
    "another format": lambda t: t.update(format="x"),
    "a later version": lambda t: t.update(version=2),
    "a negative step": lambda t: t.update(step=-1),
    "no extra": lambda t: t.pop("extra"),
    "no objects": lambda t: t.update(objects=[]),
    "a kind": lambda t: t["objects"]["optimizer"].update(kind=[]),
    "a text": lambda t: t["objects"]["optimizer"]["numbers"].update(t="1"),
    "a huge number": lambda t: t["objects"]["optimizer"]["numbers"].update(alpha=10**400),
    "a number less": lambda t: t["objects"]["optimizer"]["numbers"].pop("t"),
    "a number more": lambda t: t["objects"]["optimizer"]["numbers"].update(target=1),
    "an iteration": lambda t: t["objects"]["loader"]["numbers"].update(iteration=6),
    "half an iteration": lambda t: t["objects"]["loader"]["numbers"].update(iteration=0.5),
    "a generator": lambda t: t["generators"]["package"].update(bit_generator="MT19937"),
    "a generator's state": lambda t: t["generators"]["package"]["state"].update(state=-1),
    "no generator": lambda t: t["generators"].clear(),
}
W = "optimizer/ms/layers/0/W"
MEMBERS = {
    "no text": {"checkpoint.json": b"{"},
    "a deep text": {"checkpoint.json": b"[" * 100_000},
    "a long text": {"checkpoint.json": b" " * 2_000_000},
    "no Unicode": {"checkpoint.json": b"\xff"},
    "a moment's shape": {f"{W}.npy": npy(np.ones((3, 1, 3, 2), np.float32))},
    "a moment's dtype": {f"{W}.npy": npy(np.ones((3, 1, 3, 3), int))},
    "a moment too large": {f"{W}.npy": npy(np.full((3, 1, 3, 3), 1e300))},
    "a moment of nothing": {"optimizer/ms/x.npy": npy(np.ones(1))},
    "an order too short": {"loader/index.npy": npy(np.arange(21))},
    "an order out of range": {"loader/index.npy": npy(np.arange(22) + 1)},
    "an order of floats": {"loader/index.npy": npy(np.arange(22.0))},
    "a truncated array": {f"{W}.npy": npy(np.ones((3, 1, 3, 3), np.float32))[:-1]},
}


@pytest.mark.parametrize("fault", [*EDITS, *MEMBERS])
def test_forged_files_are_refused_whole(tmp_path, fault):
    training = Training().run(2)
    path = tmp_path / "training.ckpt"
    path.write_bytes(forged(training, EDITS.get(fault), **MEMBERS.get(fault, {})).getvalue())
    training.run(1)
    before = bits(training)
    with pytest.raises(
        ValueError, match=r"training\.ckpt' (is not a complete npz archive: .|does not fit: .)"
    ):
        checkpoint.load(path, **training.parts)
    assert bits(training) == before


def test_a_forgery_without_changes_loads():
    training = Training().run(2)
    checkpoint.load(forged(training), **training.parts)


# ------------------------------------------------------------------------------------------- arguments


def nested(depth):
    value = None
    for _ in range(depth):
        value = {"]}": [value]} if depth % 2 else [value]
    return value


class Momentum(Optimizer):
    """As in the book: its state has no name that a checkpoint knows."""

    def __init__(self):
        super().__init__()
        self.vs = {}


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ({"model": None}, TypeError, "model must be of type Layer; got NoneType"),
        ({"optimizer": CosineLR(SGD(), 3)}, TypeError, "optimizer must be of type Optimizer; got CosineLR"),
        ({"schedule": SGD()}, TypeError, "schedule must be of type Schedule; got SGD"),
        ({"loader": []}, TypeError, "loader must be of type DataLoader; got list"),
        (
            {"optimizer": SGD(), "schedule": None},
            ValueError,
            r"optimizer has no model; call setup\(model\) first",
        ),
        ({"optimizer": SGD()}, ValueError, "schedule must be that of the optimizer"),
        (
            {"optimizer": SGD().setup(MLP((2,))), "schedule": None},
            ValueError,
            "optimizer is not that of the model",
        ),
        (
            {"optimizer": Momentum, "schedule": None},
            TypeError,
            "Momentum has attributes that a checkpoint cannot hold: vs; derive it from Elementwise",
        ),
        ({"step": -1}, ValueError, "step must be at least 0; got -1"),
        ({"extra": {1, 2}}, TypeError, "extra must consist of dicts, .*set"),
        ({"extra": nested(101)}, ValueError, "extra must not be nested more than 100 levels deep"),
        ({"extra": "a" * (1 << 20)}, ValueError, "extra must have less than 1048576 characters as JSON"),
    ],
)
def test_arguments_are_named(tmp_path, parts, error, message):
    training = Training()
    if parts.get("optimizer") is Momentum:
        parts = parts | {"optimizer": Momentum().setup(training.model)}
    with pytest.raises(error, match=message):
        checkpoint.save(tmp_path / "training.ckpt", **training.parts | parts)
    assert os.listdir(tmp_path) == []


def test_parameters_without_data_cannot_be_saved():
    with pytest.raises(ValueError, match="no data yet in layers/0/W"):
        checkpoint.save(io.BytesIO(), model=MLP((2,)))
