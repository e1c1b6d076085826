"""The programs in `book/`: what they print with pyconvlite in DeZero's place, and with DeZero itself."""

import gzip
import hashlib
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
from idx_files import idx

FOLDER = Path(__file__).parent / "book"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("step_*.py"))

# DeZero uses a name that NumPy has dropped, and imports matplotlib, which must not look for a screen.
_ALL = """
import json, numpy, runpy, sys
from contextlib import redirect_stdout
from io import StringIO
numpy.int = int
printed = {}
for name in json.loads(sys.argv[1]):
    with redirect_stdout(StringIO()) as out:
        runpy.run_path(name, run_name="__main__")
    printed[name] = out.getvalue()
print(json.dumps(printed))
"""


def expected(name):
    """What DeZero printed."""
    return (FOLDER / f"{name}.txt").read_text("utf-8")


def printed_by_dezero(home):
    """What DeZero itself prints, by program; its cache is in the folder `home`."""
    files = {str(FOLDER / f"{name}.py"): name for name in PROGRAMS}
    environment = os.environ | {"HOME": str(home), "MPLBACKEND": "Agg", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", _ALL, json.dumps(list(files))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {files[file]: text for file, text in json.loads(done.stdout).items()}


def printed_here(name, capsys):
    """What it prints with pyconvlite as `dezero`."""
    capsys.readouterr()
    runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    return capsys.readouterr().out


_NUMBER = re.compile(r"[-+]?\d+\.\d*(?:e[-+]?\d+)?")  # with a point: integers must be equal


def assert_alike(found, wanted, rtol, atol):
    """Assert that two texts are equal except for small differences of their numbers."""
    words = [_NUMBER.sub("#", text).replace("[", "[ ").replace("]", " ]").split() for text in (found, wanted)]
    assert words[0] == words[1], f"{found}\nis not\n{wanted}"
    numbers = [np.array(_NUMBER.findall(text), dtype=float) for text in (found, wanted)]
    np.testing.assert_allclose(*numbers, rtol=rtol, atol=atol)


def digits(number, seed):
    """Two gzipped IDX files of random pictures and their labels."""
    random = np.random.RandomState(seed)
    images = random.randint(0, 256, (number, 28, 28), np.uint8)
    labels = random.randint(0, 10, number, np.uint8)
    return [gzip.compress(idx(x), mtime=0) for x in (images, labels)]


def write_digits(folder):
    """Put a small MNIST where DeZero looks for it; return the sha256 of each file, unpacked, by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = {}
    for part, number, seed in (("train", 60, 0), ("t10k", 40, 1)):
        for kind, contents in zip(("images-idx3", "labels-idx1"), digits(number, seed), strict=True):
            (folder / f"{part}-{kind}-ubyte.gz").write_bytes(contents)
            sha256[f"{part}-{kind}-ubyte"] = hashlib.sha256(gzip.decompress(contents)).hexdigest()
    return sha256
