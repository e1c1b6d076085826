"""Difficult geometries of convolutions: a table of known ones, and hypothesis strategies for others."""

from dataclasses import dataclass, field, replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from oracles import twice

from pyconvlite.backends import numpy as reference
from pyconvlite.functions._geometry import edge_geometry

# For a test whose single example takes long.
FEWER = settings(max_examples=max(25, settings().max_examples // 4))


def sizes(x_size, kernel_size, stride=1, pad=0, dilation=1, groups=1, ceil_mode=False):
    """A ConvGeometry, each size of which may be given once for both axes, and the pad for both ends."""
    edges = tuple(map(twice, twice(pad)))
    settings = twice(kernel_size), twice(stride), twice(dilation)
    return edge_geometry(x_size, *settings, edges, groups, ceil_mode)


@dataclass(frozen=True)
class Geometry:
    """The shapes and settings of one convolution; x_shape and W_shape are conv2d's."""

    x_shape: tuple[int, int, int, int]
    W_shape: tuple[int, int, int, int]
    stride: int | tuple[int, int] = 1
    pad: int | tuple = 0  # in the forms that conv2d takes
    options: dict = field(default_factory=dict)  # dilation, groups

    @property
    def settings(self):
        """conv2d's arguments besides the arrays."""
        return {"stride": self.stride, "pad": self.pad, **self.options}

    def arrays(self, *shapes, dtype=np.float64):
        rng = np.random.default_rng(0)
        return [rng.standard_normal(shape).astype(dtype) for shape in shapes]

    @property
    def kernel(self):
        return self.W_shape[2:]

    @property
    def sizes(self):
        """The ConvGeometry that kernels take."""
        return sizes(self.x_shape[2:], self.kernel, self.stride, self.pad, **self.options)

    @property
    def pad_below_kernel(self):
        """Whether every window has a pixel, as max pooling needs."""
        return all(p < k for p, k in zip(twice(self.pad), self.kernel, strict=True))

    @property
    def deconv_W_shape(self):
        """A deconv2d's W with these channels: (C, OC/groups, KH, KW)."""
        groups = self.options.get("groups", 1)
        return (self.x_shape[1], self.W_shape[0] // groups, *self.kernel)

    @property
    def deconv_fits(self):
        """Whether the pad leaves a deconvolution any pixel."""
        settings = map(twice, (self.stride, self.pad, self.options.get("dilation", 1)))
        axes = zip(self.x_shape[2:], self.kernel, *settings, strict=True)
        return all(s * (n - 1) + d * (k - 1) + 1 - 2 * p > 0 for n, k, s, p, d in axes)


HARD = {
    "plain": Geometry((2, 3, 5, 6), (4, 3, 3, 2)),
    "odd sizes": Geometry((1, 2, 7, 5), (3, 2, 3, 3), stride=2, pad=1),
    "stride > kernel": Geometry((2, 2, 7, 8), (2, 2, 2, 1), stride=(3, 2)),
    "stride that leaves a rest": Geometry((1, 2, 6, 8), (2, 2, 3, 2), stride=(2, 4)),
    "pad >= kernel": Geometry((1, 2, 3, 4), (2, 2, 2, 1), pad=(2, 3)),
    "1x1 kernel": Geometry((2, 3, 4, 3), (2, 3, 1, 1)),
    "1x1 kernel, stride 2": Geometry((2, 3, 5, 4), (2, 3, 1, 1), stride=2),
    "1x1 image": Geometry((2, 3, 1, 1), (2, 3, 1, 1)),
    "kernel = image": Geometry((2, 2, 3, 4), (3, 2, 3, 4)),
    "one row": Geometry((2, 2, 1, 7), (2, 2, 1, 3), pad=(0, 1)),
    "one column": Geometry((2, 2, 7, 1), (2, 2, 3, 1), stride=(2, 1)),
    "one channel": Geometry((2, 1, 4, 5), (1, 1, 2, 3), pad=1),
    "groups": Geometry((2, 4, 4, 5), (6, 2, 2, 3), stride=(1, 2), pad=1, options={"groups": 2}),
    "depthwise": Geometry((2, 3, 5, 4), (6, 1, 3, 2), pad=(1, 0), options={"groups": 3}),
    "depthwise, as many kernels": Geometry(
        (2, 3, 6, 7), (3, 1, 3, 2), stride=(2, 1), pad=(1, 0), options={"groups": 3, "dilation": (1, 2)}
    ),
    "dilation": Geometry((1, 2, 7, 8), (2, 2, 3, 2), pad=(2, 0), options={"dilation": (2, 3)}),
    "all at once": Geometry((2, 4, 8, 7), (2, 2, 2, 3), (3, 2), (1, 2), {"dilation": (3, 2), "groups": 2}),
    "empty batch": Geometry((0, 2, 4, 5), (3, 2, 3, 2), pad=1),
}


def poisoned(a, value, *positions):
    """A copy of `a`, with `value` at these places."""
    a = a.copy()
    for position in positions:
        a.flat[position] = value
    return a


def gx_by_columns(gy, W, g):
    """gx in float64: each output pixel times the weights, added to the pixels that they meet."""
    groups = g.sizes.groups
    by_group = gy.astype(float).reshape(len(gy), groups, -1, *gy.shape[2:])
    weights = W.astype(float).reshape(groups, -1, *W.shape[1:])
    columns = np.einsum("ngoyx,gockl->ngcklyx", by_group, weights)
    return reference.col2im(columns.reshape(len(gy), -1, *columns.shape[3:]), g.sizes)


def pairs(low, high):
    """Two integers, for the two axes of an image."""
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def geometries(draw, max_dilation=2, pad_below_kernel=False):
    """Any convolution that fits: non-square everything, grouped, dilated, empty batch included."""

    groups = draw(st.integers(1, 3))
    CG, OCG = draw(pairs(1, 2))
    kernel, stride, dilation = draw(pairs(1, 3)), draw(pairs(1, 3)), draw(pairs(1, max_dilation))
    pad = tuple(draw(st.integers(0, k - 1)) for k in kernel) if pad_below_kernel else draw(pairs(0, 3))
    least = [max(1, (k - 1) * d + 1 - 2 * p) for k, d, p in zip(kernel, dilation, pad, strict=True)]
    size = [n + draw(st.integers(0, 3)) for n in least]
    return Geometry(
        (draw(st.integers(0, 2)), groups * CG, *size),
        (groups * OCG, CG, *kernel),
        stride,
        pad,
        {"dilation": dilation, "groups": groups},
    )


@st.composite
def with_edges(draw, others):
    """Those geometries, padded by more pixels at one end of an axis than at the other."""
    g = draw(others)
    ends = [(p, p + draw(st.integers(0, 5))) for p in twice(g.pad)]
    turned = draw(st.booleans())
    return replace(g, pad=tuple(end[::-1] if turned else end for end in ends))
