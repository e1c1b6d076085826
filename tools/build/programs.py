"""Programs and drivers that the tests need: found on this machine, or installed if possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools import fetch, lavapipe, node
from tools.build.process import NOTHING, PYTHON, BuildError, alone, say, status_of

# Why a program or a driver is missing.
NO_BROWSER = "no browser found, and none could be installed"
NO_ADAPTER = "no Vulkan driver found, and none could be installed"

CHROMIUM = ("chromium", "google-chrome", "chromium-browser")
FIREFOX = ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox")
PLAYWRIGHTS = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""
ASK_FOR_ADAPTER = """
const { create } = await import("webgpu");
process.exit((await create([]).requestAdapter()) ? 0 : 1);
"""


def find_node() -> Path:
    """Return a Node that supports Pyodide's `run_sync`.

    Raises:
        BuildError: there is none, and none can be fetched.
    """
    try:
        return node.find()
    except fetch.FetchError as error:
        raise BuildError(str(error)) from error


def chromium() -> str | None:
    """Return the path of Chromium, which is installed if none is found; None if that fails."""
    with alone():
        if found := _first_of(CHROMIUM):
            return found
        say("-- installing Chromium")
        if _install_from_debian("chromium"):
            return _first_of(CHROMIUM)
        status_of([PYTHON, "-m", "playwright", "install", "chromium"])
        done = subprocess.run([PYTHON, "-c", PLAYWRIGHTS], stdout=subprocess.PIPE, text=True, check=False)
        return shutil.which(done.stdout.strip())


def firefox() -> str | None:
    """Return the path of Firefox; Debian's is installed if none is found; None if that fails."""
    with alone():
        if found := _first_of(FIREFOX):
            return found
        say("-- installing Firefox ESR")
        return _first_of(FIREFOX) if _install_from_debian("firefox-esr") else None


def webkit() -> str | None:
    """Return the path of WebKitGTK's browser, installed with its driver if not found; None if that fails."""
    with alone():
        if found := _webkit():
            return found
        say("-- installing WebKitGTK")
        return _webkit() if _install_from_debian("webkit2gtk-driver", "xvfb") else None


def _webkit() -> str | None:
    if not all(map(shutil.which, ("WebKitWebDriver", "Xvfb"))):
        return None
    return next(map(str, Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")), None)


def adapter(node: Path) -> Mapping[str, str] | None:
    """Return the environment variables with which WebGPU under Node finds a driver, or None if there is none.

    The driver is the machine's, or Chromium's SwiftShader, which computes on the CPU, or else Mesa's.
    """
    if _has_adapter(node):
        return NOTHING
    if browser := chromium():
        # Debian's program is a script; the browser itself lies elsewhere.
        for folder in (Path(browser).resolve().parent, Path("/usr/lib/chromium")):
            driver = folder / "vk_swiftshader_icd.json"
            if driver.is_file() and _has_adapter(node, environment := _driver(driver)):
                return environment
    with alone():
        say("-- installing Mesa's Vulkan drivers")
        installed = _install_from_debian("mesa-vulkan-drivers", "libvulkan1")
    return NOTHING if installed and _has_adapter(node) else None


def float16_adapter(node: Path) -> Mapping[str, str] | None:
    """Return the variables with which WebGPU under Node finds lavapipe, which has float16, or None."""
    try:
        with alone():
            environment = _driver(lavapipe.find() / "lvp_icd.json")
    except (fetch.FetchError, OSError) as error:
        say(f"error: {error}")
        return None
    return environment if _has_adapter(node, environment) else None


def _driver(description: Path) -> Mapping[str, str]:
    """Return the variables with which Vulkan takes the driver of a file, with the libraries beside it."""
    libraries = [str(description.parent), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return {"VK_ICD_FILENAMES": str(description), "LD_LIBRARY_PATH": ":".join(libraries)}


def _has_adapter(node: Path, environment: Mapping[str, str] = NOTHING) -> bool:
    return status_of([node, "--input-type=module", "-e", ASK_FOR_ADAPTER], environment, quiet=True) == 0


def _first_of(names: tuple[str, ...]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def _install_from_debian(*packages: str) -> bool:
    """Install packages, as root on Debian; return False elsewhere, or if it fails."""
    if not (Path("/etc/debian_version").is_file() and os.geteuid() == 0):
        return False
    quietly = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
    with alone(fetch.cache_dir()):  # apt-get fails while that of another clone runs
        return not (
            status_of(["apt-get", "update", "-qq"], quietly)
            or status_of(install, quietly, output=sys.stderr.buffer)
        )
