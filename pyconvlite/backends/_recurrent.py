"""LSTM and GRU over a sequence, composed of a backend's other operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Operations(NamedTuple):
    """The operations of a backend that LSTM and GRU are composed of."""

    product: Callable[[Any, Any], Any]
    sigmoid: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    concatenate: Callable[..., Any]
    sum: Callable[[Any, tuple[int, ...], bool], Any]


def lstm(ops: Operations, x: Any, h: Any, c: Any, W: Any) -> tuple[Any, Any, Any]:
    """`Kernels.lstm`."""
    H = h.shape[1]
    Wx, Wh, b = _parts(W, x.shape[2], H)
    a = _rows_times(ops, x, Wx) + b
    hs, cs, gates = [h], [c], []
    for of_x in a:
        of_all = of_x + ops.product(h, Wh)
        fio, u = ops.sigmoid(of_all[:, : 3 * H]), ops.tanh(of_all[:, 3 * H :])
        f, i, o = _columns(fio, H)
        c = f * c + i * u
        h = o * ops.tanh(c)
        hs.append(h)
        cs.append(c)
        gates.append(ops.concatenate([fio, u], axis=1))
    return _stacked(ops, hs), _stacked(ops, cs), _stacked(ops, gates)


def lstm_grad(
    ops: Operations, x: Any, W: Any, hs: Any, cs: Any, gates: Any, ghs: Any, gc: Any, needs_gx: bool
) -> tuple[Any, Any, Any, Any]:
    """`Kernels.lstm_grad`."""
    H = gc.shape[1]
    _, Wh, _ = _parts(W, x.shape[2], H)
    gh, gas = 0, []
    for t in reversed(range(len(x))):
        f, i, o, u = _columns(gates[t], H)
        tanh_c = ops.tanh(cs[t + 1])
        gh = gh + ghs[t]
        gc = gc + gh * o * (1 - tanh_c * tanh_c)
        gf, gi, gu = gc * cs[t] * f * (1 - f), gc * u * i * (1 - i), gc * i * (1 - u * u)
        ga = ops.concatenate([gf, gi, gh * tanh_c * o * (1 - o), gu], axis=1)
        gas.append(ga)
        gc = gc * f
        gh = ops.product(ga, Wh.T)
    gx, gW = input_and_weights(ops, x, W, hs, [_stacked(ops, gas[::-1])], needs_gx)
    return gx, gh, gc, gW


def gru(ops: Operations, x: Any, h: Any, W: Any) -> tuple[Any, Any, Any]:
    """`Kernels.gru`."""
    H = h.shape[1]
    Wx, Wh, bx, bh = _parts(W, x.shape[2], H)
    a = _rows_times(ops, x, Wx) + bx
    hs, gates, terms = [h], [], []
    for of_x in a:
        of_h = ops.product(h, Wh) + bh
        rz = ops.sigmoid(of_x[:, : 2 * H] + of_h[:, : 2 * H])
        r, z = _columns(rz, H)
        n = ops.tanh(of_x[:, 2 * H :] + r * of_h[:, 2 * H :])
        h = n + z * (h - n)
        hs.append(h)
        gates.append(ops.concatenate([rz, n], axis=1))
        terms.append(of_h[:, 2 * H :])
    return _stacked(ops, hs), _stacked(ops, gates), _stacked(ops, terms)


def gru_grad(
    ops: Operations, x: Any, W: Any, hs: Any, gates: Any, terms: Any, ghs: Any, needs_gx: bool
) -> tuple[Any, Any, Any]:
    """`Kernels.gru_grad`."""
    H = hs.shape[2]
    _, Wh, _, _ = _parts(W, x.shape[2], H)
    gh, of_x, of_h = 0, [], []
    for t in reversed(range(len(x))):
        r, z, n = _columns(gates[t], H)
        gh = gh + ghs[t]
        gn, gz = gh * (1 - z) * (1 - n * n), gh * (hs[t] - n) * z * (1 - z)
        gr = gn * terms[t] * r * (1 - r)
        of_x.append(ops.concatenate([gr, gz, gn], axis=1))
        of_h.append(ops.concatenate([gr, gz, gn * r], axis=1))
        gh = gh * z + ops.product(of_h[-1], Wh.T)
    sums = [_stacked(ops, of_x[::-1]), _stacked(ops, of_h[::-1])]
    gx, gW = input_and_weights(ops, x, W, hs, sums, needs_gx)
    return gx, gh, gW


def _parts(W: Any, features: int, H: int) -> tuple[Any, ...]:
    """The rows of W for x, those for h, and each row that is a bias."""
    biases = range(features + H, W.shape[0])
    return W[:features], W[features : features + H], *(W[row] for row in biases)


def _rows_times(ops: Operations, x: Any, W: Any) -> Any:
    """x W for x (T, N, K), as one product."""
    T, N, K = x.shape
    return ops.product(x.reshape(T * N, K), W).reshape(T, N, W.shape[1])


def input_and_weights(
    ops: Operations, x: Any, W: Any, hs: Any, sums: Sequence[Any], needs_gx: bool
) -> tuple[Any, Any]:
    """Gradients with respect to x, if needed, and W.

    Args:
        sums: gradients of x Wx + bx and of h Wh + bh, (T, N, gates * H) each; one if these have one bias.
    """
    of_x, of_h = sums[0], sums[-1]
    gW = [_weights(ops, x, of_x), _weights(ops, hs[:-1], of_h), *(_bias(ops, g) for g in sums)]
    return _rows_times(ops, of_x, W[: x.shape[2]].T) if needs_gx else None, ops.concatenate(gW)


def _columns(a: Any, H: int) -> list[Any]:
    """The parts of a (N, gates * H), each (N, H)."""
    return [a[:, start : start + H] for start in range(0, a.shape[1], H)]


def _stacked(ops: Operations, steps: Sequence[Any]) -> Any:
    return ops.concatenate([step[None] for step in steps])


def _weights(ops: Operations, x: Any, ga: Any) -> Any:
    """The gradient of W in x W, summed over all steps."""
    T, N, K = x.shape
    return ops.product(x.reshape(T * N, K).T, ga.reshape(T * N, ga.shape[2]))


def _bias(ops: Operations, ga: Any) -> Any:
    """The gradient of a bias, as a row."""
    return ops.sum(ga, (0, 1), False)[None]
