"""Faults put into a copy of the package, one line each, one at a time; what the tests let pass they lack.

Usage: python -m tools.mutants [WORDS]: all of them, or those whose description holds the words.

For each fault the tests that mirror the module run first, since one of them ought to fail at once; a fault that
they let pass gets the whole suite.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Mutant:
    """A fault: what is wrong with it, the tests that ought to notice, the file, and the line before and after."""

    fault: str
    tests: str
    file: str
    before: str
    after: str


def _kernels(file: str, fault: str, tests: str, before: str, after: str) -> Mutant:
    return Mutant(fault, tests, f"backends/numpy/{file}.py", before, after)


MUTANTS = [
    # -- kernels
    _kernels("columns", "KH and KW swapped", "conv", "top, left = kh * DH, kw * DW", "top, left = kw * DH, kh * DW"),
    _kernels("columns", "dilation of the axes swapped", "conv", "top, left = kh * DH, kw * DW", "top, left = kh * DW, kw * DH"),
    _kernels("columns", "stride of the axes swapped", "conv", "top : top + SH * (OH - 1) + 1 : SH", "top : top + SW * (OH - 1) + 1 : SW"),
    _kernels("columns", "padding cropped as if square", "conv", "PH : x.shape[2] - PH,", "PW : x.shape[2] - PW,"),
    _kernels("convolution", "kernel not turned in gx", "conv", "[..., ::-1, ::-1]", "[..., ::1, ::1]"),
    _kernels("convolution", "group offset missing", "backends", "channels = slice(g * (C // groups), (g + 1) * (C // groups))", "channels = slice(0, C // groups)"),
    _kernels("convolution", "float32 lost in conv2d", "conv", "np.empty((N, OC, OH, OW), np.result_type(x, W))", "np.empty((N, OC, OH, OW), np.float64)"),
    _kernels("convolution", "gW of the last block only", "conv", "gW += contraction.contract(", "gW = contraction.contract("),
    _kernels("convolution", "every block reads the first pixels", "conv", "slice(out.start * s, (out.stop - 1) * s + (k - 1) * d + 1)", "slice(0, (out.stop - out.start - 1) * s + (k - 1) * d + 1)"),
    _kernels("columns", "col2im keeps one copy of a pixel", "conv", "tap += col[:, :, k // KW, k % KW]", "tap[...] = col[:, :, k // KW, k % KW]"),
    _kernels("pooling", "max pooling padded with 0", "pooling", "add_pad(x, pad, lowest(x.dtype))", "add_pad(x, pad, 0)"),
    _kernels("pooling", "ties go to the last maximum", "pooling", "(tap > y) * indexes", "(tap >= y) * indexes"),
    _kernels("pooling", "wrong index stride", "pooling", "np.divmod(indexes.astype(np.intp), kernel_size[1])", "np.divmod(indexes.astype(np.intp), kernel_size[0])"),
    _kernels("pooling", "the first index is padding", "pooling", "indexes[:] = _first_pixel(kernel_size, stride, pad, outsize)", "indexes[:] = 0"),
    _kernels("pooling", "the last NaN takes the gradient", "pooling", "reversed(list(enumerate(taps)))", "list(enumerate(taps))"),
    _kernels("pooling", "overlapping windows overwrite", "pooling", "np.add.at(pixels, positions.ravel(), gy.ravel())", "pixels[positions] = gy"),
    _kernels("pooling", "average counts pixels beyond the edge", "pooling", "stop = np.minimum(start + kernel_size[i], xsize[i])", "stop = start + kernel_size[i]"),
    _kernels("pointwise", "float16 statistics in float16", "functions_norm", "if x.dtype == np.float16:", "if x.dtype == np.int8:"),
    # -- functions
    Mutant("outsize ignored", "conv", "functions/conv.py", "outsize = self.outsize or deconv_outsize(", "outsize = deconv_outsize("),
    Mutant("bias gradient misses an axis", "conv", "functions/conv.py", "gb = gy.sum(axis=(0, 2, 3))\n        return gx, gW, gb\n\n\nclass Conv2dReLU(", "gb = gy.sum(axis=(0, 3, 2))[::-1]\n        return gx, gW, gb\n\n\nclass Conv2dReLU("),
    Mutant("dilation forgotten in gW's gradient", "conv", "functions/conv.py", "ggy = conv2d(x, ggW, None, self.stride, self.pad, dilation=self.dilation,", "ggy = conv2d(x, ggW, None, self.stride, self.pad, dilation=1,"),
    Mutant("groups forgotten in gx", "conv", "functions/conv.py", "gx = conv2d(gy, W, None, self.stride, self.pad, dilation=self.dilation, groups=self.groups)", "gx = conv2d(gy, W, None, self.stride, self.pad, dilation=self.dilation)"),
    Mutant("second order leaves the graph", "pooling", "functions/pooling.py", "return Pooling2DWithIndexes(self)(ggx)", "return Pooling2DWithIndexes(self)(ggx.data)"),
    Mutant("float32 lost to a number", "functions_arithmetic", "functions/arithmetic.py", "return np.asarray(number, np.result_type(dtype, number))", "return np.asarray(number)"),
    Mutant("broadcasting not undone", "functions_arithmetic", "functions/arithmetic.py", "gx0 = sum_to(gy * x1, x0.shape) if", "gx0 = gy * x1 if"),
    Mutant("gradient of relu at 0", "functions_activation", "backends/numpy/pointwise.py", "np.where(x > 0, gy, 0)", "np.where(x >= 0, gy, 0)"),
    Mutant("loss not per row", "functions_loss", "backends/numpy/pointwise.py", "return p * (gy * (1.0 / len(x)))", "return p * gy"),
    Mutant("dropout does not scale", "functions_norm", "backends/numpy/pointwise.py", "keep.astype(x.dtype) / (1 - ratio)", "keep.astype(x.dtype)"),
    Mutant("variance of batch norm biased", "functions_norm", "functions/norm.py", "unbiased = var * (count / max(count - 1, 1))", "unbiased = var"),
    Mutant("an element taken twice counts once", "functions_shape", "functions/shape.py", "xp.add.at(gx, self.slices, gy)", "gx[self.slices] = gy"),
    Mutant("a way to x counted twice in second order", "functions_norm", "functions/norm.py", "x, gamma, gy = (cast(v, v.dtype) for v in self.inputs)", "x, gamma, gy = self.inputs"),
    # -- autograd
    Mutant("gradient accumulated in place", "backprop", "backprop.py", "grads[x] = F.add(grads[x], gx) if x in grads else gx", "grads[x] = Variable(grads[x].data.__iadd__(gx.data)) if x in grads else gx"),
    Mutant("gradients share memory", "backprop", "backprop.py", "if id(owner) in taken or not gx.data.flags.writeable:", "if not gx.data.flags.writeable:"),
    Mutant("Functions in the wrong order", "backprop", "backprop.py", "return sorted(found, key=lambda f: f.generation)", "return list(found)[::-1]"),
    Mutant("unwanted gradients computed", "backprop", "backprop.py", "(x.requires_grad and x.creator in needs)", "True"),
    Mutant("outputs held strongly", "graph_memory", "core.py", "tuple([weakref.ref(y) for y in outputs])", "tuple([lambda y=y: y for y in outputs])"),
    Mutant("settings not restored", "config", "config.py", "setattr(Config, name, old)", "old = None"),
    # -- nets
    Mutant("short batch dropped", "dataloaders", "dataloaders.py", "math.ceil(self.data_size / self.batch_size)", "self.data_size // self.batch_size"),
    Mutant("moments not corrected", "optimizers", "optimizers/adaptive.py", "math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)", "1.0"),
    Mutant("weights changed before all are checked", "weights", "_weights.py", "faults += _misfits(name, arrays[name], params[name])", "faults += []"),
]  # fmt: skip


def killed(mutant: Mutant) -> bool:
    """Whether the tests notice the fault, in a copy of the package and the tests."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pyconvlite", "tests", "site/python"):
            shutil.copytree(ROOT / name, Path(folder, name), ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, folder)
        path = Path(folder, "pyconvlite", mutant.file)
        source = path.read_text(encoding="utf-8")
        if source.count(mutant.before) != 1:
            raise SystemExit(
                f"mutants: {mutant.file} must hold the line of {mutant.fault!r} once: {mutant.before}"
            )
        path.write_text(source.replace(mutant.before, mutant.after), encoding="utf-8")
        mirror = sorted(str(test) for test in Path(folder, "tests").glob(f"test_{mutant.tests}*.py"))
        return not _passes(folder, mirror) or not _passes(folder, ["tests"])


def _passes(folder: str, tests: list[str]) -> bool:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not cpython",
        *tests,
    ]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": folder}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if run.returncode not in (
        0,
        1,
    ):  # no test ran: whatever happened proves nothing, unless the fault breaks imports
        print(run.stdout[-2000:], run.stderr[-2000:], sep="\n", file=sys.stderr)
        raise SystemExit(f"mutants: pytest ended with status {run.returncode}")
    return run.returncode == 0


def main(words: str) -> int:
    """Try the faults; print each with what became of it, and the counts."""
    chosen = [mutant for mutant in MUTANTS if words in mutant.fault]
    started = time.monotonic()
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutant, noticed in zip(chosen, pool.map(killed, chosen), strict=True):
            survivors += not noticed
            verdict = "noticed" if noticed else "SURVIVED: a test is missing"
            print(f"{time.monotonic() - started:5.0f} s  {mutant.fault}: {verdict}", flush=True)
    print(f"{len(chosen) - survivors} passed, {survivors} failed")
    return 1 if survivors or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
