"""Mesa's lavapipe, a Vulkan driver that computes on the CPU and has float16.

Debian's packages are taken from the first of its releases whose Mesa is new enough, verified by apt as usual,
and unpacked into the cache: nothing is installed. The folder holds `lvp_icd.json`, for VK_ICD_FILENAMES, and
the libraries beside it, for LD_LIBRARY_PATH.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

from tools import fetch

OLDEST = 25  # the first release that Dawn, WebGPU under Node, accepts
PACKAGES = ("mesa-vulkan-drivers", "libvulkan1")
DRIVER = "libvulkan_lvp.so"


def find() -> Path:
    """Return the folder, from the cache if it is there.

    Raises:
        fetch.FetchError: this is not Debian, or its registry cannot be reached or has no such Mesa.
    """
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    place = fetch.cache_dir() / recipe / f"lavapipe-{platform.machine()}"
    if place.is_dir():
        return place
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise fetch.FetchError("lavapipe is fetched from Debian, with apt-get and dpkg-deb")
    with fetch.workspace() as folder:
        unpacked = folder / "unpacked"
        for package in _downloaded(folder):
            _run("dpkg-deb", "--extract", str(package), str(unpacked))
        finished = folder / place.name
        finished.mkdir()
        for library in unpacked.glob("usr/lib/*/*.so*"):
            # Other drivers are most of the size.
            if not library.name.startswith(("libvulkan_", "libgallium")) or library.name == DRIVER:
                shutil.move(library, finished / library.name)
        (description,) = unpacked.glob("usr/share/vulkan/icd.d/lvp_icd*.json")
        driver = json.loads(description.read_text())
        driver["ICD"]["library_path"] = f"./{DRIVER}"
        (finished / "lvp_icd.json").write_text(json.dumps(driver))
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.replace(finished, place)
        except OSError:
            if not place.is_dir():  # otherwise another process was first
                raise
    return place


def _downloaded(folder: Path) -> list[Path]:
    """Download Mesa and its missing dependencies, with package lists of their own."""
    release = _release()
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    sources = folder / "debian.list"
    signed = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    suites = (release, f"{release}-backports")
    sources.write_text("".join(f"deb {signed} {_mirror()} {suite} main\n" for suite in suites))
    options = [
        f"-oDir::Etc::SourceList={sources}",
        "-oDir::Etc::SourceParts=/dev/null",
        f"-oDir::State::Lists={folder / 'lists'}",
        f"-oDir::Cache={folder / 'cache'}",
        "-oDebug::NoLocking=true",
        "-oAPT::Sandbox::User=root",  # apt's own user may not write here
        "-qq",
    ]
    _run("apt-get", *options, "update")
    for suite in suites:
        chosen = [*options, f"-t{suite}"]
        known = _run("apt-cache", *chosen, "policy", PACKAGES[0])
        candidate = known.partition("Candidate: ")[2].split("\n")[0]
        if candidate.split(".")[0].isdecimal() and int(candidate.split(".")[0]) >= OLDEST:
            install = ["install", "--yes", "--no-install-recommends", "--reinstall", "--download-only"]
            _run("apt-get", *chosen, *install, *PACKAGES)
            return list((folder / "cache/archives").glob("*.deb"))
    raise fetch.FetchError(f"Debian {release} has no Mesa {OLDEST} or newer")


def _release() -> str:
    """Return the name of the installed Debian."""
    for line in Path("/etc/os-release").read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            return value.strip('"')
    raise fetch.FetchError("this system is not a release of Debian")


def _mirror() -> str:
    """Return the URL from which the installed apt gets Debian."""
    for line in _run("apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN) $(LABEL)").splitlines():
        site, *labels = line.split()
        if labels == ["Debian", "Debian"]:
            return site
    raise fetch.FetchError("apt has no Debian archive; run apt-get update")


def _run(*command: str) -> str:
    """Return what a command prints."""
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise fetch.FetchError(f"{' '.join(command[:1])} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout
