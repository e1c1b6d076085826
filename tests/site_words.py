"""English words in texts of the site, and programs with comments in both languages."""

from __future__ import annotations

import io
import re
from tokenize import COMMENT, tokenize

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


def check_comments(program: str) -> None:
    """Check that a program's comments are in English and in Japanese in turn, but for those without words."""
    tokens = tokenize(io.BytesIO(program.encode()).readline)
    comments = [token.string for token in tokens if token.type == COMMENT]
    marked = [comment for comment in comments if re.match("# (en|ja): ", comment)]
    assert [comment[:6] for comment in marked] == ["# en: ", "# ja: "] * (len(marked) // 2)
    assert all(comment.isascii() == comment.startswith("# en") for comment in marked)
    # Shapes such as (N, C) and W (OC, KH), numbers, products such as <gy, conv(x)>.
    expression = re.compile(r"# ((\w+ )?\([\w, ]+\)(, )?)+|# [\d.,=+ ]+|# <.*>")
    assert all(expression.fullmatch(comment) for comment in comments if comment not in marked)
