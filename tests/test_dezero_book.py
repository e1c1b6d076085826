"""Programs in the manner of the book's steps 23 to 60, with `import dezero`: the numbers are DeZero's."""

import pytest
from dezero_book import PROGRAMS, assert_alike, expected, printed_by_dezero, printed_here, write_digits

from pyconvlite.datasets import mnist
from pyconvlite.dezero import utils

# rtol and atol where DeZero computes in float64 what is float32 here: np.sqrt is a factor of its weights.
SINGLE = dict.fromkeys(
    ["step_44_sine", "step_48_spiral", "step_51_digits", "step_57_convolution", "step_59_sequences"],
    (5e-6, 1e-7),
)
SINGLE["step_58_vgg"] = 1e-4, 1e-4  # whose 16 layers nearly cancel each other


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with DeZero's cache, in which there is a small MNIST."""
    for name, sha256 in write_digits(tmp_path / ".dezero").items():
        monkeypatch.setitem(mnist._MNIST_FILES, name, sha256)
    monkeypatch.setattr(utils, "cache_dir", str(tmp_path / ".dezero"))
    monkeypatch.setenv("PYCONVLITE_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize("name", PROGRAMS)
def test_prints_the_same_numbers_as_dezero(name, home, capsys):
    assert_alike(printed_here(name, capsys), expected(name), *SINGLE.get(name, (1e-13, 1e-15)))


@pytest.mark.cpython
def test_expected_output_is_dezeros(home):
    printed = printed_by_dezero(home)
    assert sorted(printed) == PROGRAMS
    for name, text in printed.items():
        assert_alike(text, expected(name), 1e-9, 1e-12)
