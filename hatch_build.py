"""What the build makes for the wheel: side modules, compiled from C; scripts and shaders without comments."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from rjsmin import jsmin

PACKAGE = "pyconvlite"
SIMD = f"{PACKAGE}/backends/simd"
VARIANTS = {"relaxed": ["-msimd128", "-mrelaxed-simd"], "simd128": ["-msimd128"]}
# The kernels are written in vectors, with inner loops unrolled by hand: what the compiler vectorizes and
# unrolls beside them makes a module a quarter larger, but no call faster.
OPTIMIZE = [
    *("-O3", "-fno-vectorize", "-fno-slp-vectorize"),
    *("-mllvm", "-unroll-runtime=false", "-mllvm", "-unroll-threshold=100"),
]
BLOCK = 1 << 13  # as in library.py
TARGET = ["-target", "wasm32-freestanding", "-ffreestanding", "-fPIC", "-fvisibility=hidden", "-mbulk-memory"]


class WheelContents(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles the kernels with Zig's C compiler, which comes from PyPI and needs nothing else."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put both side modules into the wheel, and scripts and shaders without their comments.

        An editable install goes without the modules, and has the scripts as they are.
        """
        if version == "editable":
            return
        self.folder = tempfile.TemporaryDirectory()
        modules = []
        for name, features in VARIANTS.items():
            module = Path(self.folder.name, f"{name}.wasm")
            compile_side_module(Path(self.root, SIMD, "kernels.c"), module, features)
            modules.append(module.read_bytes())
        made = {f"{SIMD}/kernels.bin": side_by_side(*modules)}
        for suffix in ("js", "wgsl"):  # whose comments are JavaScript's
            for script in Path(self.root, PACKAGE).rglob(f"*.{suffix}"):
                made[script.relative_to(self.root).as_posix()] = jsmin(script.read_bytes())
        for name, content in made.items():
            file = Path(self.folder.name, name.replace("/", "-"))
            file.write_bytes(content)
            file.chmod(0o644)
            build_data["force_include"][str(file)] = name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clean up."""
        if version != "editable":
            self.folder.cleanup()


def side_by_side(*modules: bytes) -> bytes:
    """Return the modules' sizes, then blocks of each in turns, so near that zip finds what they share."""
    ends = range(0, max(map(len, modules)), BLOCK)
    blocks = [module[start : start + BLOCK] for start in ends for module in modules]
    return b"".join([*(len(module).to_bytes(4, "little") for module in modules), *blocks])


def compile_side_module(source: Path, module: Path, features: list[str]) -> None:
    """Compile one. Neither debug information nor names go in: the bytes do not depend on time or folder."""
    relocatable = module.with_suffix(".o")
    zig(
        "cc",
        *TARGET,
        *features,
        *OPTIMIZE,
        "-g0",
        "-c",
        source.name,
        "-o",
        str(relocatable),
        cwd=source.parent,
    )
    link = ["--experimental-pic", "-shared", "--no-entry", "--export-dynamic", "--strip-all"]
    zig("wasm-ld", *link, "-o", str(module), str(relocatable), cwd=source.parent)
    module.chmod(0o644)


def zig(*arguments: str, cwd: Path) -> None:
    """Run Zig."""
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], cwd=cwd, check=True)
