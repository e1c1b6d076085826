import contextlib
import copy
import pickle
import weakref

import numpy as np
import pytest
from oracles import expit
from shorthands import names

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Layer, Parameter, Variable
from pyconvlite.layers.walk import walk
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam
from pyconvlite.testing import check_backward

STEPS = np.random.default_rng(0).standard_normal((4, 2, 3))  # 4 steps of 2 sequences of 3 features

makes = pytest.mark.parametrize("make", [L.RNN, L.LSTM, L.GRU])
duplicates = pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))]
)


# The layers as their equations state them, on arrays.


def rnn(p, steps):
    h = np.zeros((2, 5))
    for x in steps:
        h = np.tanh(x @ p["x2h/W"] + p["x2h/b"] + h @ p["h2h/W"])
        yield h


def lstm(p, steps):
    h = c = np.zeros((2, 5))
    for x in steps:
        f, i, o, u = (x @ p[f"x2{g}/W"] + p[f"x2{g}/b"] + h @ p[f"h2{g}/W"] for g in "fiou")
        c = expit(f) * c + expit(i) * np.tanh(u)
        h = expit(o) * np.tanh(c)
        yield h


def gru(p, steps):
    h = np.zeros((2, 5))
    for x in steps:
        r, z = (expit(x @ p[f"x2{g}/W"] + p[f"x2{g}/b"] + h @ p[f"h2{g}/W"]) for g in "rz")
        n = np.tanh(x @ p["x2n/W"] + p["x2n/b"] + r * (h @ p["h2n/W"] + p["h2n/b"]))
        h = (1 - z) * n + z * h
        yield h


@pytest.mark.parametrize(("make", "oracle"), [(L.RNN, rnn), (L.LSTM, lstm), (L.GRU, gru)])
@pytest.mark.parametrize("in_size", [None, 3])
def test_steps_equal_the_equations(make, oracle, in_size):
    layer = make(5, in_size, dtype=np.float64)
    layer(STEPS[0])
    for param in layer.params():
        param.data = param.data + 0.1  # no zero biases
    layer.reset_state()
    params = {name: param.data for name, param in layer.named_params()}
    for x, expected in zip(STEPS, oracle(params, STEPS), strict=True):
        h = layer(x)
        np.testing.assert_allclose(h.data, expected, rtol=1e-12, atol=1e-15)
        assert layer.h is h


def test_parameters_have_dezeros_names():
    assert names(L.RNN(5)) == ["x2h/W", "x2h/b", "h2h/W"]
    assert names(L.LSTM(5)) == [
        *[f"x2{gate}/{name}" for gate in "fiou" for name in "Wb"],
        *[f"h2{gate}/W" for gate in "fiou"],
    ]
    assert names(L.GRU(5))[6:] == ["h2r/W", "h2z/W", "h2n/W", "h2n/b"]


@makes
def test_gradients_through_all_steps(make):
    layer = make(4, 3, dtype=np.float64)
    params = list(layer.params())
    arrays = [param.data for param in params]

    def last(first, *weights):
        layer.reset_state()
        for param, weight in zip(params, weights, strict=True):
            owner, name = owners[id(param)]
            vars(owner)[name] = weight
        for x in (first, *STEPS[1:]):
            h = layer(x)
        return h

    owners = {id(node): (owner, name.rpartition("/")[2]) for name, node, owner in walk(layer)}
    check_backward(last, (STEPS[0], *arrays))


@makes
def test_sequence_equals_its_steps(make):
    layer = make(5, 3, dtype=np.float64)
    params = list(layer.params())

    def gradients(*parts):
        layer.reset_state()
        layer.cleargrads()
        xs = [Variable(part) for part in parts]
        hs = [layer(x) for x in xs]
        F.sum(F.concat([F.reshape(h, (-1, 5)) for h in hs]) ** 2).backward()
        found = [
            layer.h.data,
            *[h.data.reshape(-1, 5) for h in hs],
            *[x.grad.data.reshape(-1, 3) for x in xs],
        ]
        return [np.concatenate(found[1 : len(xs) + 1]), np.concatenate(found[len(xs) + 1 :]), found[0]] + [
            param.grad.data for param in params
        ]

    by_steps = gradients(*STEPS)
    for parts in ([STEPS], [STEPS[:1], STEPS[1:]], [STEPS[0], STEPS[1:3], STEPS[3]]):
        for ours, other in zip(gradients(*parts), by_steps, strict=True):
            np.testing.assert_allclose(ours, other, rtol=1e-9, atol=1e-12)


@makes
@pytest.mark.parametrize("mode", [pyconvlite.no_grad, contextlib.nullcontext])
def test_weights_changed_between_steps_are_detected(make, mode):
    layer, like = make(5, 3), make(5, 3)
    with mode():
        layer(STEPS[0])
        for name in layer._state:
            setattr(like, name, getattr(layer, name))
        for ours, theirs in zip(layer.params(), like.params(), strict=True):
            ours.data = ours.data * 0.5
            theirs.data = ours.data
        np.testing.assert_array_equal(layer(STEPS[1]).data, like(STEPS[1]).data)


@makes
def test_gradients_after_steps_in_no_grad(make):
    layer = make(5, 3)
    with pyconvlite.no_grad():
        layer(STEPS[0])
    F.sum(layer(STEPS[1])).backward()
    assert all(param.grad is not None for param in layer.params())


@makes
def test_truncated_backpropagation_frees_older_steps(make):
    """The loop of step 59: after each part, an update and the end of the graph."""
    layer = make(5, 3)
    optimizer = Adam().setup(layer)
    alive = []
    for step in range(12):
        x = Variable(STEPS[step % 4])
        alive.append(weakref.ref(x))
        h = layer(x)
        del x
        if step % 3 == 2:
            loss = F.sum(h)
            layer.cleargrads()
            loss.backward()
            assert all(param.grad is not None for param in layer.params())
            loss.unchain_backward()
            optimizer.update()
            del h, loss
            assert [ref() for ref in alive] == [None] * len(alive)


@makes
def test_reset_state(make):
    layer = make(5)
    first = layer(STEPS[0])
    again = layer(STEPS[0])
    assert not np.array_equal(first.data, again.data)
    layer.reset_state()
    np.testing.assert_array_equal(layer(STEPS[0]).data, first.data)
    layer.reset_state()
    assert layer(STEPS[0][:1]).shape == (1, 5)


@makes
def test_unchain_backward_ends_the_graph(make):
    layer = make(5)
    before = Variable(STEPS[0])
    F.sum(layer(before)).unchain_backward()
    F.sum(layer(STEPS[1])).backward()
    assert before.grad is None
    assert layer.h is not None


@makes
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(make, dtype):
    layer = make(5, dtype=dtype)
    for x in STEPS.astype(dtype):
        y = layer(x)
    F.sum(y * y).backward()
    params = list(layer.params())
    assert {a.dtype for a in (y, *params, *[param.grad for param in params])} == {np.dtype(dtype)}


@makes
@duplicates
def test_a_copy_has_the_weights_and_no_state(make, duplicate):
    layer = make(5)
    first = layer(STEPS[0])
    layer(STEPS[1])
    other = duplicate(layer)
    assert other.h is None
    np.testing.assert_array_equal(other(STEPS[0]).data, first.data)
    assert layer.h is not None


@makes
def test_batch_size_change_without_reset_is_refused(make):
    layer = make(5)
    layer(STEPS[0])
    with pytest.raises(ValueError, match=r"\(1, 3\) .*\(2, 5\) have different batch sizes; call reset_state"):
        layer(STEPS[0][:1])


@makes
def test_learns_to_recall_the_first_element(make):
    """This needs a state."""
    pyconvlite.seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 64, 1)).astype(np.float32)
    layer, last = make(8), L.Linear(1)
    model = Layer()
    model.layers = [layer, last]
    optimizer = Adam(0.05).setup(model)
    for _ in range(60):
        layer.reset_state()
        for step in x:
            h = layer(step)
        loss = F.mean_squared_error(last(h), np.tanh(x[0]))
        model.cleargrads()
        loss.backward()
        optimizer.update()
    assert loss.item() < 0.05


# ------------------------------------------------------------------------------------------- EmbedID


def test_embed_id_returns_rows():
    embed = L.EmbedID(7, 3)
    x = np.array([[0, 6, 6], [1, 2, 3]])
    y = embed(x)
    np.testing.assert_array_equal(y.data, embed.W.data[x], strict=True)
    assert y.dtype == np.float32
    F.sum(y).backward()
    np.testing.assert_array_equal(embed.W.grad.data[:, 0], [1, 1, 1, 1, 0, 0, 2])


def test_embed_id_is_initialized_with_variance_one():
    pyconvlite.seed(0)
    W = L.EmbedID(1000, 50).W.data
    assert W.std() == pytest.approx(1, rel=0.02)
    assert L.EmbedID(2, 2, dtype=np.float16).W.dtype == np.float16


def test_embedding_does_not_train_the_padding_index():
    plain, padded = L.Embedding(5, 3, dtype=np.float64), L.Embedding(5, 3, -5, dtype=np.float64)
    assert (plain.padding_idx, padded.padding_idx) == (None, 0)
    np.testing.assert_array_equal(padded.W.data[0], 0)
    assert (padded.W.data[1:] != 0).all()
    x = np.array([[0, 1, 1], [4, 0, 0]])
    for embedding in (plain, padded):
        embedding.W.data = np.random.default_rng(0).standard_normal((5, 3))
        y = embedding(x)
        np.testing.assert_array_equal(y.data, embedding.W.data[x])
        F.sum(y).backward()
    np.testing.assert_array_equal(plain.W.grad.data[:, 0], [3, 2, 0, 0, 1])
    np.testing.assert_array_equal(padded.W.grad.data[:, 0], [0, 2, 0, 0, 1])


# ------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.RNN(0), ValueError, "hidden_size must be at least 1; got 0"),
        (lambda: L.LSTM(2.0), TypeError, "hidden_size must be an integer"),
        (lambda: L.RNN(2, 0), ValueError, "in_size must be at least 1; got 0"),
        (lambda: L.LSTM(2, dtype=int), TypeError, "dtype must be .* got int"),
        (lambda: L.LSTM(2)(None), TypeError, "x must be an array, a Variable or a number; got None"),
        (lambda: L.LSTM(2)(Variable(None)), TypeError, "x must be an array, .*; got None"),
        (lambda: L.RNN(2)(np.zeros(3)), ValueError, r"2 axes, .* got shape \(3,\)"),
        (lambda: L.LSTM(2, 3)(np.zeros((1, 4))), ValueError, r"in_size features; got shape \(1, 4\)"),
        (lambda: L.EmbedID(0, 2), ValueError, "in_size must be at least 1; got 0"),
        (lambda: L.EmbedID(2, 0), ValueError, "out_size must be at least 1; got 0"),
        (lambda: L.EmbedID(2, 2)(np.array([2])), ValueError, r"0\.\.1; got 2\.\.2"),
        (lambda: L.EmbedID(2, 2)(np.array([0.0])), TypeError, "integers"),
        (lambda: L.Embedding(0, 2), ValueError, "num_embeddings must be at least 1; got 0"),
        (lambda: L.Embedding(2, 0.5), TypeError, "embedding_dim must be an integer; got 0.5"),
        (lambda: L.Embedding(2, 2, 2), ValueError, "padding_idx must be from -2 to 1; got 2"),
        (lambda: L.Embedding(2, 2, 0.5), TypeError, "padding_idx must be an integer; got 0.5"),
    ],
)
def test_errors_name_the_argument_and_the_size(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_repr():
    assert repr(L.RNN(2)) == "RNN(hidden_size=2, in_size=None)"
    assert repr(L.LSTM(2, 3)) == "LSTM(hidden_size=2, in_size=3)"
    assert repr(L.GRU(2, 3)) == "GRU(hidden_size=2, in_size=3)"
    assert repr(L.Embedding(2, 3, 1)) == "Embedding(num_embeddings=2, embedding_dim=3, padding_idx=1)"
    assert repr(L.EmbedID(2, 3)) == "EmbedID(in_size=2, out_size=3)"


@pytest.mark.parametrize(("make", "name"), [(L.LSTM, "x2f"), (L.LSTM, "x2u"), (L.GRU, "h2r"), (L.GRU, "x2n")])
def test_bias_of_each_gate(make, name):
    layer = make(5, in_size=3)
    linear = getattr(layer, name)
    linear.b = None if linear.b is not None else Parameter(np.linspace(-1, 1, 5, dtype=np.float32))
    oracle = lstm if make is L.LSTM else gru
    params = {f"{x}2{g}/b": np.zeros(5) for x in "xh" for g in "fiourzn"}
    params |= {name: p.data for name, p in layer.named_params()}
    bias_of_h = params["h2r/b"]  # the oracle has one bias, the sum of those of x and h
    params["x2r/b"] = params["x2r/b"] + bias_of_h
    for x, expected in zip(STEPS, oracle(params, STEPS), strict=True):
        np.testing.assert_allclose(layer(x.astype(np.float32)).data, expected, rtol=1e-5, atol=1e-6)


def test_lstm_refuses_a_bias_it_would_ignore():
    layer = L.LSTM(5, in_size=3)
    layer.h2i = L.Linear(5, in_size=5)
    with pytest.raises(ValueError, match=r"of h in LSTM.* must have no bias; use those of x"):
        layer(STEPS)


@makes
def test_failed_first_call_keeps_the_state(make):
    model = Sequential(make(4), L.Linear(2, in_size=5))
    x = STEPS[0].astype(np.float32)
    for h in (None, Variable(np.ones((2, 4), np.float32))):
        model[0].h = h
        with pytest.raises(ValueError, match="linear needs"):
            model(x)
        assert model[0].h is h


@pytest.mark.parametrize("layer", [L.RNN, L.LSTM, L.GRU])
def test_state_moves_with_the_model(layer, monkeypatch):
    model = Sequential(layer(3, in_size=2))
    model(np.ones((1, 2), np.float32))
    moved = []
    monkeypatch.setattr(Variable, "to_cpu", lambda v: moved.append(v))
    model.to_cpu()
    states = [getattr(model[0], name) for name in model[0]._state]
    assert {id(v) for v in moved} == {id(v) for v in [*model.params(), *states]}


def test_nan_in_other_rows_does_not_reach_the_padding():
    embedding = L.Embedding(3, 2, padding_idx=0)
    embedding.W.data[1] = np.inf
    np.testing.assert_array_equal(embedding(np.array([1, 0])).data, [[np.inf] * 2, [0, 0]])
