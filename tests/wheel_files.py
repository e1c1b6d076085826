"""Small wheels for the tests of the tools."""

import zipfile


def make_wheel(folder, name, version="1.0", *, code="", requires=(), tag="py3-none-any"):
    """Write a wheel with one package and return its path."""
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-{tag}.whl"
    metadata = [f"Requires-Dist: {requirement}" for requirement in requires]
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata]
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}/__init__.py", code)
        archive.writestr(f"{info}/METADATA", "\n".join(metadata) + "\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return path
