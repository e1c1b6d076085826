"""MNIST where `pyconvlite.datasets.MNIST` looks for it, put together from the parts that the site serves."""

from __future__ import annotations

import shutil
from pathlib import Path

from pyconvlite.datasets.mnist import _MNIST_FILES as SHA256
from pyconvlite.utils import cache_dir
from tab.training import DATA


def gather(parts: Path = DATA) -> None:
    """Move MNIST into the cache.

    Args:
        parts: a folder of folders, each with whole IDX files of the usual names. It goes, to free memory.
    """
    for name, sha256 in SHA256.items():
        folder = cache_dir() / sha256
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(_joined([path.read_bytes() for path in sorted(parts.glob(f"*/{name}"))]))
    shutil.rmtree(parts)


def _joined(parts: list[bytes]) -> bytes:
    """One IDX file of those that differ in the number of their entries alone."""
    start = 4 + 4 * parts[0][3]  # the magic number's last byte counts the axes, each a big-endian uint32
    count = sum(int.from_bytes(part[4:8], "big") for part in parts)
    header = parts[0][:4] + count.to_bytes(4, "big") + parts[0][8:start]
    return header + b"".join(part[start:] for part in parts)
