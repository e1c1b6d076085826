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
    """Check that each comment is there in English and below it in Japanese, but for those without words."""
    tokens = tokenize(io.BytesIO(program.encode()).readline)
    comments = [token for token in tokens if token.type == COMMENT]
    marked = [comment for comment in comments if re.match("# (en|ja): ", comment.string)]
    for english, japanese in zip(marked[::2], marked[1::2], strict=True):
        assert english.line.lstrip().startswith("# en: ")  # not behind code, where the mark would be shown
        assert japanese.line.lstrip().startswith("# ja: ")
        assert japanese.start == (english.start[0] + 1, english.start[1])
        assert english.string.isascii()
        assert not japanese.string.isascii()
    # Shapes such as (N, C) and W (OC, KH), numbers, products such as <gy, conv(x)>.
    expression = re.compile(r"# ((\w+ )?\([\w, ]+\)(, )?)+|# [\d.,=+ ]+|# <.*>")
    assert all(expression.fullmatch(comment.string) for comment in comments if comment not in marked)
