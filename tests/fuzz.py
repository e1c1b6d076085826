"""Fuzzing of the readers of untrusted files; not a test: test_fuzz.py replays the inputs that it found.

    pip install atheris==3.0.0 numpy  # on CPython 3.11
    python tests/fuzz.py torch FOLDER -max_total_time=600

A reader may raise ValueError or return; anything else is a fault, as is memory beyond libFuzzer's limit.
FOLDER holds the inputs that reached new code; `python tests/fuzz.py --pack FOLDER` puts those of them that
are small into tests/fuzz_corpus.zip.
"""

from __future__ import annotations

import contextlib
import io
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORPUS = Path(__file__).with_name("fuzz_corpus.zip")
LARGEST = 1200  # bytes of an input that is packed


def read_torch(data):
    from pyconvlite import _torch

    _torch.state_dict(io.BytesIO(data), "the file")


def read_safetensors(data):
    from pyconvlite import _safetensors

    _safetensors.read(io.BytesIO(data), "the file")


def read_npz(data):
    from pyconvlite.layers import BatchNorm, Linear
    from pyconvlite.models import Sequential

    Sequential(Linear(2), BatchNorm(2)).load_weights(io.BytesIO(data))


def read_project(data):
    from pyconvlite import project

    project.load(io.BytesIO(data))


def read_onnx(data):
    from pyconvlite import onnx

    onnx.load(data)


READERS = {
    "torch": read_torch,
    "safetensors": read_safetensors,
    "npz": read_npz,
    "project": read_project,
    "onnx": read_onnx,
}


def is_refusal(message):
    """Whether a ValueError names the file and its fault."""
    return any(
        words in message for words in ("the file", "do not fit the model", "cannot be loaded", "failed for")
    )


def seeds(name):
    """The initial inputs."""
    import numpy as np
    import torch_files

    from pyconvlite import project
    from pyconvlite.layers import BatchNorm, Linear
    from pyconvlite.models import Sequential

    if name == "onnx":
        with zipfile.ZipFile(CORPUS) as archive:
            return [archive.read(each) for each in archive.namelist() if each.startswith("onnx/")]
    model, file = Sequential(Linear(2, in_size=1), BatchNorm(2)), io.BytesIO()
    if name == "torch":
        names = ("TENSORS_ZIP", "TENSORS_OLDER", "CHECKPOINT_ZIP", "CHECKPOINT_OLDER")
        return [torch_files.unpacked(getattr(torch_files, each)) for each in names]
    if name == "safetensors":
        from pyconvlite import _safetensors

        _safetensors.write(file, {"a": np.zeros((2, 1), np.float32), "b": np.zeros(3, np.float16)})
    elif name == "npz":
        model.save_weights(file)
    else:
        project.save(file, {"cat": [b"GIF8"]}, model=model, settings=[1])
    return [file.getvalue()]


def pack(folder):
    """Put the inputs that are small into the corpus."""
    found = {name: sorted((folder / name).iterdir()) for name in READERS}  # before the old corpus is replaced
    with zipfile.ZipFile(CORPUS, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, paths in found.items():
            for i, path in enumerate(paths):
                if path.stat().st_size <= LARGEST:
                    archive.writestr(zipfile.ZipInfo(f"{name}/{i}"), path.read_bytes(), zipfile.ZIP_DEFLATED)


def main():
    if sys.argv[1] == "--pack":
        pack(Path(sys.argv[2]))
        return
    import atheris

    name, folder, *options = sys.argv[1:]
    (Path(folder) / name).mkdir(parents=True, exist_ok=True)
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
    with atheris.instrument_imports(include=["pyconvlite", "zipfile", "pickletools", "json"]):
        for i, seed in enumerate(seeds(name)):
            (Path(folder) / name / f"seed-{i}").write_bytes(seed)
            with contextlib.suppress(ValueError):
                READERS[name](seed)  # which imports the reader, to be instrumented
    read = READERS[name]

    def one_input(data):
        try:
            read(data)
        except ValueError as error:
            if not is_refusal(str(error)):
                raise

    limits = ["-rss_limit_mb=1024", "-max_len=8192"]
    atheris.Setup([sys.argv[0], *options, *limits, f"{folder}/{name}"], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
