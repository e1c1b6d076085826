"""English words, for the check that no Japanese text of the site has them."""

from __future__ import annotations

import re

# Terms that are the same in both languages.
NAMES = {
    *[
        "Adam",
        "CNN",
        "CPU",
        "Ctrl",
        "Enter",
        "GFLOP/s",
        "GPU",
        "JupyterLite",
        "LeNet",
        "Mac",
        "matplotlib",
        "MB",
        "MLP",
        "MNIST",
        "Momentum",
    ],
    *[
        "ms",
        "NumPy",
        "OK",
        "px",
        "pyconvlite",
        "Pyodide",
        "PyPI",
        "Python",
        "SGD",
        "SIMD",
        "Tab",
        "WebAssembly",
        "WebGPU",
        "Winograd",
    ],
}


def english_words(text: str) -> list[str]:
    """Words of a text other than names; files, expressions and single letters do not count."""
    words = [word.strip(".,:;()…–’'\"?!") for word in text.split()]
    return [word for word in words if re.fullmatch(r"[A-Za-z][A-Za-z’'-]+", word) and word not in NAMES]
