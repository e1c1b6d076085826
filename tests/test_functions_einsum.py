"""functions/einsum.py: Einstein summation."""

import numpy as np
import pytest
from contract import Contract, cases
from hypothesis import given, settings
from hypothesis import strategies as st

import pyconvlite.functions as F
from pyconvlite import Variable

rng = np.random.default_rng(8)
A, B, C = (rng.standard_normal(shape) for shape in [(2, 3), (3, 4), (4, 2)])
SQUARE, CUBE = rng.standard_normal((3, 3)), rng.standard_normal((2, 2, 2))
IMAGES, STACK = rng.standard_normal((2, 3, 2, 2)), rng.standard_normal((2, 3, 4))

SUMS = {
    "ij,jk->ik": (A, B),
    "ij,jk": (A, B),
    "ba,cb": (A.T, B.T),  # the result's letters in alphabetical order
    "ij,ij->ij": (A, A + 1),
    "ij,ij->": (A, A + 1),
    "i,j->ij": (A[0], B[0]),
    "ij->ji": (A,),
    "ij->j": (A,),
    "ii": (SQUARE,),
    "ii->i": (SQUARE,),
    "iji->j": (CUBE,),
    "iii": (CUBE,),
    "ij,jk,kl->il": (A, B, C),
    "ij,jk,ki": (A, B, C),
    "ij,k->i": (A, B[0]),
    "nchw,oc->nohw": (IMAGES, B.T),
    "...ij,...jk->...ik": (STACK, rng.standard_normal((2, 4, 2))),
    "...ij,jk": (STACK, C),
    "i...->...": (STACK,),
    "...,...": (STACK, B),  # which broadcasts
    "ij,ij->i": (A, A[:1]),  # so does an axis of length 1
    "ij,jk->ik ": (A, B[:1]),
    "b i j, b j k -> b i k": (STACK, rng.standard_normal((1, 4, 2))),
    ",ij->ij": (np.array(0.7), A),
}


@cases(
    [
        (text, lambda *xs, t=text: F.einsum(t, *xs), lambda *xs, t=text: np.einsum(t, *xs), *xs)
        for text, xs in SUMS.items()
    ]
)
class TestEinsum(Contract):
    pass


@settings(max_examples=50)
@given(st.data())
def test_random_subscripts_equal_numpy(data):
    sizes = dict(zip("abcde", [2, 3, 1, 2, 0 if data.draw(st.booleans()) else 3], strict=True))
    terms = data.draw(st.lists(st.text("abcde", max_size=4), min_size=1, max_size=3))
    letters = sorted(set("".join(terms)))
    output = "".join(data.draw(st.lists(st.sampled_from(letters), unique=True))) if letters else ""
    text = ",".join(terms) + data.draw(st.sampled_from(["", f"->{output}"]))
    draw = np.random.default_rng(0).standard_normal
    xs = [np.asarray(draw([sizes[letter] for letter in term])) for term in terms]
    y, expected = F.einsum(text, *map(Variable, xs)), np.einsum(text, *xs)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.data, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "xs", "words"),
    [
        ("ij,jk", (A,), "are for 2 operands; got 1"),
        ("ij->k", (A,), "must be unique and occur in the operands"),
        ("ij->ii", (A,), "must be unique and occur in the operands"),
        ("i", (A,), r"'i' do not match an operand of shape \(2, 3\)"),
        ("ijk", (A,), r"'ijk' do not match an operand of shape \(2, 3\)"),
        ("ij...k", (A,), r"'ij\.\.\.k' do not match an operand of shape \(2, 3\)"),
        ("i?", (A,), r"may have letters, '\.\.\.', ',' and '->'; got 'i\?'"),
        ("i.j", (A,), "may have letters"),
        ("ij,jk", (A, A), r"has length 3 and 2; got shapes \(2, 3\), \(2, 3\)"),
        ("ii", (A,), "has length 2 and 3"),
        ("ii", (A[:1],), r"axes with one subscript must have one length; got shape \(1, 3\)"),
    ],
)
def test_invalid_subscripts(text, xs, words):
    with pytest.raises(ValueError, match=words):
        F.einsum(text, *xs)


def test_subscripts_must_be_a_string():
    with pytest.raises(TypeError, match="subscripts must be a string, before the operands; got ndarray"):
        F.einsum(A, [0, 1])
