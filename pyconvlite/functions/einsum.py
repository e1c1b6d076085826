"""Einstein summation, composed of products, sums and matrix products."""

from __future__ import annotations

import math
from typing import Any

from ..autograd import Variable, as_input
from ..backends import get_array_module
from .linalg import matmul
from .reduction import sum
from .shape import reshape, squeeze, transpose

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def einsum(subscripts: str, *operands: Any) -> Variable:
    """Einstein summation, as in `numpy.einsum`: sum of products over the axes that the result does not have.

    Args:
        subscripts: a letter for each axis of each operand, and after "->" for those of the result, such as
            "nchw,oc->nohw". `...` stands for further axes, which broadcast. Without "->", the result has the
            letters that occur once, in alphabetical order.
        operands: Variables or arrays. They are contracted from left to right, so order them such that the
            intermediate results stay small.

    Raises:
        TypeError: `subscripts` is not a string.
        ValueError: the subscripts are malformed, or do not match the operands.

    Example:
        >>> import numpy as np
        >>> einsum("ij,kj->ik", np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]))
        variable([[11. 17.]])
        >>> einsum("ii", np.array([[1.0, 2.0], [3.0, 4.0]]))
        variable(5.0)
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"subscripts must be a string, before the operands; got {type(subscripts).__name__}")
    xs = [as_input(x, "each of the operands") for x in operands]
    terms, result = _parsed(subscripts, xs)
    sizes = _sizes(subscripts, terms, xs)
    pairs = [_without_repeats(x, term) for x, term in zip(xs, terms, strict=True)]
    pairs = [_without_ones(x, term, sizes) for x, term in pairs]
    y, labels = pairs[0]
    for i, (x, term) in enumerate(pairs[1:], 2):
        needed = set(result).union(*(later for _, later in pairs[i:]))
        y, labels = _product(y, labels, x, term, needed)
    y, labels = _summed(y, labels, set(result))
    return _ordered(y, labels, result)


def _parsed(subscripts: str, xs: list[Variable]) -> tuple[list[str], str]:
    """The labels of each operand and of the result, with letters of their own in place of `...`."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(xs):
        raise ValueError(f"subscripts {subscripts!r} are for {len(terms)} operands; got {len(xs)}")
    for text in (*terms, output):
        letters = text.replace("...", "", 1)
        if not all(letter in _LETTERS for letter in letters):
            raise ValueError(f"subscripts may have letters, '...', ',' and '->'; got {subscripts!r}")
    free = [letter for letter in _LETTERS if letter not in subscripts]
    widths = [x.ndim - len(term.replace("...", "")) for x, term in zip(xs, terms, strict=True)]
    for x, term, width in zip(xs, terms, widths, strict=True):
        if width < 0 or (width and "..." not in term):
            raise ValueError(f"subscripts {term!r} do not match an operand of shape {x.shape}")
    widest = max([w for w, term in zip(widths, terms, strict=True) if "..." in term], default=0)
    if widest > len(free):
        raise ValueError(f"subscripts {subscripts!r} stand for more than {len(_LETTERS)} axes")
    rest = "".join(free[:widest])
    terms = [t.replace("...", rest[widest - w :]) for t, w in zip(terms, widths, strict=True)]
    if not arrow:
        every = "".join(terms)
        output = rest + "".join(sorted(a for a in set(every) - set(rest) if every.count(a) == 1))
    output = output.replace("...", rest)
    if len(set(output)) < len(output) or not set(output) <= set("".join(terms)):
        raise ValueError(
            f"the result's subscripts must be unique and occur in the operands; got {subscripts!r}"
        )
    return terms, output


def _sizes(subscripts: str, terms: list[str], xs: list[Variable]) -> dict[str, int]:
    """The length of each label's axis; an axis of length 1 broadcasts."""
    sizes: dict[str, int] = {}
    for x, term in zip(xs, terms, strict=True):
        for label, size in zip(term, x.shape, strict=True):
            known = sizes.setdefault(label, size)
            if known == 1:
                sizes[label] = size
            elif size not in (1, known):
                raise ValueError(
                    f"operands of {subscripts!r} do not match in an axis: it has length {known} and {size}; "
                    f"got shapes {', '.join(str(x.shape) for x in xs)}"
                )
    return sizes


def _without_repeats(x: Variable, labels: str) -> tuple[Variable, str]:
    """The diagonal along axes with the same label."""
    for label in labels:
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if x.shape[i] != x.shape[j]:
                raise ValueError(f"axes with one subscript must have one length; got shape {x.shape}")
            order = [i, j, *(a for a in range(x.ndim) if a not in (i, j))]
            along = get_array_module(x).arange(x.shape[i])
            x = transpose(x, order)[along, along]
            labels = label + "".join(labels[a] for a in order[2:])
    return x, labels


def _without_ones(x: Variable, labels: str, sizes: dict[str, int]) -> tuple[Variable, str]:
    """An operand without its axes that broadcast."""
    gone = tuple(a for a, label in enumerate(labels) if x.shape[a] == 1 != sizes[label])
    return squeeze(x, gone), "".join(label for a, label in enumerate(labels) if a not in gone)


def _summed(x: Variable, labels: str, needed: set[str]) -> tuple[Variable, str]:
    """Sum over the axes that are not needed."""
    gone = tuple(a for a, label in enumerate(labels) if label not in needed)
    return (sum(x, gone) if gone else x), "".join(label for label in labels if label in needed)


def _ordered(x: Variable, labels: str, wanted: str) -> Variable:
    return x if labels == wanted else transpose(x, [labels.index(label) for label in wanted])


def _aligned(x: Variable, labels: str, wanted: str) -> Variable:
    """x with its axes in the wanted order, and with axes of length 1 in place of those it lacks."""
    x = _ordered(x, labels, "".join(label for label in wanted if label in labels))
    lengths = iter(x.shape)
    return reshape(x, tuple(next(lengths) if label in labels else 1 for label in wanted))


def _product(
    a: Variable, a_labels: str, b: Variable, b_labels: str, needed: set[str]
) -> tuple[Variable, str]:
    """Product of two operands, summed over the axes that are not in `needed`."""
    a, a_labels = _summed(a, a_labels, needed | set(b_labels))
    b, b_labels = _summed(b, b_labels, needed | set(a_labels))
    shared = [label for label in a_labels if label in b_labels]
    both = "".join(label for label in shared if label in needed)
    inner = "".join(label for label in shared if label not in needed)
    rows = "".join(label for label in a_labels if label not in shared)
    columns = "".join(label for label in b_labels if label not in shared)
    labels = both + rows + columns
    if not inner:
        return _aligned(a, a_labels, labels) * _aligned(b, b_labels, labels), labels
    a, b = _ordered(a, a_labels, both + rows + inner), _ordered(b, b_labels, both + inner + columns)
    lead, M, P = a.shape[: len(both)], a.shape[len(both) : len(both + rows)], b.shape[len(both + inner) :]
    K = math.prod(a.shape[len(both + rows) :])
    product = matmul(reshape(a, (*lead, math.prod(M), K)), reshape(b, (*lead, K, math.prod(P))))
    return reshape(product, (*lead, *M, *P)), labels
