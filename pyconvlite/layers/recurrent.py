"""EmbedID, Embedding, RNN, LSTM and GRU: layers for sequences (book steps 59 and 60)."""

from __future__ import annotations

from functools import cache
from operator import is_
from typing import Any, ClassVar

import numpy as np

from .. import functions as F
from .._arguments import at_least, integer
from ..autograd import Parameter, Variable, as_input
from ..backends import get_array_module, to_device_of
from ..config import Config
from ._arguments import float_dtype, shape_of
from .affine import Linear
from .base import Layer
from .initializers import normal


class EmbedID(Layer):
    """Word embedding: one trainable vector per index, `y = W[x]`.

    Args:
        in_size: number of vectors, at least 1; the indices are 0 to in_size - 1.
        out_size: length of a vector, at least 1.
        dtype: float16, float32 or float64.

    Attributes:
        W: Parameter of shape (in_size, out_size), initialized with variance 1.

    Raises:
        TypeError: a size is not an integer, or `dtype` is not supported; when called, the indices are not
            integers.
        ValueError: a size is below 1; when called, an index is out of range.

    Example:
        >>> EmbedID(10, 3)(np.array([[7, 1]])).shape
        (1, 2, 3)
    """

    def __init__(self, in_size: int, out_size: int, *, dtype: Any = np.float32) -> None:
        shape = (at_least(1, in_size, "in_size"), at_least(1, out_size, "out_size"))
        self.W = Parameter(normal(shape, 1.0, float_dtype(dtype)), "W")

    def forward(self, x: Any) -> Variable:
        """Return the vectors for the indices x, of shape (*x.shape, out_size)."""
        return F.embed_id(x, self.W)

    def __repr__(self) -> str:
        return f"EmbedID(in_size={self.W.shape[0]}, out_size={self.W.shape[1]})"


class Embedding(EmbedID):
    """EmbedID under PyTorch's name and arguments, with an index for padding.

    Args:
        num_embeddings: number of vectors, at least 1.
        embedding_dim: length of a vector, at least 1.
        padding_idx: index whose vector is initialized to 0 and not trained, such as that of the padding of
            sentences; negative indices count from the end; None if there is none.
        dtype: float16, float32 or float64.

    Attributes:
        W: Parameter of shape (num_embeddings, embedding_dim), initialized with variance 1.

    Raises:
        TypeError: as EmbedID.
        ValueError: as EmbedID, or `padding_idx` is out of range.

    Example:
        >>> Embedding(10, 3, padding_idx=0)(np.array([0, 0]))
        variable([[0. 0. 0.]
                  [0. 0. 0.]])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(
            at_least(1, num_embeddings, "num_embeddings"),
            at_least(1, embedding_dim, "embedding_dim"),
            dtype=dtype,
        )
        rows: int = len(self.W)
        self.padding_idx = None
        if padding_idx is not None:
            index = integer(padding_idx, "padding_idx")
            if not -rows <= index < rows:
                raise ValueError(f"padding_idx must be from {-rows} to {rows - 1}; got {index}")
            self.padding_idx = index % rows
            self.W.data[self.padding_idx] = 0

    def forward(self, x: Any) -> Variable:
        """Return the vectors for the indices x, of shape (*x.shape, embedding_dim)."""
        y = super().forward(x)
        if self.padding_idx is None:
            return y
        others = to_device_of(y, (as_input(x).data != self.padding_idx)[..., None])
        return F.where(others, y, y.data)  # the same values, without a gradient where the index is padding

    def __repr__(self) -> str:
        sizes = f"num_embeddings={self.W.shape[0]}, embedding_dim={self.W.shape[1]}"
        return f"Embedding({sizes}, padding_idx={self.padding_idx})"


class _Recurrent(Layer):
    """Base of RNN, LSTM and GRU."""

    _state: ClassVar[tuple[str, ...]] = ("h",)
    _gates: ClassVar[str] = "h"  # in the names of the Linear layers, as x2h
    hidden_size: int  # a state has the shape (N, hidden_size)
    h: Variable | None

    def reset_state(self) -> None:
        """Discard the state, before a new sequence."""
        for name in self._state:
            setattr(self, name, None)

    def __getstate__(self) -> dict[str, Any]:
        # A state references a graph, which is not copied.
        return {**super().__getstate__(), **dict.fromkeys(self._state)}

    def __repr__(self) -> str:
        in_size = getattr(self, f"x2{self._gates[0]}").in_size
        return f"{type(self).__name__}(hidden_size={self.hidden_size}, in_size={in_size})"

    def _check(self, x: Any) -> None:
        """Raise an error unless x is a step or a sequence for this state."""
        shape = shape_of(x)
        if len(shape) not in (2, 3) or 0 in shape[:-2]:
            as_input(x, "x")
            raise ValueError(
                f"{type(self).__name__} needs an input with 2 axes, (N, in_size), or 3, (T, N, in_size), "
                f"of at least one step; got shape {shape}"
            )
        if self.h is not None and shape[-2:-1] != self.h.shape[:1]:
            raise ValueError(
                f"the input of shape {shape} and the state of shape {self.h.shape} have different batch "
                "sizes; call reset_state() before a new sequence"
            )


class RNN(_Recurrent):
    """Elman recurrent network, one step per call: `h = tanh(x2h(x) + h2h(h))` (book step 59).

    A call with x of shape (T, N, in_size) computes T steps, and returns h after each, (T, N, hidden_size).
    Call `reset_state()` before a new sequence or batch size; the first step then omits `h2h(h)`. The graph
    includes all steps since; `unchain_backward()` of a loss truncates it.

    Args:
        hidden_size: length of h, at least 1.
        in_size: number of input features; None infers it from the first input.
        dtype: float16, float32 or float64.

    Attributes:
        hidden_size: length of h.
        x2h, h2h: Linear layers; h2h has no bias.
        h: state after the last step, of shape (N, hidden_size); None before the first step.

    Raises:
        TypeError: a size is not an integer, or `dtype` is not supported.
        ValueError: a size is below 1; when called, the batch sizes of the input and the state differ.

    Example:
        >>> rnn = RNN(4)
        >>> for x in np.zeros((5, 2, 3), dtype=np.float32):  # 5 steps of 2 sequences
        ...     h = rnn(x)
        >>> h.shape
        (2, 4)
    """

    def __init__(self, hidden_size: int, in_size: int | None = None, *, dtype: Any = np.float32) -> None:
        self.hidden_size = hidden_size = at_least(1, hidden_size, "hidden_size")
        self.x2h = Linear(hidden_size, in_size=in_size, dtype=dtype)
        self.h2h = Linear(hidden_size, in_size=hidden_size, nobias=True, dtype=dtype)
        self.reset_state()

    def forward(self, x: Any) -> Variable:
        """Compute one step for x of shape (N, in_size) and return the new h; or T steps, see the class."""
        self._check(x)
        a = self.x2h(x)
        if a.ndim == 2:
            return self._step(a)
        return F.stack([self._step(F.squeeze(each, 0)) for each in F.split(a, len(a))])

    def _step(self, a: Variable) -> Variable:
        self.h = F.tanh(a if self.h is None else a + self.h2h(self.h))
        return self.h


class _Joined:
    """The weights of all gates, concatenated to one matrix W.

    Args:
        parts: the Variables that W was concatenated from; None for an omitted bias.
        W: the matrix. It has a graph if one was recorded.
    """

    def __init__(self, parts: list[Variable | None], W: Variable) -> None:
        self.W = W
        self.parts = parts
        self.changed = _changes(parts)

    def is_current(self, parts: list[Variable | None]) -> bool:
        """Whether W still is the concatenation of these, with a graph if one is recorded."""
        if self.W.creator is None and Config.enable_backprop:
            return False
        return all(map(is_, self.parts, parts)) and self.changed == _changes(parts)


def _changes(parts: list[Variable | None]) -> list[Any]:
    return [None if part is None else part._changed for part in parts]


@cache
def _names(gates: str) -> tuple[list[str], list[str]]:
    """The Linear layers of x and those of h."""
    return [f"x2{gate}" for gate in gates], [f"h2{gate}" for gate in gates]


class _Gated(_Recurrent):
    """Base of LSTM and GRU: concatenates the weights of all gates, as `F.lstm` and `F.gru` take them.

    The matrix is reused for many steps, so backpropagation adds one gradient per step, not one per gate.
    """

    _biases: ClassVar[int]  # 1: of x; 2: of x and h
    _joined: _Joined | None

    def reset_state(self) -> None:
        """Discard the state, before a new sequence."""
        super().reset_state()
        self._joined = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_joined": None}

    def _weights(self, x: Any) -> Variable:
        """The matrix, for inputs such as x."""
        self._check(x)
        x2, h2 = ([getattr(self, name) for name in names] for names in _names(self._gates))
        in_size = shape_of(x)[-1]
        for linear in x2:
            if linear.W.data is None:
                linear._init_for(x, in_size)
        if len(x2[0].W) != in_size:
            raise ValueError(f"{self!r} needs an input with in_size features; got shape {shape_of(x)}")
        parts: list[Variable | None] = [linear.W for linear in x2 + h2]
        for gates in (x2, h2)[: self._biases]:
            parts += [linear.b for linear in gates]
        if self._biases == 1 and any(linear.b is not None for linear in h2):
            raise ValueError(f"the Linear layers of h in {self!r} must have no bias; use those of x")
        if self._joined is None or not self._joined.is_current(parts):
            self._joined = _Joined(parts, F.JoinWeights(len(self._gates))(*parts))
        return self._joined.W

    def _before(self, state: Variable | None, x: Any, W: Variable) -> Any:
        """The state before this call: 0 before the first step."""
        if state is not None:
            return state
        H = W.shape[1] // len(self._gates)
        return get_array_module(W.data).zeros((shape_of(x)[-2], H), W.dtype)


class LSTM(_Gated):
    """Long short-term memory, one step per call, or all steps of a sequence (book step 60).

    Hochreiter, Schmidhuber, "Long Short-Term Memory" (1997), with a forget gate f::

        f, i, o = sigmoid(x2f(x) + h2f(h)), sigmoid(x2i(x) + h2i(h)), sigmoid(x2o(x) + h2o(h))
        u = tanh(x2u(x) + h2u(h))
        c = f * c + i * u
        h = o * tanh(c)

    x of shape (N, in_size) is one step. x of shape (T, N, in_size) is T steps, which are faster in one call;
    it returns h after each, (T, N, hidden_size). The Linear layers hold the weights, but are not called.
    To change a weight between two steps, assign a new array to its `data`, as optimizers do. A write into the
    array may be ignored.

    Call `reset_state()` before a new sequence or batch size; in the first step h and c are 0.

    Args:
        hidden_size: length of h and c, at least 1.
        in_size: number of input features; None infers it from the first input.
        dtype: float16, float32 or float64.

    Attributes:
        hidden_size: length of h and c.
        x2f, x2i, x2o, x2u, h2f, h2i, h2o, h2u: Linear layers; those of h have no bias.
        h, c: state after the last step, each of shape (N, hidden_size); None before the first step.

    Raises:
        TypeError: a size is not an integer, or `dtype` is not supported.
        ValueError: a size is below 1; when called, the batch sizes of the input and the state differ.

    Example:
        >>> lstm = LSTM(4)
        >>> for x in np.zeros((5, 2, 3), dtype=np.float32):  # 5 steps of 2 sequences
        ...     h = lstm(x)
        >>> h.shape, lstm.c.shape
        ((2, 4), (2, 4))
    """

    _state = ("h", "c")
    _gates = "fiou"
    _biases = 1
    c: Variable | None

    def __init__(self, hidden_size: int, in_size: int | None = None, *, dtype: Any = np.float32) -> None:
        self.hidden_size = H = at_least(1, hidden_size, "hidden_size")
        self.x2f, self.x2i, self.x2o, self.x2u = (Linear(H, in_size=in_size, dtype=dtype) for _ in range(4))
        self.h2f, self.h2i, self.h2o, self.h2u = (
            Linear(H, in_size=H, nobias=True, dtype=dtype) for _ in range(4)
        )
        self.reset_state()

    def forward(self, x: Any) -> Variable:
        """Compute one step for x of shape (N, in_size) and return the new h; or T steps, see the class."""
        W = self._weights(x)
        y, self.c = F.lstm(x, self._before(self.h, x, W), self._before(self.c, x, W), W)
        self.h = y if y.ndim == 2 else y[-1]
        return y


class GRU(_Gated):
    """Gated recurrent unit, one step per call, or all steps of a sequence.

    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014), in PyTorch's form::

        r, z = sigmoid(x2r(x) + h2r(h)), sigmoid(x2z(x) + h2z(h))
        n = tanh(x2n(x) + r * h2n(h))
        h = (1 - z) * n + z * h

    Steps and sequences, the change of a weight and `reset_state()` are as in LSTM.

    Args: as LSTM.

    Attributes:
        hidden_size: length of h.
        x2r, x2z, x2n, h2r, h2z, h2n: Linear layers; h2r and h2z have no bias, since those of x suffice.
        h: state after the last step, of shape (N, hidden_size); None before the first step.

    Raises: as LSTM.

    Example:
        >>> gru = GRU(4)
        >>> for x in np.zeros((5, 2, 3), dtype=np.float32):  # 5 steps of 2 sequences
        ...     h = gru(x)
        >>> h.shape
        (2, 4)
    """

    _gates = "rzn"
    _biases = 2

    def __init__(self, hidden_size: int, in_size: int | None = None, *, dtype: Any = np.float32) -> None:
        self.hidden_size = H = at_least(1, hidden_size, "hidden_size")
        self.x2r, self.x2z, self.x2n = (Linear(H, in_size=in_size, dtype=dtype) for _ in range(3))
        self.h2r, self.h2z = (Linear(H, in_size=H, nobias=True, dtype=dtype) for _ in range(2))
        self.h2n = Linear(H, in_size=H, dtype=dtype)
        self.reset_state()

    def forward(self, x: Any) -> Variable:
        """Compute one step for x of shape (N, in_size) and return the new h; or T steps, see the class."""
        W = self._weights(x)
        y = F.gru(x, self._before(self.h, x, W), W)
        self.h = y if y.ndim == 2 else y[-1]
        return y
