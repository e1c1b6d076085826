"""Write the wheel's software bill of materials (SBOM), in CycloneDX's JSON, beside it.

All code in the wheel is the project's own. NumPy is what it runs on; the side modules are compiled by Zig.

Usage: python -m tools.sbom WHEEL
"""

from __future__ import annotations

import sys
import tomllib
import uuid
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

from tools import fetch

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def bill(wheel: Path) -> str:
    """Return the text for a wheel; it depends only on the wheel and the project's metadata."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))
    sha256 = fetch.sha256_of(wheel)
    name, version = project["project"]["name"], project["project"]["version"]
    purl = PackageURL("pypi", name=name, version=version)
    this = Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        licenses=[DisjunctiveLicense(id=project["project"]["license"])],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)],
        purl=purl,
        bom_ref=str(purl),
    )
    needed = [_component(text, ComponentScope.REQUIRED) for text in project["project"]["dependencies"]]
    tools = [_component(text, ComponentScope.EXCLUDED) for text in project["build-system"]["requires"]]
    bom = Bom(components=[*needed, *tools], serial_number=uuid.uuid5(uuid.NAMESPACE_OID, sha256))
    bom.metadata.component = this
    bom.metadata.timestamp = datetime(2020, 2, 2, tzinfo=UTC)  # hatchling's, for the same bytes
    bom.register_dependency(this, needed)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _component(text: str, scope: ComponentScope) -> Component:
    requirement = Requirement(text)
    pinned = text.partition("==")[2] or None
    purl = PackageURL("pypi", name=requirement.name, version=pinned)
    return Component(
        name=requirement.name,
        version=pinned,
        type=ComponentType.LIBRARY,
        scope=scope,
        purl=purl,
        bom_ref=str(purl),
        properties=[Property(name="requirement", value=text)],
    )


if __name__ == "__main__":
    wheel = Path(sys.argv[1])
    wheel.with_suffix(".cdx.json").write_text(bill(wheel), "utf-8")
