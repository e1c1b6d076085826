"""The program's folder: upload, download and their limits."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playgrounds import Playground
from playwright.sync_api import expect


def file(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def listed(play: Playground) -> list[str]:
    """The paths that the page lists."""
    return play.page.locator("#files li > button:first-child").all_inner_texts()


def put(play: Playground, *files: Any) -> None:
    play.ready()
    play.page.set_input_files("#file", list(files))
    for each in files:
        expect(play.page.locator("#files")).to_contain_text(each["name"])


def saved(play: Playground, path: str) -> bytes:
    with play.page.expect_download() as download:
        play.page.get_by_role("button", name=f"Download {path}").click()
    assert download.value.suggested_filename == path.split("/")[-1]
    return download.value.path().read_bytes()


@pytest.fixture
def folder(play: Playground) -> Playground:
    """The playground with an empty folder."""
    play.ready()
    for _ in range(play.page.locator("#files li").count()):
        before = play.page.locator("#files li").count()
        play.page.locator("#files li >> nth=0").locator("button").last.click()
        expect(play.page.locator("#files li")).to_have_count(before - 1)
    return play


def test_upload_and_download(folder: Playground) -> None:
    picture, numbers = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (6, 4), (250, 0, 0)).save(picture, "PNG")
    np.savez(numbers, a=np.arange(5))
    put(folder, file("rød.png", picture.getvalue()), file("numbers.npz", numbers.getvalue()))
    output = folder.run(
        "import os\nimport numpy as np\nfrom PIL import Image\n"
        "image = Image.open('rød.png')\na = np.load('numbers.npz')['a']\n"
        "print(image.size, a.sum())\n"
        "os.makedirs('out', exist_ok=True)\nimage.resize((3, 2)).save('out/small.png')\n"
        "np.savez('more.npz', b=a * 2)"
    )
    assert output == "(6, 4) 10"
    assert listed(folder) == ["more.npz", "numbers.npz", "out/small.png", "rød.png"]
    with Image.open(io.BytesIO(saved(folder, "out/small.png"))) as small:
        assert (small.size, small.getpixel((0, 0))) == ((3, 2), (250, 0, 0))
    np.testing.assert_array_equal(np.load(io.BytesIO(saved(folder, "more.npz")))["b"], np.arange(5) * 2)


def test_uploaded_files_survive_a_new_python(folder: Playground) -> None:
    put(folder, file("mine.txt", b"kept"))
    folder.start("open('written.txt', 'w').write('x')\nprint('on the way', flush=True)\nwhile True: pass")
    folder.stop()
    assert listed(folder) == ["mine.txt"]
    assert folder.run("open('mine.txt').read()") == "'kept'"
    folder.page.get_by_role("button", name="Remove mine.txt").click()
    expect(folder.page.locator("#files li")).to_have_count(0)
    assert "FileNotFoundError" in folder.run("open('mine.txt')")


def test_keyboard_focus_stays_in_the_file_list(folder: Playground) -> None:
    put(folder, file("a.txt", b""), file("b.txt", b""))
    folder.page.get_by_role("button", name="Remove a.txt").press("Enter")
    expect(folder.page.get_by_role("button", name="Remove b.txt")).to_be_focused()


def test_packages_of_uploaded_modules_are_loaded(folder: Playground) -> None:
    put(folder, file("helper.py", b"import tqdm\n\ndef told():\n    return tqdm.__name__\n"))
    assert folder.run("import helper\nhelper.told()") == "'tqdm'"


def test_too_large_file_is_refused_before_it_is_read(folder: Playground) -> None:
    folder.page.evaluate(
        """() => {
          const whole = new DataTransfer();
          const file = new File([], 'large.bin');
          Object.defineProperty(file, 'size', { value: 65 * 2 ** 20 });
          whole.items.add(file);
          const chooser = document.querySelector('#file');
          Object.defineProperty(chooser, 'files', { value: [file], configurable: true });
          chooser.dispatchEvent(new Event('change', { bubbles: true }));
          delete chooser.files;
        }"""
    )
    folder.wait_for("main", "large.bin is too large: the limit is 64 MB per file, and twice that in total.")
    assert listed(folder) == []


def test_file_removed_after_selection(folder: Playground) -> None:
    folder.page.evaluate("""() => {
      const { arrayBuffer } = Blob.prototype;
      Blob.prototype.arrayBuffer = async () => {
        Blob.prototype.arrayBuffer = arrayBuffer;
        throw new DOMException('', 'NotReadableError');
      };
    }""")
    folder.page.set_input_files("#file", [file("gone.txt", b"x"), file("there.txt", b"y")])
    folder.wait_for("main", "gone.txt could not be added to the folder.")
    expect(folder.page.locator("#files")).to_contain_text("there.txt")
    assert listed(folder) == ["there.txt"]
    folder.page.get_by_role("button", name="Remove there.txt").press("Enter")
    expect(folder.page.locator("#files li")).to_have_count(0)
    assert folder.page.evaluate("document.activeElement.id") == "add"  # the focus is kept


def test_invalid_file_name(folder: Playground) -> None:
    folder.run("import os\nos.makedirs('taken/within', exist_ok=True)")
    folder.page.set_input_files("#file", [file("taken", b"x")])
    folder.wait_for("main", "taken could not be added to the folder.")
    assert folder.run("'it goes on'") == "'it goes on'"


def test_file_grown_beyond_the_limit_is_not_downloaded(folder: Playground) -> None:
    folder.run("file = open('huge.bin', 'wb')\nfile.truncate(65 * 2 ** 20)\nfile.close()")
    folder.page.get_by_role("button", name="Download huge.bin").click()
    folder.wait_for("main", "huge.bin is gone, or too large to download.")
    folder.run("import os\nos.remove('huge.bin')")
    assert listed(folder) == []


def test_file_names_are_text(folder: Playground) -> None:
    name = "<img src=x onerror=window.caught=1>.html"
    folder.run(f"open({name!r}, 'w').write('<script>opener.caught=1</script>')")
    assert listed(folder) == [name]
    with folder.page.expect_download() as download:
        folder.page.locator("#files li > button >> nth=0").click()
    assert download.value.path().read_bytes() == b"<script>opener.caught=1</script>"
    assert not folder.page.evaluate("'caught' in window || !!document.querySelector('main [onerror]')")
    folder.run(f"import os\nos.remove({name!r})")


CHANGING = """
import js
from pyodide.ffi import create_proxy, to_js

original = js.postMessage.bind(js.globalThis)

def changed(message, *others):
    if WANTED(message.value):
        message.value = to_js(VALUE, dict_converter=js.Object.fromEntries)
    original(message)

js.postMessage = create_proxy(changed)
"""


@pytest.mark.parametrize(
    "value",
    ["7", *(pytest.param(each, marks=pytest.mark.full) for each in ("[{'path': 1, 'size': 2}]", "[None]"))],
)
def test_malformed_file_list_ends_python(folder: Playground, value: str) -> None:
    folder.write(CHANGING.replace("WANTED", "js.Array.isArray").replace("VALUE", value))
    folder.page.click("#go")
    folder.wait_for("#fault-title", "the program sent something that the page cannot use")
    folder.page.click("#retry")
    assert folder.run("'again'") == "'again'"


@pytest.mark.parametrize("value", ["'text'", pytest.param("bytes(65 * 2 ** 20)", marks=pytest.mark.full)])
def test_malformed_file_content_ends_python(folder: Playground, value: str) -> None:
    program = CHANGING.replace("WANTED", "js.ArrayBuffer.isView").replace("VALUE", value)
    folder.run(f"open('a.txt', 'w').close()\n{program}")
    folder.page.get_by_role("button", name="Download a.txt").click()
    folder.wait_for("#fault-title", "the program sent something that the page cannot use")
    folder.page.click("#retry")
    assert folder.run("'again'") == "'again'"


def test_unlistable_files_stay_in_the_folder(folder: Playground) -> None:
    folder.run(
        "for name in 'ab':\n    with open(f'{name}.py', 'w') as module:\n"
        "        for _ in range(300):\n            module.write('#' * 2**20)\n"
        "open('n' * 600, 'w').close()"
    )
    assert listed(folder) == ["a.py", "b.py"]
    gone = "import os\nfor name in ('a.py', 'b.py', 'n' * 600):\n    os.remove(name)\nos.listdir()"
    assert "a.py" not in folder.run(gone)
    assert folder.text("#notice").startswith("Done in ")
