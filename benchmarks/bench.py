"""What `./build.sh bench` runs, on CPython and inside Pyodide: ours beside DeZero, which has the same API.

Each figure is the median of repeated runs; the machine's noise stays in, so compare figures of one run only.
"""

import platform
import sys
from typing import Any

import numpy as np
from dezero_peer import load_dezero
from measure import peak_megabytes, random, seconds
from net import bench_net

import pyconvlite

# (N, C, H, W) -> OC, K; padded so that the output is as large as the input
CONV_SHAPES = [
    ((32, 1, 28, 28), 16, 5),
    ((32, 16, 14, 14), 32, 5),
    ((16, 16, 28, 28), 32, 3),
    ((8, 64, 14, 14), 64, 3),
]


# ---------------------------------------------------------------------------------------------------- kernels


def kernel_figures(framework: Any, shape: tuple[int, ...], OC: int, K: int) -> dict[str, tuple[float, float]]:
    """Seconds and megabytes that convolution, deconvolution, pooling and their gradients take, by name."""
    conv, pool = framework.functions_conv, framework.functions_conv
    variable = framework.Variable
    C, pad = shape[1], K // 2
    x, W, turned = variable(random(*shape)), variable(random(OC, C, K, K)), variable(random(C, OC, K, K))
    y = conv.conv2d(x, W, None, 1, pad)
    gy = variable(random(*y.shape))
    maximum, average = pool.pooling(x, 2, 2), pool.average_pooling(x, 2, 2)
    gp = variable(random(*maximum.shape))
    runs = {
        "forward": lambda: conv.conv2d(x, W, None, 1, pad),
        "gx": lambda: conv.deconv2d(gy, W, None, 1, pad),
        "gW": lambda: conv.Conv2DGradW(y.creator)(x, gy),
        "deconv": lambda: conv.deconv2d(x, turned, None, 1, pad),
        "max": lambda: pool.pooling(x, 2, 2),
        "max gx": lambda: maximum.creator.backward(gp),
        "average": lambda: pool.average_pooling(x, 2, 2),
        "avg gx": lambda: average.creator.backward(gp),
    }
    with framework.no_grad():
        return {name: (seconds(run), peak_megabytes(run)) for name, run in runs.items()}


def bench_kernels(dezero: Any) -> None:
    """For each shape: convolutions in GFLOP/s, poolings in ms, the peak of memory; DeZero's beside ours."""
    for shape, OC, K in CONV_SHAPES:
        gflop = 2e-9 * shape[0] * OC * shape[1] * K * K * shape[2] * shape[3]
        ours = kernel_figures(pyconvlite, shape, OC, K)
        theirs = kernel_figures(dezero, shape, OC, K) if dezero else {}
        print(f"{shape} -> {OC}, {K}")
        for name, (t, peak) in ours.items():
            figure = (
                f"{gflop / t:8.2f} GFLOP/s"
                if name in ("forward", "gx", "gW", "deconv")
                else f"{t * 1e3:8.3f} ms     "
            )
            speed = f"   {theirs[name][0] / t:5.1f} x DeZero" if theirs else ""
            memory = f"   (DeZero {theirs[name][1]:5.1f} MB)" if theirs else ""
            print(f"    {name:8}{figure}{speed}   peak {peak:5.1f} MB{memory}", flush=True)


# --------------------------------------------------------------------------------------------------- autograd


def bench_autograd() -> None:
    """What autograd itself costs an operation: an addition, less NumPy's own work."""
    a = pyconvlite.Variable(np.ones(1, np.float32))
    b = pyconvlite.Variable(np.ones(1, np.float32))
    plain = seconds(lambda: [a.data + b.data for _ in range(1000)])
    taped = seconds(lambda: [a + b for _ in range(1000)])
    y = a
    for _ in range(1000):
        y = y + b
    back = seconds(y.backward)
    forward = (taped - plain) * 1e3  # us, of 1000 operations
    print(f"\nautograd's cost per operation: {forward:.1f} us forward, {back * 1e3:.1f} us backward")


if __name__ == "__main__":
    print(f"Python {platform.python_version()} on {sys.platform}, NumPy {np.__version__}\n")
    peer = load_dezero()
    bench_kernels(peer)
    bench_net(peer)
    bench_autograd()
