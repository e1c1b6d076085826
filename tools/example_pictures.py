"""Write the small pictures beside the playground's examples: what each draws, for light and dark pages.

`python -m tools.example_pictures` runs all examples, which takes minutes; with names, only these.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image

from tools import efficientnet, mnist

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "site" / "python" / "examples"
PICTURES = ROOT / "site" / "src" / "play" / "pictures"
SIZE = 288, 162  # pixels; a page shows it at half of that
LONG = 2.2  # times as wide as high
MOST_ENLARGED = 1.7


def main(names: list[str]) -> None:
    """Run examples and write their pictures; one that draws nothing has none."""
    sys.path.insert(0, str(ROOT / "site" / "python"))
    mnist.files()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("weights").mkdir()
        efficientnet.write(Path("weights"))
        for name in names or sorted(path.stem for path in EXAMPLES.glob("*.py")):
            images = [item for item in _shown_by(name) if item["kind"] == "image"]
            print(name, len(images), flush=True)
            if images:
                _write(f"{name}.webp", images[0]["data"])
                _write(f"{name}-dark.webp", images[0]["dark"])


def _shown_by(name: str) -> list[dict[str, Any]]:
    showing, outlet = (import_module(name) for name in ("tab.showing", "tab.outlet"))  # of the site
    shown: list[Any] = []
    showing.show_in(outlet.Outlet(shown.append))
    exec(compile((EXAMPLES / f"{name}.py").read_text("utf-8"), name, "exec"), {"__name__": "__main__"})
    showing.show_figures()
    return [item for item in shown if not isinstance(item, str)]


def _write(name: str, data: bytes) -> None:
    PICTURES.mkdir(exist_ok=True)
    with Image.open(io.BytesIO(data)) as picture:
        drawn = picture.convert("RGB")
        ground = drawn.getpixel((0, 0))
        fits = min(SIZE[0] / drawn.width, SIZE[1] / drawn.height)
        covers = max(SIZE[0] / drawn.width, SIZE[1] / drawn.height)
        # Long rows are cropped at their ends, so that their contents stay recognizable.
        scale = min(covers, MOST_ENLARGED * fits) if drawn.width / drawn.height > LONG else fits
        small = drawn.resize(
            (round(scale * drawn.width), round(scale * drawn.height)), Image.Resampling.LANCZOS
        )
        whole = Image.new("RGB", SIZE, ground)
        whole.paste(small, ((SIZE[0] - small.width) // 2, (SIZE[1] - small.height) // 2))
        whole.save(PICTURES / name, "WEBP", quality=80, method=6)


if __name__ == "__main__":
    main(sys.argv[1:])
