"""Samples of tests that other tiers run as well: the options --one-in and --whole of the suite."""

import hashlib
from fnmatch import fnmatch

# By a name for --whole: the modules of which all tests run.
WHOLE = {
    # What may differ from one Pyodide to the next: the bridge, how SIMD kernels are loaded and called, files,
    # FFI, NumPy, the texts of errors. What the kernels compute depends on Node, which is the same for each.
    "runtime": (
        "test_arguments",
        "test_backends",
        "test_config",
        "test_datasets*",
        "test_fetch",
        "test_files",
        "test_float32",
        "test_graph_memory",
        "test_html",
        "test_npz",
        "test_package",
        "test_platform",
        "test_simd_arguments",
        "test_simd_choice",
        "test_simd_memory",
        "test_simd_threads",
        "test_testing",
        "test_utils",
        "test_webgpu_*",
        "test_weights",
    ),
    # What NumPy's own kernels compute, on the way that they take where NumPy has no BLAS.
    "kernels": (
        "test_backends",
        "test_conv*",
        "test_float32",
        "test_functions_activation",
        "test_functions_classification",
        "test_functions_gelu",
        "test_functions_geometry",
        "test_functions_sample_norm",
        "test_functions_linalg",
        "test_functions_loss",
        "test_functions_normalization",
        "test_functions_reduction",
        "test_pooling",
    ),
    # Each kernel of the device and what may fail on it; less of functions made of them, and of the limits of
    # other adapters.
    "adapter": (
        "test_array",
        "test_capture",
        "test_checkpoint",
        "test_dropout",
        "test_examples",
        "test_f[al]*",
        "test_kernels",
        "test_limits",
        "test_matmul",
        "test_nonfinite",
        "test_optimizer",
        "test_packing",
        "test_training",
        "test_wgsl",
    ),
}

# On the newest Pyodide what depends on it, as the site does, what its kernels compute, and what only they do.
WHOLE["simd"] = (*WHOLE["runtime"], *WHOLE["kernels"], "test_simd_*", "test_checkpoint*", "test_site_*")


def add_options(parser):
    parser.addoption(
        "--one-in",
        type=int,
        default=1,
        metavar="N",
        help="run one in N tests, chosen by the hash of their names",
    )
    parser.addoption(
        "--whole", choices=sorted(WHOLE), help="but all tests of some modules (see tests/sampling.py)"
    )


def deselect(config, items):
    """Deselect tests according to the options."""
    whole = WHOLE.get(config.getoption("whole"), ())
    kept, left = [], []
    for item in items:
        chosen = is_chosen(item.nodeid, config.getoption("one_in")) or is_whole(item.nodeid, whole)
        (kept if chosen else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def is_whole(nodeid, patterns):
    """Whether a test is in a module that one of the patterns names, but for SIMD kernels' second variant.

    Both variants are compiled of the same source, and few browsers lack relaxed SIMD.
    """
    module = nodeid.split("::")[0].rpartition("/")[2].removesuffix(".py")
    return "[simd128" not in nodeid and any(fnmatch(module, pattern) for pattern in patterns)


def is_chosen(nodeid, one_in):
    """Whether a test is one of those that run: the same ones on every machine and in every Pyodide.

    The path to an installed package, which has the version of Python in it, does not count.
    """
    name = nodeid.rpartition("site-packages/")[2]
    return int.from_bytes(hashlib.sha256(name.encode()).digest()) % one_in == 0
