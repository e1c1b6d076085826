"""Mutation testing: put faults into a copy of the code, one at a time, and report those that no test detects.

Usage: python -m tools.mutants [--changed] [--junitxml FILE] [WORDS]: all of them, or those whose description contains
the words; with --changed only those whose code or tests have changed since they were last detected. The file gets the
results in JUnit's format, as pytest's.

A fault is a piece of code and its replacement; the piece is found however it is broken into lines. The tests that ought
to detect it run alone, up to the first failure: on CPython, or in Pyodide under Node with files of the wheel replaced;
C is compiled first. `./build.sh test webgpu` makes what these need.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tools import fetch, node

ROOT = Path(__file__).parent.parent
PYODIDE = ROOT / "dist/pyodide"
PACKAGES = "hypothesis,micropip,numpy,pytest,pytest-asyncio"  # without SciPy, which takes long to load
UNSHRUNK = "--hypothesis-profile", "unshrunk"  # the first failure is enough
CRASHED = 70  # tools/pyodide_node.mjs: Python did

# The files of the code, by names that stay when files move.
NUMPY, SIMD, WEBGPU = (f"pyconvlite/backends/{name}" for name in ("numpy", "simd", "webgpu"))
FILES = {
    "numpy/taps": f"{NUMPY}/taps.py",
    "numpy/convolution": f"{NUMPY}/convolution.py",
    "numpy/depthwise": f"{NUMPY}/depthwise.py",
    "numpy/pooling": f"{NUMPY}/pooling.py",
    "numpy/activation": f"{NUMPY}/activation.py",
    "numpy/loss": f"{NUMPY}/loss.py",
    "numpy/norm": f"{NUMPY}/norm.py",
    "numpy/dropout": f"{NUMPY}/dropout.py",
    "functions/arithmetic": "pyconvlite/functions/arithmetic.py",
    "functions/conv": "pyconvlite/functions/conv.py",
    "functions/geometry": "pyconvlite/functions/_geometry.py",
    "functions/normalization": "pyconvlite/functions/normalization.py",
    "functions/second_order": "pyconvlite/functions/_second_order.py",
    "functions/pooling": "pyconvlite/functions/pooling.py",
    "functions/indexing": "pyconvlite/functions/indexing.py",
    "optimizers/adaptive": "pyconvlite/optimizers/adaptive.py",
    "autograd/backprop": "pyconvlite/autograd/backprop.py",
    "autograd/function": "pyconvlite/autograd/function.py",
    "config": "pyconvlite/config.py",
    "dataloaders": "pyconvlite/dataloaders.py",
    "_weights": "pyconvlite/_weights.py",
    "_npz": "pyconvlite/_npz.py",
    "_files": "pyconvlite/_files.py",
    "_fetch": "pyconvlite/_fetch.py",
    "checkpoint": "pyconvlite/checkpoint.py",
    "simd/matmul": f"{SIMD}/matmul.h",
    "simd/few": f"{SIMD}/few.h",
    "simd/taps": f"{SIMD}/taps.h",
    "simd/windows": f"{SIMD}/windows.h",
    "simd/convolution": f"{SIMD}/convolution.h",
    "simd/tiles": f"{SIMD}/tiles.h",
    "simd/winograd": f"{SIMD}/winograd.h",
    "simd/pooling": f"{SIMD}/pooling.h",
    "simd/elementary": f"{SIMD}/elementary.h",
    "simd/elementwise": f"{SIMD}/elementwise.h",
    "simd/objects": f"{SIMD}/objects.h",
    "simd/sum": f"{SIMD}/reduction.h",
    "simd/norm": f"{SIMD}/norm.h",
    "simd/loss": f"{SIMD}/loss.h",
    "simd/optimizer": f"{SIMD}/optimizer.h",
    "webgpu/optimizer": f"{WEBGPU}/optimizer.py",
    "webgpu/convolution": f"{WEBGPU}/convolution.py",
    "webgpu/max_pool_grad": f"{WEBGPU}/wgsl/max_pool_grad.wgsl",
    "webgpu/avg_pool": f"{WEBGPU}/wgsl/avg_pool.wgsl",
    "webgpu/loss": f"{WEBGPU}/wgsl/softmax_cross_entropy.wgsl",
    "webgpu/batch_norm_grad": f"{WEBGPU}/wgsl/batch_norm_grad.wgsl",
    "site/inspecting": "site/python/tab/inspecting.py",
    "site/looking": "site/python/tab/looking.py",
    "site/drawings": "site/python/tab/drawings.py",
    "site/names": "site/python/tab/names.py",
    "site/outlet": "site/python/tab/outlet.py",
    "site/own": "site/python/tab/own.py",
    "site/showing": "site/python/tab/showing.py",
    "site/training": "site/python/tab/training.py",
}


@dataclass(frozen=True)
class Mutant:
    """A fault: its file, what is wrong, pytest's arguments for the tests that ought to detect it, and the code."""

    file: str
    fault: str
    tests: tuple[str, ...]
    before: str
    after: str
    passes: Callable[[Mutant], bool]  # whether those tests pass in spite of it

    def source(self) -> str:
        """The file with the fault in it."""
        source = Path(ROOT, self.file).read_text(encoding="utf-8")
        mutated, count = re.subn(pattern(self.before), lambda _: self.after, source)
        if count != 1:
            raise SystemExit(
                f"mutants: {self.file} must hold the code of {self.fault!r} once, not {count} times: {self.before}"
            )
        return mutated

    def mark(self) -> Path:
        """The file in the cache that exists once these tests have detected this fault in this code."""
        tests = {ROOT / name for name in self.tests if name.endswith(".py")}
        folders = {ROOT / "tests", *(path.parent for path in tests)}
        helpers = {
            path for each in folders for path in each.glob("*.py") if not path.name.startswith("test_")
        }
        digest = hashlib.sha256(repr((self.fault, self.before, self.after, self.tests)).encode())
        for path in [ROOT / self.file, *sorted(tests | helpers)]:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return fetch.cache_dir() / "mutants" / digest.hexdigest()


def pattern(code: str) -> str:
    """A regular expression that finds code however it is broken into lines."""
    found = re.findall(r"\w+|[^\w\s]", code)
    tokens = [
        rf"\b{token}\b" if token[0].isalnum() or token[0] == "_" else re.escape(token) for token in found
    ]
    # before a bracket that closes on a line of its own, a formatter puts a comma
    return r"\s*".join(rf",?\s*{token}" if token in (r"\)", r"\]", r"\}") else token for token in tokens)


# ------------------------------------------------------------------------------------------ how they are tried


def _passes_on_cpython(mutant: Mutant) -> bool:
    """Try it in a copy of the package, the site's Python and the tests, with their bytecode."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pyconvlite", "tests", "site/python"):
            shutil.copytree(ROOT / name, Path(folder, name))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, folder)
        Path(folder, mutant.file).write_text(mutant.source(), encoding="utf-8")
        environment = {"PYTHONPATH": folder, "OPENBLAS_NUM_THREADS": "1"}
        return _passes([sys.executable, "-m", "pytest", *UNSHRUNK], mutant.tests, folder, environment)


_node = functools.cache(node.find)  # cached, since it verifies the hash each time


def _passes_in_pyodide(mutant: Mutant, files: dict[str, bytes], *options: str) -> bool:
    """Try it in a copy of the wheel with these files in place of its own."""
    (wheel,) = ROOT.glob("dist/pyconvlite-*.whl")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, wheel.name)
        with zipfile.ZipFile(wheel) as original, zipfile.ZipFile(copy, "w") as mutated:
            assert files.keys() <= set(original.namelist()), files.keys()
            for name in original.namelist():
                mutated.writestr(name, files.get(name) or original.read(name))
        command = [str(_node()), str(ROOT / "tools/pyodide_node.mjs"), "pytest"]
        command += ["--pyodide", str(PYODIDE), "--wheel", str(copy), "--packages", PACKAGES]
        command += ["--timeout", "600", *options, *UNSHRUNK]
        return _passes(command, mutant.tests, ROOT, {})


def _passes_with_simd(mutant: Mutant) -> bool:
    """Try it in a side module compiled from a copy of the C files, in place of both variants."""
    from hatch_build import VARIANTS, compile_side_module, side_by_side

    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(ROOT / SIMD, Path(folder, "simd"))
        (copy / Path(mutant.file).name).write_text(mutant.source(), encoding="utf-8")
        module = Path(folder, "relaxed.wasm")
        compile_side_module(copy / "kernels.c", module, VARIANTS["relaxed"])
        both = side_by_side(module.read_bytes(), module.read_bytes())
        return _passes_in_pyodide(mutant, {f"{SIMD}/kernels.bin": both})


def _passes_on_webgpu(mutant: Mutant) -> bool:
    return _passes_in_pyodide(mutant, {mutant.file: mutant.source().encode()}, "--webgpu")


def _passes(
    command: list[str], tests: Sequence[str], folder: str | Path, environment: dict[str, str]
) -> bool:
    run = subprocess.run(
        [*command, "-x", "-q", "-p", "no:cacheprovider", *tests],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=1800,  # a fault may make a test hang
        check=False,
    )
    failed = run.returncode == 1 and re.search(r"\d+ failed", run.stdout)
    if run.returncode not in (0, CRASHED) and not failed:  # no test ran
        print(run.stdout[-2000:], run.stderr[-2000:], sep="\n", file=sys.stderr)
        raise SystemExit(f"mutants: {' '.join(tests)} ended with status {run.returncode}")
    return run.returncode == 0


# ---------------------------------------------------------------------------------------------------- the faults


def _on_cpython(name: str, fault: str, mirror: str, before: str, after: str) -> Mutant:
    tests = sorted(str(test.relative_to(ROOT)) for test in ROOT.glob(f"tests/test_{mirror}*.py"))
    if not name.startswith("site/"):
        tests += ["-m", "not cpython"]  # those take long
    return Mutant(FILES[name], fault, tuple(tests), before, after, _passes_on_cpython)


def _simd(name: str, fault: str, file: str, words: str, before: str, after: str) -> Mutant:
    tests = f"tests/test_simd_{file}.py", "-k", f"relaxed and ({words})" if words else "relaxed"
    return Mutant(FILES[f"simd/{name}"], fault, tests, before, after, _passes_with_simd)


def _webgpu(name: str, fault: str, file: str, words: str, before: str, after: str) -> Mutant:
    tests = f"tests/gpu/test_{file}.py", "-k", words
    return Mutant(FILES[f"webgpu/{name}"], fault, tests, before, after, _passes_on_webgpu)


MUTANTS = [
    _on_cpython("numpy/taps", "KH and KW swapped", "conv", "top, left = kh * DH, kw * DW", "top, left = kw * DH, kh * DW"),
    _on_cpython("numpy/taps", "dilation of the axes swapped", "conv", "top, left = kh * DH, kw * DW", "top, left = kh * DW, kw * DH"),
    _on_cpython("numpy/taps", "stride of the axes swapped", "conv", "top : top + SH * (OH - 1) + 1 : SH", "top : top + SW * (OH - 1) + 1 : SW"),
    _on_cpython("numpy/taps", "padding cropped as if square", "conv", "x[:, :, PH : PH + H, PW", "x[:, :, PW : PW + H, PW"),
    _on_cpython("numpy/convolution", "kernel not rotated in gx", "conv", "[..., ::-1, ::-1]", "[..., ::1, ::1]"),
    _on_cpython("numpy/convolution", "group offset missing", "backends", "channels = slice(g * (C // groups), (g + 1) * (C // groups))", "channels = slice(0, C // groups)"),
    _on_cpython("numpy/convolution", "float32 lost in conv2d", "conv", "np.empty((N, OC, *geometry.output_size), np.result_type(x, W))", "np.empty((N, OC, *geometry.output_size), np.float64)"),
    _on_cpython("numpy/convolution", "gW of the last block only", "backends", "gW += contraction.contract(", "gW = contraction.contract("),
    _on_cpython("numpy/convolution", "every block reads the first pixels", "backends", "slice(out.start * s, (out.stop - 1) * s + (k - 1) * d + 1)", "slice(0, (out.stop - out.start - 1) * s + (k - 1) * d + 1)"),
    _on_cpython("numpy/convolution", "col2im keeps one copy of a pixel", "conv", "tap += col[:, :, k // KW, k % KW]", "tap[...] = col[:, :, k // KW, k % KW]"),
    _on_cpython("numpy/depthwise", "gradient of the depthwise kernels not rotated", "conv", "W[:, 0, *phase][:, ::-1, ::-1]", "W[:, 0, *phase]"),
    _on_cpython("numpy/depthwise", "dilation of the depthwise axes swapped", "conv", "(N * H * W, DH * W, DW, 1)", "(N * H * W, DW * W, DH, 1)"),
    _on_cpython("numpy/pooling", "max pooling padded with 0", "pooling", "add_pad(x, geometry.edges, lowest(x.dtype))", "add_pad(x, geometry.edges, 0)"),
    _on_cpython("numpy/pooling", "ties go to the last maximum", "pooling", "(tap > y) * indexes", "(tap >= y) * indexes"),
    _on_cpython("numpy/pooling", "wrong index stride", "pooling", "_grid(geometry.kernel_size, (DH * W, DW))", "_grid(geometry.kernel_size, (DW, DH * W))"),
    _on_cpython("numpy/pooling", "the first index is padding", "pooling", "indexes[:] = _first_pixel(geometry)", "indexes[:] = 0"),
    _on_cpython("numpy/pooling", "the last NaN takes the gradient", "pooling", "reversed(list(enumerate(taps)))", "list(enumerate(taps))"),
    _on_cpython("numpy/pooling", "overlapping windows overwrite", "pooling", "np.add.at(pixels, positions.ravel(), gy.ravel())", "pixels[positions] = gy"),
    _on_cpython("numpy/pooling", "average counts pixels beyond the edge", "pooling", "stop = np.minimum(start + geometry.kernel_size[i], geometry.input_size[i])", "stop = start + geometry.kernel_size[i]"),
    _on_cpython("numpy/norm", "float16 statistics in float16", "functions_normalization", "x = x.astype(np.float32)\n    axes", "pass\n    axes"),
    _on_cpython("functions/conv", "outsize ignored", "conv", "self.dilation, self.groups, self.outsize", "self.dilation, self.groups"),
    _on_cpython("functions/conv", "bias gradient misses an axis", "conv", "gb = Sum((0, 2, 3))(gy)\n        return gx, gW, gb\n\n\nclass Conv2dReLU(", "gb = Sum((0, 2, 3))(gy)[::-1]\n        return gx, gW, gb\n\n\nclass Conv2dReLU("),
    _on_cpython("functions/conv", "dilation forgotten in a gradient", "conv", "f._known = geometry\n", "f._known = geometry._replace(dilation=(1, 1))\n"),
    _on_cpython("functions/geometry", "groups forgotten", "conv", "return ConvGeometry(kernel_size, stride, pad, dilation, int(groups), (H, W), output_size)", "return ConvGeometry(kernel_size, stride, pad, dilation, 1, (H, W), output_size)"),
    _on_cpython("functions/pooling", "second order leaves the graph", "pooling", "return Pooling2DWithIndexes(self)(ggx)", "return Pooling2DWithIndexes(self)(ggx.data)"),
    _on_cpython("functions/arithmetic", "float32 lost to a number", "functions_arithmetic", "return np.array(number, dtype)", "return np.array(number)"),
    _on_cpython("autograd/backprop", "broadcasting not undone", "functions_arithmetic", "gx = arithmetic.sum_to(gx, shape)", "gx = gx"),
    _on_cpython("numpy/activation", "gradient of relu at 0", "functions_activation", "return where(~(x <= 0), gy, 0)", "return where(~(x < 0), gy, 0)"),
    _on_cpython("numpy/loss", "loss not per row", "functions_classification", "p *= 1.0 / len(losses)", "p *= 1.0"),
    _on_cpython("numpy/dropout", "dropout does not scale", "functions_normalization", "keep.reshape(x.shape).astype(x.dtype) * (1 / (1 - ratio))", "keep.reshape(x.shape).astype(x.dtype)"),
    _on_cpython("functions/normalization", "variance of batch norm biased", "functions_normalization", "var * (count / (count - 1))", "var"),
    _on_cpython("functions/indexing", "an element taken twice counts once", "functions_indexing", "xp.add.at(gx, slices, gy)", "gx[slices] = gy"),
    _on_cpython("functions/second_order", "a way to x counted twice in second order", "functions_normalization", "copies = [cast(v, np.float32 if v.dtype == np.float16 else v.dtype) for v in inputs]", "copies = list(inputs)"),
    _on_cpython("autograd/backprop", "gradient accumulated in place", "autograd_backprop", "gx if before is None else add(before, gx)", "gx if before is None else (before.data.__iadd__(gx.data), before)[1]"),
    _on_cpython("autograd/backprop", "gradients share memory", "autograd_backprop", "if owner in held or not a.flags.writeable:", "if not a.flags.writeable:"),
    _on_cpython("autograd/backprop", "Functions in the wrong order", "autograd_backprop", "sorted(found, key=_called)", "list(found)[::-1]"),
    _on_cpython("autograd/backprop", "unwanted gradients computed", "autograd_backprop", "(x.requires_grad and (leaves if g is None else g in needs))", "True"),
    _on_cpython("autograd/function", "outputs held strongly", "graph_memory", "(ref(y),) if", "(lambda: y,) if"),
    _on_cpython("config", "settings not restored", "config", "local.set(without)", "pass"),
    _on_cpython("dataloaders", "short batch dropped", "dataloaders", "math.ceil(self.data_size / self._total_size)", "self.data_size // self._total_size"),
    _on_cpython("optimizers/adaptive", "moments not corrected", "optimizers", "math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)", "1.0"),
    _on_cpython("_weights", "weights changed before all are checked", "weights", "faults += misfits(name, header.shape, header.dtype, shape)", "faults += []"),
    _on_cpython("_npz", "a file may say that it has more than it can have", "npz", "if start + math.prod(shape) * dtype.itemsize != size:", "if False:"),
    _on_cpython("_npz", "numbers that overflow are taken", "npz", "np.any(np.isfinite(part) & ~np.isfinite(flat[at:end]))", "False"),
    _on_cpython("_files", "a link at the unfinished name is followed", "files", '"xb"', '"wb"'),
    _on_cpython("_fetch", "the sha256 of a cached file is not verified", "fetch", "(sha256 is None or _sha256_of(path) == sha256.lower())", "True"),
    _on_cpython("checkpoint", "the order of an epoch is lost", "checkpoint", "loader.index = index", "pass"),
    # -- the kernels in C
    _simd("matmul", "C: rows of a read along its columns", "conv", "TestMatmul", "steps(line_of_a, rows, a_row)", "steps(line_of_a, rows, a_column)"),
    _simd("matmul", "C: only the last block of K counts", "conv", "TestMatmul and beyond", "depth, 0, k ? ADD : mode", "depth, 0, mode"),
    _simd("matmul", "C: the right half of a panel repeats the left", "conv", "TestMatmul", "mode & RELU ? bounded(c[i]) : c[i]", "mode & RELU ? bounded(c[i]) : c[i / vectors * vectors]"),
    _simd("matmul", "C: two rows packed with a column of theirs twice", "conv", "TestMatmul", "to + width, pairs, 1", "to + width, pairs, 0"),
    _simd("convolution", "C: only the last block of channels counts", "conv", "TestConv2d and channels", "(c ? ADD : SET) | (c + channels", "SET | (c + channels"),
    _simd("convolution", "C: ReLU before all channels are added", "conv", "TestConv2d and channels", "c + channels == w->channels ? relu", "c == 0 ? relu"),
    _simd("few", "C: every group has the first one's bias", "conv", "TestConv2d and depthwise", "bias ? bias[output] : 0", "bias ? bias[0] : 0"),
    _simd("taps", "C: few outputs: rows only of the first block", "conv", "TestConv2d and few", "of_taps + o * kernel * size, block.row + i, first", "of_taps + o * kernel * size, i, first"),
    _simd("convolution", "C: gW misses the last pixel of a block", "conv", "TestConv2d", "outputs, K, block.pixels, 0, mode", "outputs, K, block.pixels - 1, 0, mode"),
    _simd("windows", "C: padding keeps what was there", "conv", "TestConv2d", "clear_row(to, before);", ""),
    _simd("tiles", "C: a coefficient of Winograd's with four digits", "conv", "TestConv2d and 3x3", "-16 / 15.0f", "-1.0667f"),
    _simd("winograd", "C: Winograd's outputs in two panels of different heights", "conv", "TestConv2d and 3x3", "heights[right != left]", "heights[0]"),
    _simd("winograd", "C: Winograd's last column left out", "conv", "TestConv2d and 3x3", "l < 4; l++) store(to + target[l], row[l])", "l < 3; l++) store(to + target[l], row[l])"),
    _simd("tiles", "C: Winograd's parts of a strided source all the first", "conv", "TestConv2d and 4x4", "rows_to_points(x, block, v, h, c > 0, k)", "rows_to_points(x, block, 0, 0, c > 0, k)"),
    _simd("winograd", "C: Winograd's gW of the last block only", "conv", "TestConv2d and 3x3", "next_block(w, &block); mode = ADD", "next_block(w, &block); mode = SET"),
    _simd("pooling", "C: wrong stride of an index at the edge", "pointwise", "TestPooling", "*index = kh * p->KW + kw", "*index = kh * p->KH + kw"),
    _simd("pooling", "C: ties go to the last maximum", "pointwise", "TestPooling", "wasm_f32x4_le(v, best)", "wasm_f32x4_lt(v, best)"),
    _simd("elementwise", "C: gradient of relu at 0", "pointwise", "TestActivations", "wasm_f32x4_le(Y, splat(0))", "wasm_f32x4_lt(Y, splat(0))"),
    _simd("elementwise", "C: a row without its last vector but one", "elements", "TestBroadcasting", "(row.size - 1) & -4", "(row.size - 5) & -4"),
    _simd("objects", "C: an operand read on where it begins again", "elements", "TestBroadcasting", "x[k] -= loops->steps[k][axis] * loops->sizes[axis];", ";"),
    _simd("sum", "C: the rest of a row is not summed", "pointwise", "TestSum", "for (; i < size; i++) total += (double)x[i];", ""),
    _simd("norm", "C: variance unbiased", "pointwise", "TestBatchNorm", "sums[1] / count", "sums[1] / (count - 1)"),
    _simd("norm", "C: gx without the share of gamma's gradient", "pointwise", "TestBatchNorm", "ggamma[c] / count * inverse", "0"),
    _simd("loss", "C: the label's share stays", "pointwise", "TestSoftmaxCrossEntropy", "S + i] * shares[i - s] - 1) * scale", "S + i] * shares[i - s]) * scale"),
    _simd("elementary", "C: exp with a wrong term", "elements", "TestValues", "0.041668408f", "0.0416f"),
    _simd("optimizer", "C: Adam without decay", "pointwise", "optimizers", "scaled(s[6], x[0])", "splat(0)"),
    _simd("optimizer", "C: Adam with beta1 for beta2", "pointwise", "optimizers", "scaled(s[3], x[3])", "scaled(s[1], x[3])"),
    # -- the device's kernels
    _webgpu("optimizer", "WebGPU: Adam without decay", "optimizer", "test_kernel and adam", " - s6 * a", ""),
    _webgpu("optimizer", "WebGPU: Adam with beta1 for beta2", "optimizer", "test_kernel and adam", "(s3 * d + s4 * b * b)", "(s1 * d + s4 * b * b)"),
    _webgpu("optimizer", "WebGPU: a velocity that never slows", "optimizer", "test_kernel and momentum", "(s1 * c - s0 * b)", "(c - s0 * b)"),
    _webgpu("optimizer", "WebGPU: short gradients stretched", "optimizer", "clip_norm", "min(F(1), s0 / (sqrt(a) * b))", "s0 / (sqrt(a) * b)"),
    _webgpu("convolution", "WebGPU: kernel turned along one axis in gx", "kernels", "test_convolution", "W[:, :, ::-1, ::-1]", "W[:, :, ::-1, :]"),
    _webgpu("convolution", "WebGPU: bias left out where a product is tiled", "adapters", "many_channels", "return _finished(y, b, relu) threads", "return _finished(y, None, relu)\n    threads"),
    _webgpu("max_pool_grad", "WGSL: the last window of a row takes nothing", "kernels", "pooling", "ow <= min(OW - 1, w / SW)", "ow < min(OW - 1, w / SW)"),
    _webgpu("avg_pool", "WGSL: padding counts where it should not", "kernels", "pooling", "parameter(13) != 0", "parameter(13) == 0"),
    _webgpu("loss", "WGSL: loss not per row", "kernels", "softmax_cross_entropy", "share / f32(parameter(0))", "share / f32(CLASSES)"),
    _webgpu("batch_norm_grad", "WGSL: gx keeps the mean of gy", "kernels", "batch_norm", "f32(gy[k]) - gbeta - (", "f32(gy[k]) - ("),
    # -- the site's Python
    _on_cpython("site/drawings", "drawings that are not shifted", "site_drawings", "Compose([RandomShift(SHIFT), scaled])", "Compose([scaled])"),
    _on_cpython("site/own", "what is tested with is learnt too", "site_own", "zip(numbers, held, strict=True) if not is_held]", "zip(numbers, held, strict=True)]"),
    _on_cpython("site/inspecting", "saliency keeps its sign", "site_inspecting", "numbers(np.abs(slope))", "numbers(slope)"),
    _on_cpython("site/inspecting", "saliency of another class than asked for", "site_inspecting", "grad(scores[0, target], x)", "grad(scores[0, predicted], x)"),
    _on_cpython("site/names", "private names offered", "site_names", 'for name in dir(value) if not name.startswith("_")', "for name in dir(value)"),
    _on_cpython("site/names", "completion runs a property's code", "site_names", "inspect.getattr_static(value, name, _MISSING)", "getattr(value, name, _MISSING)"),
    _on_cpython("site/outlet", "letters not counted", "site_outlet", "self._letters += len(text)", "self._letters += 0"),
    _on_cpython("site/showing", "a class shown as if it were made", "site_showing", "isinstance(value, type)", "False"),
    _on_cpython("site/looking", "a drawing off its centre", "site_python", "round(SIZE / 2 - centre)", "round(SIZE / 2 - centre) + 1"),
    _on_cpython("site/training", "pixels not up to 1", "site_python", "image.astype(np.float32) / 255", "image.astype(np.float32) / 256"),
]  # fmt: skip


def _needs_pyodide(mutant: Mutant) -> bool:
    return mutant.passes is not _passes_on_cpython


def main(words: str, changed: bool, report: Path | None) -> int:
    """Try the faults; print each with its result, and the counts."""
    asked = [mutant for mutant in MUTANTS if words in mutant.fault]
    chosen = [mutant for mutant in asked if not (changed and mutant.mark().exists())]
    if chosen != asked:
        print(f"{len(asked) - len(chosen)} noticed earlier; their code and tests are as they were")
    if any(map(_needs_pyodide, chosen)) and not PYODIDE.is_dir():
        raise SystemExit("mutants: dist/pyodide is missing; ./build.sh test webgpu makes it")
    started = time.monotonic()
    survivors = []
    # Those that take longest begin first.
    chosen.sort(key=_needs_pyodide, reverse=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutant, passed in zip(
            chosen, pool.map(lambda mutant: mutant.passes(mutant), chosen), strict=True
        ):
            if passed:
                survivors.append(mutant)
            else:
                mutant.mark().parent.mkdir(parents=True, exist_ok=True)
                mutant.mark().touch()
            verdict = "SURVIVED: a test is missing" if passed else "noticed"
            print(f"{time.monotonic() - started:5.0f} s  {mutant.fault}: {verdict}", flush=True)
    print(f"{len(asked) - len(survivors)} passed, {len(survivors)} failed")
    if report:
        suite = ElementTree.Element("testsuite")
        for mutant in asked:
            case = ElementTree.SubElement(suite, "testcase", name=mutant.fault)
            if mutant in survivors:
                ElementTree.SubElement(case, "failure")
        ElementTree.ElementTree(suite).write(report)
    return 1 if survivors or not asked else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.mutants")
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("--junitxml", type=Path)
    parser.add_argument("words", nargs="*")
    given = parser.parse_args()
    sys.exit(main(" ".join(given.words), given.changed, given.junitxml))
