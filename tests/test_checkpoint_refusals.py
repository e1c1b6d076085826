"""Mismatched and hostile checkpoints are refused before anything changes."""

import io
import json
import os
import zipfile

import numpy as np
import pytest
from test_checkpoint import DATA, Training, bits, saved

import pyconvlite.layers as L
from pyconvlite import DataLoader, SeqDataLoader, Variable, checkpoint
from pyconvlite.models import MLP, Sequential
from pyconvlite.optimizers import SGD, Adam, CosineLR, Optimizer, StepLR, WarmupLR, WeightDecay


def changed(make=Adam, **parts):
    """The parts of a training run, some of them replaced."""
    return Training(make).parts | parts


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
        (lambda: changed(make=SGD), "optimizer is of type SGD; in the file it is of type Adam"),
        (lambda: with_hook(WeightDecay(0.1)), "missing: optimizer/hooks/2"),
        (
            lambda: changed(loader=DataLoader(DATA[:-1], 5)),
            "data_size of loader is 21; the file has 22",
        ),
        (lambda: changed(loader=DataLoader(DATA, 4)), "batch_size of loader is 4; the file has 5"),
        (
            lambda: changed(loader=SeqDataLoader(DATA, 5)),
            "loader is of type SeqDataLoader; in the file it is of type DataLoader",
        ),
        (lambda: changed(loader=DataLoader(DATA, 5, seed=1)), "loader must have a seed if and only if"),
        (lambda: with_schedule(lambda o: CosineLR(o, 20)), "unexpected: schedule/inner, a CosineLR"),
        (
            lambda: with_schedule(lambda o: StepLR(o, 20)),
            "schedule is of type StepLR; in the file it is of type WarmupLR",
        ),
    ],
)
def test_mismatched_objects_change_nothing(tmp_path, make, message):
    path = tmp_path / "training.ckpt"
    path.write_bytes(saved(Training().run(2)).getvalue())
    parts = make()
    training = Training()
    training.__dict__.update(parts)
    before = bits(training)
    with pytest.raises(ValueError, match=rf"training\.ckpt' does not fit: .*{message}"):
        checkpoint.load(path, **parts)
    assert bits(training) == before


def test_mismatched_model_changes_nothing():
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


def test_parts_that_were_not_saved_are_named():
    training = Training()
    file = io.BytesIO()
    checkpoint.save(file, model=training.model)
    with pytest.raises(ValueError, match=r"missing: optimizer; .*missing: schedule; .*missing: loader"):
        checkpoint.load(file, **training.parts)


def test_optimizer_of_another_part_of_the_model_is_refused():
    def training(part):
        model = Sequential(L.Linear(3, in_size=4), L.Linear(2, in_size=3))
        return model, Adam().setup(model[part])

    model, optimizer = training(0)
    for param in model.params():
        param.grad = Variable(np.ones_like(param.data))
    optimizer.update()
    file = io.BytesIO()
    checkpoint.save(file, model=model, optimizer=optimizer)
    other, of_other = training(1)
    with pytest.raises(ValueError, match="layers/0/W belongs to no Parameter that the optimizer updates"):
        checkpoint.load(file, model=other, optimizer=of_other)
    assert not of_other.ms


def test_weight_files_and_checkpoints_are_told_apart():
    training = Training()
    weights = io.BytesIO()
    training.model.save_weights(weights)
    with pytest.raises(
        ValueError, match=r"the file is not a readable npz archive: it has no checkpoint\.json"
    ):
        checkpoint.load(weights, model=training.model)
    with pytest.raises(ValueError, match="the weights in the file do not fit the model: missing"):
        training.model.load_weights(saved(training))


# ------------------------------------------------------------------------------------------- hostile files


def forged(training, edit=None, **members):
    """A checkpoint with another text or other members, and without those that are None."""
    old, new = zipfile.ZipFile(saved(training)), io.BytesIO()
    with zipfile.ZipFile(new, "w") as archive:
        for name in old.namelist():
            if members.get(name, b"") is None:
                continue
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
    "a later version": lambda t: t.update(version=3),
    "a negative step": lambda t: t.update(step=-1),
    "no extra": lambda t: t.pop("extra"),
    "no objects": lambda t: t.update(objects=[]),
    "a kind": lambda t: t["objects"]["optimizer"].update(kind=[]),
    "a text": lambda t: t["objects"]["optimizer"]["values"].update(t="1"),
    "a huge number": lambda t: t["objects"]["optimizer"]["values"].update(alpha=10**400),
    "a number less": lambda t: t["objects"]["optimizer"]["values"].pop("t"),
    "a number more": lambda t: t["objects"]["optimizer"]["values"].update(target=1),
    "an iteration": lambda t: t["objects"]["loader"]["values"].update(iteration=6),
    "half an iteration": lambda t: t["objects"]["loader"]["values"].update(iteration=0.5),
    "half an update": lambda t: t["objects"]["optimizer"]["values"].update(t=1.5),
    "a negative count": lambda t: t["objects"]["optimizer"]["values"].update(t=-1),
    "a rate below 0": lambda t: t["objects"]["optimizer"]["values"].update(alpha=-0.1),
    "a rate that is none": lambda t: t["objects"]["optimizer"]["values"].update(alpha=float("nan")),
    "a hook's number": lambda t: t["objects"]["optimizer/hooks/1"]["values"].update(max_norm=0),
    "a schedule of no steps": lambda t: t["objects"]["schedule"]["values"].update(steps=0),
    "half a step": lambda t: t["objects"]["schedule/inner"]["values"].update(steps=2.5),
    "the name of a schedule's rate": lambda t: t["objects"]["schedule"]["values"].update(rate_name="target"),
    "an inner schedule that is a text": lambda t: t["objects"]["schedule/inner"]["values"].update(inner="x"),
    "a negative step of a schedule": lambda t: t["objects"]["schedule"]["values"].update(t=-1),
    "a first rate below 0": lambda t: t["objects"]["schedule/inner"]["values"].update(base=-1.0),
    "a first rate of an outer schedule": lambda t: t["objects"]["schedule"]["values"].update(base=None),
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
    "one of two moments": {f"{W}.npy": None},
    "a count of nothing": {"optimizer/starts/x.npy": npy(np.array(1))},
    "a count's shape": {"optimizer/starts/layers/0/W.npy": npy(np.ones(1, int))},
    "a count's dtype": {"optimizer/starts/layers/0/W.npy": npy(np.array(1.5))},
    "no order": {"loader/index.npy": None},
    "an order too short": {"loader/index.npy": npy(np.arange(21))},
    "an order out of range": {"loader/index.npy": npy(np.arange(22) + 1)},
    "an order of floats": {"loader/index.npy": npy(np.arange(22.0))},
    "a truncated array": {f"{W}.npy": npy(np.ones((3, 1, 3, 3), np.float32))[:-1]},
}


@pytest.mark.parametrize("fault", [*EDITS, *MEMBERS])
def test_forged_files_change_nothing(tmp_path, fault):
    training = Training().run(2)
    path = tmp_path / "training.ckpt"
    path.write_bytes(forged(training, EDITS.get(fault), **MEMBERS.get(fault, {})).getvalue())
    training.run(1)
    before = bits(training)
    with pytest.raises(
        ValueError, match=r"training\.ckpt' (is not a readable npz archive: .|does not fit: .)"
    ):
        checkpoint.load(path, **training.parts)
    assert bits(training) == before


def test_unchanged_forgery_loads():
    training = Training().run(2)
    checkpoint.load(forged(training), **training.parts)


def test_integer_in_place_of_a_float_is_accepted():
    training = Training().run(2)
    training.optimizer.beta1 = 0
    other = Training()
    checkpoint.load(saved(training), **other.parts)
    assert other.optimizer.beta1 == 0


CIRCULAR: list[object] = []
CIRCULAR.append(CIRCULAR)


class Hook:
    def __init__(self, state):
        self.state = state

    def __call__(self, params):
        raise AssertionError("not called")


@pytest.mark.parametrize(
    "state", [np.ones(1), Variable(np.ones(1)), [0.5], {"mean": np.ones(1)}, np.random.default_rng(0)]
)
def test_state_that_would_be_lost_is_refused(state):
    training = Training()
    training.optimizer.add_hook(Hook(state))
    with pytest.raises(TypeError, match=r"optimizer/hooks/2, a Hook, has state .* cannot hold: state"):
        saved(training)


@pytest.mark.parametrize("state", [(1, 2), "text", None, True, [], ["a"], {}, io.StringIO(), L.Linear(2)])
def test_settings_of_a_hook_are_accepted(state):
    training, other = Training(), Training()
    for each in (training, other):
        each.optimizer.add_hook(Hook(state))
    checkpoint.load(saved(training), **other.parts)


def test_numpy_bool_round_trips():
    training, other = Training(), Training()
    training.optimizer.add_hook(Hook(np.bool_(False)))
    other.optimizer.add_hook(Hook(True))
    checkpoint.load(saved(training), **other.parts)
    assert other.optimizer.hooks[-1].state is False


@pytest.mark.parametrize("extra", [10**5000, CIRCULAR], ids=["too large", "circular"])
def test_extra_must_be_json(extra):
    with pytest.raises(TypeError, match="extra must consist of dicts, lists, strings"):
        saved(Training(), extra=extra)


def test_integer_beyond_63_bits_is_not_saved():
    training = Training()
    training.optimizer.add_hook(Hook(2**63))
    with pytest.raises(ValueError, match=r"optimizer/hooks/2: state must be less than 2\^63 in size"):
        saved(training)


def test_attribute_of_any_name_round_trips():
    training, other = Training(), Training()
    for each, value in ((training, 3), (other, 0)):
        hook = Hook(None)
        hook.index = hook.batches = hook.checked = hook.inner = value
        each.optimizer.add_hook(hook)
    checkpoint.load(saved(training), **other.parts)
    assert vars(other.optimizer.hooks[-1]) == vars(training.optimizer.hooks[-1])


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="NumPy has no wider float here")
def test_weights_wider_than_any_parameter_are_refused():
    training = Training()
    wide = npy(training.model.layers[0].W.data.astype(np.longdouble))
    with pytest.raises(ValueError, match=r"model/layers/0/W has dtype float128; .* at most float64"):
        checkpoint.load(forged(training, **{"model/layers/0/W.npy": wide}), **training.parts)


@pytest.mark.parametrize("value", ["1", True])
def test_values_of_another_type_are_refused(value):
    training, other = Training(), Training()
    training.optimizer.add_hook(Hook(value))
    other.optimizer.add_hook(Hook(0.5))
    with pytest.raises(ValueError, match="optimizer/hooks/2 has other types of state"):
        checkpoint.load(saved(training), **other.parts)


def test_none_in_place_of_a_number_is_accepted():
    training, other = Training(), Training()
    training.optimizer.add_hook(Hook(None))
    other.optimizer.add_hook(Hook(0.5))
    checkpoint.load(saved(training), **other.parts)
    assert other.optimizer.hooks[-1].state is None


def test_attributes_of_hooks_are_not_range_checked():
    training, other = Training(), Training()
    for optimizer, hook in ((training.optimizer, Hook(-0.5)), (other.optimizer, Hook(1))):
        optimizer.add_hook(len)
        optimizer.add_hook(hook)
    checkpoint.load(saved(training), **other.parts)
    assert other.optimizer.hooks[-1].state == -0.5


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"h": np.ones((2, 3), np.float32)}, r"state/layers/0/h has shape \(2, 3\)"),
        ({"h": np.ones(4, np.float32)}, r"state/layers/0/h has shape \(4,\)"),
        ({"h": np.ones((2, 4), int)}, "state/layers/0/h has shape .* dtype int"),
        ({"c": np.ones((3, 4), np.float32)}, "state/layers/0/c does not belong to the layer's other states"),
        ({"h": None}, "state/layers/0/c does not belong to the layer's other states"),
    ],
)
def test_a_forged_state_is_refused(members, message):
    net = Sequential(L.LSTM(4, in_size=1))
    net(np.ones((2, 1), np.float32))
    file, new = io.BytesIO(), io.BytesIO()
    checkpoint.save(file, model=net)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(new, "w") as archive:
        for name in old.namelist():
            array = members.get(name[-5], old) if name.startswith("state/") else old
            if array is not None:
                archive.writestr(name, old.read(name) if array is old else npy(array))
    h = net.layers[0].h
    with pytest.raises(ValueError, match=message):
        checkpoint.load(new, model=net)
    assert net.layers[0].h is h
    checkpoint.load(file, model=net)


def test_a_small_file_with_a_large_state_is_refused(monkeypatch):
    monkeypatch.setattr("pyconvlite._npz._OPEN", 1 << 14)
    net = Sequential(L.RNN(4, in_size=1))
    for rows, refused in ((1000, False), (1100, True)):
        net.layers[0].h = Variable(np.zeros((rows, 4), np.float32))
        file = io.BytesIO()
        checkpoint.save(file, model=net)
        if refused:
            with pytest.raises(ValueError, match=r"layers/0/h\.npy has 17728 bytes compressed to"):
                checkpoint.load(file, model=net)
        else:
            checkpoint.load(file, model=net)


# ------------------------------------------------------------------------------------------- arguments


def nested(depth):
    value = None
    for _ in range(depth):
        value = {"]}": [value]} if depth % 2 else [value]
    return value


def test_inner_schedule_alone_is_refused():
    training = with_schedule(lambda o: o)
    inner = StepLR(training["optimizer"], 20)
    outer = WarmupLR(CosineLR(inner, 20), 4)
    outer.step()
    file = io.BytesIO()
    for part in (inner, outer.inner):
        message = rf"schedule must be the outermost one; the {type(part).__name__} is a part of a WarmupLR"
        with pytest.raises(ValueError, match=message):
            checkpoint.save(file, **training | {"schedule": part})
    assert not file.getvalue()
    checkpoint.save(file, **training | {"schedule": outer})
    del outer  # now inner is the outermost one
    checkpoint.save(file, **training | {"schedule": inner})


class Momentum(Optimizer):
    """As in the book: a checkpoint does not know its state."""

    def __init__(self):
        super().__init__()
        self.vs = {}


class Ascending(SGD):
    """Its learning rate is reassigned to a value that the constructor refuses."""

    def setup(self, target):
        self.lr = -0.1
        return super().setup(target)


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
            {"optimizer": Momentum},
            TypeError,
            "Momentum has attributes that a checkpoint cannot hold: vs; derive it from Elementwise",
        ),
        (
            {"optimizer": Ascending},
            ValueError,
            "optimizer: lr must be at least 0; got -0.1",
        ),
        ({"step": -1}, ValueError, "step must be at least 0; got -1"),
        ({"extra": {1, 2}}, TypeError, "extra must consist of dicts, .*set"),
        ({"extra": nested(101)}, ValueError, "extra must not be nested more than 100 levels deep"),
        ({"extra": "a" * (1 << 20)}, ValueError, "extra must have less than 1048576 characters as JSON"),
    ],
)
def test_invalid_arguments_are_named(tmp_path, parts, error, message):
    training = Training()
    if isinstance(make := parts.get("optimizer"), type):
        parts = parts | {"optimizer": make().setup(training.model), "schedule": None}
    with pytest.raises(error, match=message):
        checkpoint.save(tmp_path / "training.ckpt", **training.parts | parts)
    assert os.listdir(tmp_path) == []


def test_parameters_without_data_cannot_be_saved():
    with pytest.raises(ValueError, match="no data yet in layers/0/W"):
        checkpoint.save(io.BytesIO(), model=MLP((2,)))


@pytest.mark.parametrize("dtype", [np.int64, np.complex64, np.longdouble])
def test_parameters_that_cannot_be_loaded_are_not_saved(tmp_path, dtype):
    if dtype is np.longdouble and np.dtype(dtype).itemsize == 8:
        pytest.skip("longdouble is float64 here")
    model, path = L.Linear(3, in_size=2), tmp_path / "training.ckpt"
    checkpoint.save(path, model=model, step=1)
    model.W.data = model.W.data.astype(dtype)
    with pytest.raises(ValueError, match=r"W.* (dtype|float64)"):
        checkpoint.save(path, model=model, step=2)
    assert checkpoint.load(path, model=L.Linear(3, in_size=2)).step == 1


def test_position_beyond_the_epoch_is_refused():
    loader = DataLoader([(i, 0) for i in range(10)], 2)
    for _ in range(4):
        next(loader)
    loader.batch_size = 5
    with pytest.raises(ValueError, match=r"loader\.iteration is 4; an epoch has 2 batches"):
        checkpoint.save(io.BytesIO(), model=L.Linear(3, in_size=2), loader=loader)


def test_shuffle_must_be_a_bool():
    file, model = io.BytesIO(), L.Linear(3, in_size=2)
    checkpoint.save(file, model=model, loader=DataLoader([(1, 0)], 1, shuffle=1))
    checkpoint.load(file, model=model, loader=DataLoader([(1, 0)], 1, shuffle=True))
