"""Recurrent layers: RNN, GRU and LSTM over sequences, in one direction or in both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import functions as F
from ...backends import to_device_of
from ..emitting import Call
from ._table import Exporter, Run, Use, exports, integers, operator, raw

# Whether each direction of a layer takes the steps from the last to the first.
_DIRECTIONS = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}


class _Weights(NamedTuple):
    """The weights of one direction, with the gates in the order of `functions/recurrent.py`.

    Attributes:
        Wx, Wh: for x, (in, gates * H), and for h, (H, gates * H).
        bx, bh: biases of shape (1, gates * H).
    """

    Wx: Any
    Wh: Any
    bx: Any
    bh: Any


# All states of one direction, (T, N, H), and for an LSTM the last cell, from x (T, N, in), h, c and weights.
_Pass = Callable[[Any, Any, Any, _Weights], tuple[Any, Any]]


@operator(
    "RNN",
    "GRU",
    "LSTM",
    activations=(),
    activation_alpha=(),
    activation_beta=(),
    clip=0.0,
    direction="forward",
    hidden_size=0,
    layout=0,
    linear_before_reset=0,
    input_forget=0,
)
def _recurrent(use: Use) -> Run:
    directions = _DIRECTIONS[use.one_of("direction", *_DIRECTIONS)]
    use.one_of("layout", 0, 1)
    use.one_of("input_forget", 0)
    if named := use.given & {"clip", "activation_alpha", "activation_beta"}:
        use.refuse(f"{', '.join(sorted(named))} is not supported")
    if len(use.node.inputs) > 7 and use.node.inputs[7]:
        use.refuse("peepholes are not supported")
    order, one_pass = _kind(use, len(directions))
    match use.shape(2):
        case (_, int(rows), int(H)) if rows != len(order) * H:
            use.refuse(
                f"R must have {len(order)} rows for each of its {H} columns; got {rows}: a projection of the "
                "states (proj_size) is not supported"
            )

    def recurrent(
        x: Any,
        W: Any,
        R: Any,
        B: Any = None,
        lengths: Any = None,
        h: Any = None,
        c: Any = None,
        _: Any = None,
    ) -> Any:
        if use.layout:
            x, h, c = (None if each is None else F.transpose(each, (1, 0, 2)) for each in (x, h, c))
        T, N, H = x.shape[0], x.shape[1], R.shape[2]
        if lengths is not None and any(n != T for n in integers(lengths)):
            raise ValueError(f"sequences of different lengths, {integers(lengths)}, are not supported")
        if W.shape[0] != len(directions):
            raise ValueError(f"needs weights for {len(directions)} directions; got {W.shape[0]}")
        zeros = to_device_of(raw(x), np.zeros((N, H), raw(x).dtype))
        ys, last, cells = [], [], []
        for i, is_reversed in enumerate(directions):
            parts = [None if each is None else F.get_item(each, i) for each in (W, R, B, h, c)]
            before = [zeros if state is None else state for state in parts[3:]]
            steps = F.flip(x, 0) if is_reversed else x
            hs, cell = one_pass(steps, before[0], before[1], _weights(order, H, *parts[:3]))
            ys.append(F.flip(hs, 0) if is_reversed else hs)
            last.append(hs[-1])
            cells.append(cell)
        y = F.stack(ys, 1)  # (T, D, N, H)
        states = [last, cells] if use.node.op == "LSTM" else [last]  # (D, N, H)
        if use.layout:
            return F.transpose(y, (2, 0, 1, 3)), *(F.stack(each, 1) for each in states)
        return y, *map(F.stack, states)

    return recurrent


def _kind(use: Use, directions: int) -> tuple[list[int], _Pass]:
    """The order of the file's gates in `functions/recurrent.py`, and what computes one direction."""
    activations = [name.lower() for name in use.activations]
    known = {"RNN": ["tanh"], "GRU": ["sigmoid", "tanh"], "LSTM": ["sigmoid", "tanh", "tanh"]}[use.node.op]
    is_relu = use.node.op == "RNN" and activations == ["relu"] * directions
    if not is_relu and activations not in ([], known * directions):
        use.refuse(f"activations other than {', '.join(known)} are not supported")
    if use.node.op == "RNN":
        return [0], _rnn(F.relu if is_relu else F.tanh)
    if use.node.op == "LSTM":
        return [2, 0, 1, 3], _lstm  # i, o, f, c in the file
    return [1, 0, 2], _gru if use.linear_before_reset else _gru_of_reset_states  # z, r, h


def _weights(order: Sequence[int], H: int, W: Any, R: Any, B: Any) -> _Weights:
    gates = len(order)

    def ordered(part: Any) -> Any:
        """(gates * H, n) as (n, gates * H), with the gates in order."""
        blocks = F.get_item(F.reshape(part, (gates, H, -1)), np.array(order))
        return F.transpose(F.reshape(blocks, (gates * H, -1)))

    if B is None:
        B = to_device_of(raw(W), np.zeros(2 * gates * H, raw(W).dtype))
    bx, bh = F.split(F.reshape(B, (-1, 1)), 2)
    return _Weights(*map(ordered, (W, R, bx, bh)))


def _of_steps(x: Any, weights: _Weights) -> list[Any]:
    """What x and both biases add to the gates, (N, gates * H) for each step."""
    a = F.matmul(x, weights.Wx) + (weights.bx + weights.bh)
    return [F.squeeze(step, 0) for step in F.split(a, len(a))]


def _rnn(activation: Callable[[Any], Any]) -> _Pass:
    def one_pass(x: Any, h: Any, c: Any, weights: _Weights) -> tuple[Any, Any]:
        states = []
        for a in _of_steps(x, weights):
            h = activation(a + F.matmul(h, weights.Wh))
            states.append(h)
        return F.stack(states), None

    return one_pass


def _lstm(x: Any, h: Any, c: Any, weights: _Weights) -> tuple[Any, Any]:
    return F.lstm(x, h, c, F.concat([weights.Wx, weights.Wh, weights.bx + weights.bh], 0))


def _gru(x: Any, h: Any, c: Any, weights: _Weights) -> tuple[Any, Any]:
    return F.gru(x, h, F.concat(weights, 0)), None


def _gru_of_reset_states(x: Any, h: Any, c: Any, weights: _Weights) -> tuple[Any, Any]:
    """As `F.gru`, but with (r * h) Wh + bh in place of r * (h Wh + bh) in the gate n (Cho et al. 2014)."""
    H, states = h.shape[-1], []
    gated, new = weights.Wh[:, : 2 * H], weights.Wh[:, 2 * H :]
    for a in _of_steps(x, weights):
        r, z = F.split(F.sigmoid(a[:, : 2 * H] + F.matmul(h, gated)), 2, 1)
        n = F.tanh(a[:, 2 * H :] + F.matmul(r * h, new))
        h = (1 - z) * n + z * h
        states.append(h)
    return F.stack(states), None


@exports(F.JoinWeights)
def _export_join_weights(c: Call) -> str:
    e, n = c.e, c.f.gates
    zero = e.constant(np.zeros((1, c.f.inputs[0].shape[1]), c.dtype))
    rows = []
    for i in range(0, len(c.inputs), n):
        parts = c.inputs[i : i + n]
        if i >= 2 * n:  # biases
            parts = [e.node("Unsqueeze", part, e.integers([0])) if part else zero for part in parts]
        rows.append(e.node("Concat", *parts, axis=1))
    return e.node("Concat", *rows, axis=0)


def _unrolled(step: Callable[..., list[str]], biases: int) -> Exporter:
    """The steps of a sequence, unrolled, or a single step.

    Args:
        step: gives the next states, the output first, for the Call, the products with x and with h, the
            biases and the states.
        biases: number of rows of biases.
    """

    def export(c: Call) -> list[str]:
        e, (x, *states, W) = c.e, c.alike()
        shape, H = c.f.inputs[0].shape, c.f.inputs[1].shape[1]
        if len(shape) == 3 and shape[0] != c.g.inputs[0].shape[0]:
            raise ValueError(
                f"{type(c.f).__name__} over sequences of any length has no counterpart here; export a model "
                "whose input has the batch first, (N, T, in_size), and which transposes it to (T, N, in_size)"
            )
        names = [e.unique(name) for name in ("Wx", "Wh", *["b"] * biases)]
        sizes = e.integers([shape[-1], H, *[1] * biases])
        Wx, Wh, *bs = e.nodes_of("Split", W, sizes, outputs=names, axis=0)
        xs = [x]
        if len(shape) == 3:
            xs = [e.node("Gather", x, e.constant(np.array(t, np.int64)), axis=0) for t in range(shape[0])]
        ys = []
        for x_t in xs:
            states = step(c, e.node("MatMul", x_t, Wx), e.node("MatMul", states[0], Wh), bs, states)
            ys.append(states[0])
        if len(shape) == 2:
            return states
        axis = e.integers([0])
        return [e.node("Concat", *(e.node("Unsqueeze", y, axis) for y in ys), axis=0), *states[1:]]

    return export


def _gates(c: Call, a: str, n: int) -> list[str]:
    """The blocks of columns of a."""
    names = [c.e.unique("gate") for _ in range(n)]
    return c.e.nodes_of("Split", a, c.e.integers([c.f.inputs[1].shape[1]] * n), outputs=names, axis=1)


def _lstm_step(c: Call, of_x: str, of_h: str, biases: list[str], states: list[str]) -> list[str]:
    node = c.e.node
    f, i, o, u = _gates(c, node("Add", node("Add", of_x, of_h), biases[0]), 4)
    kept = node("Mul", node("Sigmoid", f), states[1])
    cell = node("Add", kept, node("Mul", node("Sigmoid", i), node("Tanh", u)))
    return [node("Mul", node("Sigmoid", o), node("Tanh", cell)), cell]


def _gru_step(c: Call, of_x: str, of_h: str, biases: list[str], states: list[str]) -> list[str]:
    node = c.e.node
    of_x, of_h = node("Add", of_x, biases[0]), node("Add", of_h, biases[1])
    (rx, zx, nx), (rh, zh, nh) = _gates(c, of_x, 3), _gates(c, of_h, 3)
    r, z = node("Sigmoid", node("Add", rx, rh)), node("Sigmoid", node("Add", zx, zh))
    n = node("Tanh", node("Add", nx, node("Mul", r, nh)))
    return [node("Add", n, node("Mul", z, node("Sub", states[0], n)))]


exports(F.LSTM)(_unrolled(_lstm_step, biases=1))
exports(F.GRU)(_unrolled(_gru_step, biases=2))
