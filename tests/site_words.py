"""English words, which a Japanese text of the site must not have."""

from __future__ import annotations

import re

# What is called the same in both languages.
NAMES = {
    *(
        "Adam",
        "CNN",
        "CPU",
        "GFLOP/s",
        "GPU",
        "JupyterLite",
        "LeNet",
        "MLP",
        "MNIST",
        "Momentum",
        "NumPy",
        "PyPI",
        "Pyodide",
    ),
    *("Ctrl", "Enter", "Mac", "Tab", "matplotlib"),
    *("Python", "SGD", "SIMD", "WebAssembly", "WebGPU", "Winograd", "pyconvlite"),
    *("OK", "MB", "ms", "px"),
}


def english_words(text: str) -> list[str]:
    """Words of a text that are no names: files, expressions and single letters are none."""
    words = [word.strip(".,:;()…–’'\"?!") for word in text.split()]
    return [word for word in words if re.fullmatch(r"[A-Za-z][A-Za-z’'-]+", word) and word not in NAMES]
