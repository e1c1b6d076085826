"""Convolution, its gradients, im2col and col2im on the device.

A convolution with a kernel of one pixel is a matrix product, see `matmul.py`. Other kernels read a padded
copy of x, so that they need no bounds checks. With many channels, a GPU computes a tiled matrix product that
reads the windows of x in place, without im2col's columns (implicit GEMM). The gradient with respect to x is a
convolution of gy, with zeros between its elements where the stride is above 1, with the flipped weights.
"""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Pair
from ..protocol import ConvGeometry
from .arithmetic import fill, minimum
from .array import ndarray
from .copying import contiguous, whole
from .device import current
from .elementwise import IS_NAN, elementwise
from .matmul import matmul, run_tiled, tile_side
from .packing import gathered
from .program import floats, geometry_parameters, run_file, tile_length

__all__ = ["col2im", "conv2d", "conv2d_gW", "conv2d_gx", "im2col"]

# A GPU has about 64 registers per thread, and needs many threads. A CPU adapter is fastest with few threads
# that compute much per load: loads are slower there than sums that do not fit into registers.
RUN = {False: 8, True: 16}  # most windows of a thread, by `AdapterInfo.fallback`
CHANNELS = {False: 4, True: 8}
PRODUCTS = 1500  # most unrolled multiplications in a kernel; more take long to compile
SUMS = {False: 64, True: 100}  # most sums of a thread in gW's kernel
TILED = 32  # least channels, and least products of a sum, for a tiled product
THREADS = {False: 16384, True: 512}  # least number for gW
LOOKED_AT = 64  # pixels of gx in which a thread looks for NaN


def _constants(geometry: ConvGeometry, run: int) -> dict[str, int]:
    """The constants of the kernels; HP and WP are the size of images padded for whole runs of windows."""
    (KH, KW), (SH, SW), (DH, DW) = geometry.kernel_size, geometry.stride, geometry.dilation
    OH, OW = geometry.output_size
    span = (run - 1) * SW + (KW - 1) * DW + 1
    HP = (OH - 1) * SH + (KH - 1) * DH + 1
    WP = (-(-OW // run) - 1) * run * SW + span
    sizes = {"OH": OH, "OW": OW, "KH": KH, "KW": KW, "SH": SH, "SW": SW, "DH": DH, "DW": DW}
    return sizes | {"HP": HP, "WP": WP, "R": run, "SPAN": span}


def _padded(
    x: ndarray, sizes: dict[str, int], pad: Pair, spread: Pair = (1, 1), columns: int | None = None
) -> ndarray:
    """Pad x to these sizes, with `spread` - 1 zeros between its pixels; x itself if nothing changes.

    After the first `columns` columns, if given, there are zeros only.
    """
    N, C, H, W = x.shape
    HP, WP = sizes["HP"], sizes["WP"]
    columns = WP if columns is None else columns
    if (HP, WP, *pad, *spread, columns) == (H, W, 0, 0, 1, 1, W):
        return whole(x)
    y = x.new((N, C, HP, WP), x.dtype)
    (PH, PW), (EH, EW) = pad, spread
    constants = {"H": H, "W": W, "HP": HP, "WP": WP, "PH": PH, "PW": PW, "EH": EH, "EW": EW}
    run_file("pad", [whole(x)], [y], y.size, [], **constants, COLUMNS=columns)
    return y


def _is_product(geometry: ConvGeometry) -> bool:
    """Whether a kernel of one pixel covers pixels of the image only: convolution is a matrix product then."""
    return geometry.kernel_size == (1, 1) and geometry.groups == 1 and not any(map(any, geometry.edges))


def _pixels(x: ndarray, geometry: ConvGeometry) -> ndarray:
    """The pixels that a kernel of one pixel reads, (N, C, OH * OW)."""
    (OH, OW), (SH, SW) = geometry.output_size, geometry.stride
    seen = x[:, :, : OH * SH : SH, : OW * SW : SW]
    return seen.reshape(*x.shape[:2], OH * OW)


def _batches(x: ndarray, sizes: dict[str, int]) -> list[slice]:
    """Slices of the images, each small enough that one array can hold them padded."""
    most = max(1, current().largest // (x.itemsize * x.shape[1] * sizes["HP"] * sizes["WP"]))
    size = tile_length(len(x), most)
    return [slice(start, start + size) for start in range(0, len(x), size)]


def conv2d(
    x: ndarray,
    W: ndarray,
    b: ndarray | None,
    geometry: ConvGeometry,
    relu: bool = False,
    most: float = math.inf,
) -> ndarray:
    x, W, b = floats(x, W, b)
    y = _conv2d(x, W, b, geometry, relu=relu)
    return minimum(y, most) if relu and most < math.inf else y


def _conv2d(
    x: ndarray,
    W: ndarray,
    b: ndarray | None,
    geometry: ConvGeometry,
    *,
    spread: Pair = (1, 1),
    relu: bool = False,
) -> ndarray:
    """Convolution of x, with `spread` - 1 zeros between its pixels, for an output of any size."""
    N = len(x)
    OC, Cg, KH, KW = W.shape
    (OH, OW), pad, groups = geometry.output_size, geometry.pad, geometry.groups
    OCg = OC // groups
    shape = N, OC, OH, OW
    if 0 in shape:
        return x.new(shape, x.dtype)
    if _is_product(geometry) and spread == (1, 1):
        pixels = _pixels(x, geometry)
        weights = W.reshape(OC, Cg).broadcast_to((N, OC, Cg))
        y = matmul(weights, pixels).reshape(shape)
        return _finished(y, b, relu)
    fallback = current().info.fallback
    tile = tile_side(groups, OCg, N * OH * OW) if min(OCg, Cg * KH * KW) >= TILED else 0
    run = 1 if tile else tile_length(OW, RUN[fallback])
    Q = tile_length(OCg, max(1, min(CHANNELS[fallback], PRODUCTS // (run * KW))))
    sizes = _constants(geometry, run)
    if len(batches := _batches(x, sizes)) > 1:
        parts = [_conv2d(x[k], W, b, geometry, spread=spread, relu=relu) for k in batches]
        return gathered(parts).reshape(shape)
    x = _padded(x, sizes, pad, spread)
    y = x.new(shape, x.dtype)
    W = contiguous(W)
    if tile:
        _run_tiled_conv2d(tile, W, x, y, geometry, sizes["HP"], sizes["WP"])
        return _finished(y, b, relu)
    threads = N * groups * -(-OCg // Q) * OH * -(-OW // run)
    bias = W if b is None else contiguous(b)  # a binding is required even if it is not read
    flags = {"BIAS": int(b is not None), "RELU": int(relu)}
    sizes |= {"GROUPS": groups, "CG": Cg, "OCG": OCg, "Q": Q}
    run_file("conv2d", [x, W, bias], [y], threads, [N, W.offset, bias.offset], **sizes, **flags)
    return y


def _run_tiled_conv2d(
    tile: int, W: ndarray, x: ndarray, y: ndarray, geometry: ConvGeometry, HP: int, WP: int
) -> None:
    """Compute y as a product of the kernels and the windows of x, which is padded to HP x WP."""
    OC, Cg, KH, KW = W.shape
    (OH, OW), groups, channel = geometry.output_size, geometry.groups, HP * WP
    OCg = OC // groups
    along_k = _steps(channel, WP, geometry.dilation)
    along_p = _steps(channel * groups * Cg, WP, geometry.stride)
    run_tiled(
        tile,
        W.as_strided((1, groups, OCg, Cg, KH, KW), (0, OCg * Cg * KH * KW, Cg * KH * KW, KH * KW, KW, 1)),
        x.as_strided((1, groups, Cg, KH, KW, len(y), OH, OW), (0, Cg * channel, *along_k, *along_p)),
        y.as_strided((1, groups, OCg, len(y), OH, OW), (0, OCg * OH * OW, OH * OW, OC * OH * OW, OW, 1)),
        a_rows=True,
        b_columns=False,
    )


def _finished(y: ndarray, b: ndarray | None, relu: bool) -> ndarray:
    """Add the bias and apply ReLU, in one pass."""
    arrays = [y] if b is None else [y, b.reshape(-1, 1, 1)]
    total = "a" if b is None else "(a + b)"
    if relu:  # NaN is kept, by its bits, as comparisons may ignore it
        total = f"select(F(0), {total}, ({total} > F(0)) | {IS_NAN.format(a=total)})"
    return y if total == "a" else elementwise("finish", total, arrays)


def _steps(plane: int, row: int, step: Pair) -> tuple[int, int, int]:
    """Strides of K's or P's three axes: plane, `step[0]` rows, `step[1]` columns."""
    return plane, row * step[0], step[1]


def conv2d_gx(gy: ndarray, W: ndarray, b: ndarray | None, geometry: ConvGeometry) -> ndarray:
    gy, W, b = floats(gy, W, b)
    OC, Cg, KH, KW = W.shape
    groups, (DH, DW), (PH, PW) = geometry.groups, geometry.dilation, geometry.pad
    flipped = W[:, :, ::-1, ::-1].reshape(groups, OC // groups, Cg, KH, KW).transpose(0, 2, 1, 3, 4)
    flipped = flipped.reshape(groups * Cg, OC // groups, KH, KW)
    back = geometry._replace(
        stride=(1, 1),
        pad=((KH - 1) * DH - PH, (KW - 1) * DW - PW),
        input_size=geometry.output_size,
        output_size=geometry.input_size,
    )
    y = _conv2d(gy, flipped, b, back, spread=geometry.stride)
    if y.size and (*geometry.kernel_size, *geometry.stride) != (1, 1, 1, 1):
        _remove_nan_of_zeros(y, gy, W, b, geometry)
    return y


def _remove_nan_of_zeros(
    y: ndarray, gy: ndarray, W: ndarray, b: ndarray | None, geometry: ConvGeometry
) -> None:
    """Recompute elements of gx that are NaN if a weight is not finite: its products with zeros are NaN.

    The kernel reads the weights' sum on the device. Both take 2 to 3 % of the time of gx on SwiftShader.
    """
    OC, Cg, *_ = W.shape
    W, bias = contiguous(W), None if b is None else contiguous(b)
    parameters = [*geometry_parameters(geometry), geometry.groups, Cg, OC // geometry.groups]
    parameters += [W.offset, -1 if bias is None else bias.offset, y.size]
    inputs = [whole(gy), W, W if bias is None else bias, W.sum(dtype=np.float32)]
    run_file("conv2d_gx_nan", inputs, [y], -(-y.size // LOOKED_AT), parameters, R=LOOKED_AT)


def conv2d_gW(x: ndarray, gy: ndarray, geometry: ConvGeometry) -> ndarray:
    x, gy = floats(x, gy)
    N, OC, OH, OW = gy.shape
    (KH, KW), pad, groups = geometry.kernel_size, geometry.pad, geometry.groups
    Cg, OCg = x.shape[1] // groups, OC // groups
    if not gy.size:
        return fill(type(x), (OC, Cg, KH, KW), 0, x.dtype)
    taps = Cg * KH * KW
    device = current()
    if _is_product(geometry) and 4 * N * OC * Cg <= device.largest:
        products = matmul(gy.reshape(N, OC, OH * OW), _pixels(x, geometry).swapaxes(1, 2), np.float32)
        return products.sum(axis=0, dtype=gy.dtype).reshape(OC, Cg, 1, 1)
    fallback = device.info.fallback
    room = max(1, device.largest // (4 * OC * taps))
    tiles = tile_side(N * groups, OCg, taps) if min(OCg, taps) >= TILED else 0
    run = 1 if tiles else tile_length(OW, RUN[fallback])
    sizes = _constants(geometry, run)
    sizes |= {"GROUPS": groups, "CG": Cg, "OCG": OCg}
    batches = _batches(x, sizes)
    compute = _gW_tiled if tiles else _gW_direct
    # The last run of a row may have excess windows, which are multiplied by 0: they must be finite.
    columns = (OW - 1) * sizes["SW"] + (KW - 1) * sizes["DW"] + 1
    sums = [
        compute(
            _padded(x[images], sizes, pad, columns=columns),
            whole(gy[images]),
            sizes,
            max(1, room // len(batches)),
        )
        for images in batches
    ]
    joined = gathered(sums).reshape(-1, OC, Cg, KH, KW) if len(sums) > 1 else sums[0]
    return joined.sum(axis=0, dtype=gy.dtype)


def _gW_direct(x: ndarray, gy: ndarray, sizes: dict[str, int], room: int) -> ndarray:
    """Partial sums of gW, `parts` <= `room`: part p sums over every `parts`-th row of windows, from row p."""
    N, OC, OH, _ = gy.shape
    OCg, Cg, KH, KW, run = (sizes[name] for name in ("OCG", "CG", "KH", "KW", "R"))
    fallback = current().info.fallback
    T = KH if KH * KW * run <= PRODUCTS and SUMS[fallback] >= KH * KW else 1
    most = min(CHANNELS[fallback], PRODUCTS // (T * KW * run), SUMS[fallback] // (T * KW))
    Q = tile_length(OCg, max(1, most))
    blocks = OC // OCg * -(-OCg // Q) * Cg * KH // T
    parts = max(1, min(N * OH, -(-THREADS[fallback] // blocks), room))
    gW = x.new((parts, OC, Cg, KH, KW), np.float32)
    run_file("conv2d_gw", [x, gy], [gW], blocks * parts, [N, parts], **sizes, Q=Q, T=T)
    return gW


def _gW_tiled(x: ndarray, gy: ndarray, sizes: dict[str, int], room: int) -> ndarray:
    """Partial sums of gW, at most `room`, each over the same number of images (split-K)."""
    N, OC, OH, OW = gy.shape
    groups, OCg, Cg, KH, KW = (sizes[name] for name in ("GROUPS", "OCG", "CG", "KH", "KW"))
    taps = Cg * KH * KW
    channel, row = sizes["HP"] * sizes["WP"], sizes["WP"]
    image = groups * Cg * channel
    # The fewest parts that give a GPU four times the workgroups it needs, as the sums are long.
    divisors = [n for n in range(1, min(N, room) + 1) if N % n == 0]
    parts = next((n for n in divisors if tile_side(n * groups // 4, OCg, taps)), divisors[-1])
    gW = x.new((parts, OC, Cg, KH, KW), np.float32)
    n = N // parts
    along_k = _steps(image, row, (sizes["SH"], sizes["SW"]))
    along_p = _steps(channel, row, (sizes["DH"], sizes["DW"]))
    run_tiled(
        tile_side(parts * groups, OCg, taps) or 1,
        gy.as_strided(
            (parts, groups, OCg, n, OH, OW), (n * OC * OH * OW, OCg * OH * OW, OH * OW, OC * OH * OW, OW, 1)
        ),
        x.as_strided((parts, groups, n, OH, OW, Cg, KH, KW), (n * image, Cg * channel, *along_k, *along_p)),
        gW.as_strided((parts, groups, OCg, Cg, KH, KW), (OC * taps, OCg * taps, taps, KH * KW, KW, 1)),
        a_rows=True,
        b_columns=True,
    )
    return gW


def im2col(x: ndarray, geometry: ConvGeometry) -> ndarray:
    (x,) = floats(x)
    col = x.new((*x.shape[:2], *geometry.kernel_size, *geometry.output_size), x.dtype)
    if col.size:
        run_file("im2col", [whole(x)], [col], col.size, geometry_parameters(geometry))
    return col


def col2im(col: ndarray, geometry: ConvGeometry) -> ndarray:
    (col,) = floats(col)
    x = col.new((*col.shape[:2], *geometry.input_size), col.dtype)
    if x.size:
        run_file("col2im", [whole(col)], [x], x.size, geometry_parameters(geometry))
    return x
