"""What the wheel's build adds: the SIMD kernels, compiled from C into two WebAssembly side modules."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SIMD = "pyconvlite/backends/simd"
VARIANTS = {"simd128": ["-msimd128"], "relaxed": ["-msimd128", "-mrelaxed-simd"]}
TARGET = ["-target", "wasm32-freestanding", "-ffreestanding", "-fPIC", "-fvisibility=hidden", "-mbulk-memory"]


class SideModules(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles them with Zig's C compiler, which comes from PyPI and needs nothing else."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put both side modules into the wheel; an editable install goes without."""
        if version == "editable":
            return
        self.folder = tempfile.TemporaryDirectory()
        for name, features in VARIANTS.items():
            module = Path(self.folder.name, f"{name}.wasm")
            compile_side_module(Path(self.root, SIMD, "kernels.c"), module, features)
            build_data["force_include"][str(module)] = f"{SIMD}/{module.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clean up."""
        if version != "editable":
            self.folder.cleanup()


def compile_side_module(source: Path, module: Path, features: list[str]) -> None:
    """Compile one. Neither debug information nor names go in: the bytes do not depend on time or folder."""
    relocatable = module.with_suffix(".o")
    zig("cc", *TARGET, *features, "-O3", "-g0", "-c", source.name, "-o", str(relocatable), cwd=source.parent)
    link = ["--experimental-pic", "-shared", "--no-entry", "--export-dynamic", "--strip-all"]
    zig("wasm-ld", *link, "-o", str(module), str(relocatable), cwd=source.parent)
    module.chmod(0o644)


def zig(*arguments: str, cwd: Path) -> None:
    """Run Zig."""
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], cwd=cwd, check=True)
