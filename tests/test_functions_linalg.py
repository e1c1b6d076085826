"""functions/linalg.py: matrix products."""

import numpy as np
import pytest
from contract import Contract, cases, method

import pyconvlite.functions as F

rng = np.random.default_rng(3)
A = rng.standard_normal((2, 3))
B = rng.standard_normal((3, 4))
V3, V4 = rng.standard_normal(3), rng.standard_normal(4)
STACK_A = rng.standard_normal((5, 2, 3))
STACK_B = rng.standard_normal((5, 3, 4))
BIAS = rng.standard_normal(4)


@cases(
    [
        ("matrix matrix", F.matmul, np.matmul, A, B),
        ("strided", lambda a, b: F.matmul(a.T, b), lambda a, b: a.T @ b, rng.standard_normal((3, 2)), B),
        ("vector vector", F.matmul, np.matmul, V3, rng.standard_normal(3)),
        ("vector matrix", F.matmul, np.matmul, V3, B),
        ("matrix vector", F.matmul, np.matmul, B, V4),
        ("stack stack", F.matmul, np.matmul, STACK_A, STACK_B),
        ("stack matrix", F.matmul, np.matmul, STACK_A, B),
        ("matrix stack", F.matmul, np.matmul, A, STACK_B),
        ("stack vector", F.matmul, np.matmul, STACK_B, V4),
        ("vector stack", F.matmul, np.matmul, V3, STACK_B),
        ("stacks broadcast", F.matmul, np.matmul, STACK_A[:, None], rng.standard_normal((1, 2, 3, 2))),
        ("no rows", F.matmul, np.matmul, np.zeros((0, 3)), B),
        ("no terms", F.matmul, np.matmul, np.zeros((2, 0)), np.zeros((0, 4))),
        ("matmul method", method(lambda a, b: a.matmul(b)), np.matmul, A, B),
        ("dot method", method(lambda a, b: a.dot(b)), np.matmul, A, B),
        ("@", method(lambda a, b: a @ b), np.matmul, A, B),
        ("first transposed", lambda a, b: F.MatMul((True, False))(a, b), lambda a, b: a.T @ b, A.T.copy(), B),
        (
            "second transposed",
            lambda a, b: F.MatMul((False, True))(a, b),
            lambda a, b: a @ b.T,
            A,
            B.T.copy(),
        ),
        (
            "both transposed",
            lambda a, b: F.MatMul((True, True))(a, b),
            lambda a, b: (b @ a).T,
            A.T.copy(),
            B.T.copy(),
        ),
    ]
)
class TestMatmul(Contract):
    pass


@cases(
    [
        ("no bias", F.linear, np.matmul, A, B),
        ("bias", F.linear, lambda x, W, b: x @ W + b, A, B, BIAS),
        ("bias as a row", F.linear, lambda x, W, b: x @ W + b, A, B, BIAS[None]),
        ("simple, no bias", F.linear_simple, np.matmul, A, B),
        ("simple, bias", F.linear_simple, lambda x, W, b: x @ W + b, A, B, BIAS),
        ("sequence", F.linear, lambda x, W, b: x @ W + b, STACK_A, B, BIAS),
        ("more axes", F.linear, lambda x, W, b: x @ W + b, STACK_A[:4].reshape(2, 2, 2, 3), B, BIAS),
        ("sequence of no steps", F.linear, np.matmul, STACK_A[:0], B),
        ("no images", F.linear, lambda x, W, b: x @ W + b, np.zeros((0, 3)), B, BIAS),
    ]
)
class TestLinear(Contract):
    pass


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: F.matmul(A, A), r"\(2, 3\).*\(2, 3\)"),
        (lambda: F.matmul(V3, V4), r"\(3,\).*\(4,\)"),
        (lambda: F.matmul(STACK_A, STACK_B[:2]), r"\(5, 2, 3\).*\(2, 3, 4\)"),
        (lambda: F.matmul(A, np.array(2.0)), r"\(2, 3\).*\(\)"),
        (lambda: F.linear(A, B.T), r"\(2, 3\).*\(4, 3\)"),
        (lambda: F.linear(A, B, np.zeros(3)), r"\(3,\)"),
        (lambda: F.linear(A, V3), r"\(3,\)"),
        (lambda: F.linear(STACK_A, B[:2]), r"\(5, 2, 3\), \(2, 4\)$"),
        (lambda: F.linear(STACK_A, np.ones((6, 4))), r"\(5, 2, 3\), \(6, 4\); use F\.flatten\(x\)"),
        (lambda: F.linear(V3, B), r"\(3,\), \(3, 4\); use x\.reshape\(1, -1\)"),
    ],
)
def test_incompatible_shapes_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
