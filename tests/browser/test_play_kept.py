"""The playground's storage and links."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable

import pytest
from hosting import Preview
from playgrounds import Playground
from playwright.sync_api import expect


def link(code: bytes) -> str:
    """The fragment of a link to a program, computed without the page's code."""
    return "#code=" + base64.urlsafe_b64encode(zlib.compress(code)).decode().rstrip("=")


# ---------------------------------------------------------------------------------------------------- links


def test_program_link(enter_play: Callable[..., Playground]) -> None:
    code = "# ünïcödé, 日本語\nprint('from the link')  # + / = &?#%\n"
    sender = enter_play(permissions=["clipboard-read", "clipboard-write"])
    sender.write(code)
    sender.page.click("#share")
    sender.wait_for("#shared-text", "The link is copied.")
    address = sender.page.input_value("#link")
    assert sender.page.evaluate("navigator.clipboard.readText()") == address
    _, _, packed = address.partition("#code=")
    padded = packed + "=" * (-len(packed) % 4)
    assert zlib.decompress(base64.urlsafe_b64decode(padded)).decode() == code

    receiver = enter_play("#code=" + packed)
    receiver.wait_for("#came-text", "This program came with a link. Read it, then run it if you trust it.")
    assert receiver.code() == code
    assert "#" not in receiver.page.url
    receiver.ready()
    receiver.stand_still()
    assert receiver.page.locator("#output > *").count() == 0  # it does not run by itself
    receiver.page.click("#go")
    assert receiver.finished() == "from the link"


def test_own_link_opens_without_a_warning(enter_editor: Callable[..., Playground]) -> None:
    play = enter_editor()
    play.write("print('mine')")
    play.page.click("#share")
    play.until("document.querySelector('#link').value.includes('#code=')")
    fragment = "#" + play.page.input_value("#link").partition("#")[2]
    play.write("print('another')")
    play.page.evaluate(f"location.hash = {fragment!r}")
    play.wait_for("#came-text", "came with a link made in this browser.")
    assert play.code() == "print('mine')"
    strange = link(b"print('mine') # changed on its way")
    for _ in range(2):  # a link made from it does not make the program trusted
        play.page.evaluate(f"location.hash = {strange!r}")
        play.wait_for("#came-text", "Read it, then run it if you trust it.")
        play.page.click("#share")
        play.until("document.querySelector('#link').value.includes('#code=')")
        play.write("print('another')")


@pytest.mark.full
def test_documentation_programs_are_trusted_by_content(
    enter_editor: Callable[..., Playground], server: Preview
) -> None:
    """Not by the referring page: other sites can navigate a window that they have opened."""
    docs = f"{server.url}docs/reference/functions/conv.html"
    play = enter_editor()
    play.page.goto(docs)
    theirs = play.page.locator("a[href*='play.html#code=']").first.get_attribute("href")
    assert theirs
    of_docs = "#" + theirs.partition("#")[2]
    strange = link(b"print('not of the documentation')")
    for fragment, says in (
        (strange, "Read it, then run it if you trust it."),
        (of_docs, "from this site’s documentation"),
    ):
        play.page.goto("about:blank")
        play.page.goto(f"{server.url}play.html{fragment}", referer=docs)
        play.wait_for("#came-text", says)
    play.page.goto("about:blank")
    play.page.goto(f"{server.url}play.html{of_docs}")
    play.wait_for("#came-text", "from this site’s documentation")
    play.page.evaluate(f"location.hash = {strange!r}")
    play.wait_for("#came-text", "Read it, then run it if you trust it.")


def test_insecure_page_trusts_no_program(enter_editor: Callable[..., Playground]) -> None:
    play = enter_editor()
    play.page.evaluate("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    play.write("print('mine')")
    play.page.click("#share")
    play.until("document.querySelector('#link').value.includes('#code=')")
    play.page.evaluate("location.hash = " + repr(link(b"print('theirs')")))
    play.wait_for("#came-text", "Read it, then run it if you trust it.")


def test_example_link_has_its_name(enter_editor: Callable[..., Playground]) -> None:
    play = enter_editor("#example=own_function")
    play.wait_for("#came-text", "This is an example.")
    assert play.code().startswith("# A Function of your own")
    code = play.page.evaluate("localStorage.getItem('play-code')")
    play.page.click("#share")
    play.until("document.querySelector('#link').value.endsWith('play.html#example=own_function')")
    play.page.evaluate("location.hash = " + repr(link(code.encode())))  # as in the site's older links
    play.until("location.hash === ''")
    assert play.text("#came-text") == "This is an example."
    play.page.evaluate("location.hash = '#example=__proto__'")
    play.wait_for("#came-text", "The link is damaged")
    assert play.page.evaluate("localStorage.getItem('play-code')") == code


def test_previous_program_can_be_restored(enter_editor: Callable[..., Playground]) -> None:
    play = enter_editor()
    play.write("print('my own')")
    play.page.evaluate("location.hash = " + repr(link(b"print('theirs')")))
    play.wait_for("#came-text", "This program came with a link.")
    assert play.code() == "print('theirs')"
    play.page.reload()
    play.until("document.querySelector('#editor').shadowRoot !== null")
    assert play.code() == "print('theirs')"
    play.page.evaluate("location.hash = " + repr(link(b"print('a third')")))
    play.wait_for("#came-text", "This program came with a link.")
    play.page.click("#back")
    assert play.code() == "print('theirs')"
    assert play.page.is_hidden("#came")


@pytest.mark.full
def test_each_tab_restores_its_own_program(enter_editor: Callable[..., Playground]) -> None:
    def put_aside(play: Playground) -> None:
        play.page.evaluate("location.hash = '#example=own_function'")
        play.wait_for("#came-text", "This is an example.")

    one = enter_editor()
    other, later = (Playground(one.page.context.new_page()) for _ in range(2))
    other.page.goto(one.page.url)
    one.write("print('of one')")
    put_aside(one)
    other.write("print('of the other')")
    put_aside(other)
    one.page.reload()
    put_aside(one)
    later.page.goto(one.page.url)  # it has put none aside: the last one of any tab is offered
    put_aside(later)
    for play, code in (
        (later, "print('of the other')"),
        (one, "print('of one')"),
        (other, "print('of the other')"),
    ):
        play.page.click("#back")
        assert play.code() == code


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        (link(b"print(1)" * 50)[:-9], "The link is damaged"),
        ("#code=", "The link is damaged"),
        ("#code=!!!", "The link is damaged"),
        ("#code=" + base64.urlsafe_b64encode(b"not compressed").decode(), "The link is damaged"),
        (link(b"\xff\xfe not utf-8"), "The link is damaged"),
        (link(b"#" * 5_000_000), "The program in the link is too large"),
        ("#code=" + "A" * 20_000, "The program in the link is too large"),
    ],
)
def test_unreadable_link(enter_editor: Callable[..., Playground], fragment: str, said: str) -> None:
    play = enter_editor(fragment)
    play.wait_for("#came-text", said)
    assert play.page.is_hidden("#back")
    assert play.code().startswith("# Step 55")


def test_markup_in_a_link_is_text(enter_editor: Callable[..., Playground]) -> None:
    attack = "<script>window.caught=1</script><img src=x onerror=window.caught=1>"
    play = enter_editor(link(attack.encode()))
    play.wait_for("#came-text", "This program came with a link.")
    assert play.code() == attack
    assert not play.page.evaluate("'caught' in window")


def test_a_program_too_long_for_a_link(enter_editor: Callable[..., Playground]) -> None:
    play = enter_editor()
    noise = play.page.evaluate(
        "Array.from(crypto.getRandomValues(new Uint8Array(20000)), (n) => n.toString(16)).join('')"
    )
    play.write(f"# {noise}")
    play.page.click("#share")
    play.wait_for("#shared-text", "The program is too long for a link: ")
    assert play.page.is_hidden("#link")


def test_clipboard_permission_denied(enter_editor: Callable[..., Playground]) -> None:
    play = enter_editor()
    play.page.evaluate("void (navigator.clipboard.write = () => Promise.reject(new Error('no')))")
    play.page.click("#share")
    play.wait_for("#shared-text", "Copy the link below.")
    assert play.page.evaluate("document.getSelection().toString() || document.activeElement.id") in (
        "link",
        play.page.input_value("#link"),
    )


# ----------------------------------------------------------------------------------------------- storage


def test_program_and_output_survive_a_reload(enter_play: Callable[..., Playground]) -> None:
    play = enter_play()
    code = (
        "import numpy as np\nfrom PIL import Image\nfrom pyconvlite import Variable\n"
        "print('text')\ndisplay(Image.new('RGB', (20, 30)), Variable(np.array(1.5)))\n1 / 0"
    )
    play.run(code)
    play.until("localStorage.getItem('play-output') !== null")
    play.write(code + "  # edited")
    play.until("localStorage.getItem('play-code').endsWith('# edited')")
    play.page.reload()
    play.wait_for("#output", "ZeroDivisionError")
    assert play.code() == code + "  # edited"
    kinds = play.page.evaluate(
        "[...document.querySelectorAll('#output > * > *')].map((item) => item.localName)"
    )
    assert kinds == ["img", "iframe", "pre", "button"]
    assert "text" in play.text("#output")
    assert len(play.pictures()) == 1
    play.page.click("#clear")
    play.page.reload()
    play.until("document.querySelector('#editor').shadowRoot !== null")
    play.stand_still()
    assert play.page.locator("#output > *").count() == 0
    assert play.page.is_visible("#empty")


@pytest.mark.full
def test_output_that_crashed_the_browser_is_not_shown_again(
    enter_editor: Callable[..., Playground],
) -> None:
    play = enter_editor()
    play.page.evaluate("""localStorage['play-output'] = '[{"kind": "text", "text": "kept"}]'""")
    play.page.reload()
    play.wait_for("#output", "kept")
    play.page.reload()  # before the page knows whether it was drawn: leaving is possible
    play.wait_for("#output", "kept")
    play.page.add_init_script("localStorage['play-drawing'] ??= 'yes'")  # as after a crash of the browser
    play.page.reload()
    play.wait_for("#empty", "What the program prints")
    assert play.page.evaluate("localStorage['play-output']") is None


@pytest.mark.full
def test_output_is_kept_while_another_tab_runs(enter_play: Callable[..., Playground]) -> None:
    play = enter_play()
    play.run("print('kept')")
    play.until("localStorage.getItem('play-output') !== null")
    play.start("print('on the way')\nwhile True:\n    pass")
    other = Playground(play.page.context.new_page())
    other.page.goto(play.page.url)
    other.wait_for("#output", "kept")
    assert other.page.evaluate("localStorage.getItem('play-output')") is not None
    play.stop()


def test_browser_without_storage(play: Playground) -> None:
    play.page.evaluate(
        """() => {
          globalThis.setItem = Storage.prototype.setItem;
          Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
        }"""
    )
    play.run("'it runs'")
    play.wait_for("#notice", "The browser’s storage is full or switched off")
    play.page.evaluate("void (Storage.prototype.setItem = globalThis.setItem)")


def test_output_too_large_for_the_storage(play: Playground) -> None:
    play.run(
        "import numpy as np\nfrom PIL import Image\n"
        "noise = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)\n"
        "Image.fromarray(noise)"
    )
    play.wait_for("#notice", "The output is too large for the browser’s storage")
    assert len(play.pictures()) == 1
    assert play.page.evaluate("localStorage.getItem('play-code')").startswith("import numpy")


# ---------------------------------------------------------------------------------- keyboard and completion


def test_completion(play: Playground) -> None:
    play.ready()
    play.write("import pyconvlite.functions as F\nF.")
    play.page.keyboard.type("conv2d_")
    offered = play.page.locator("#editor .cm-tooltip-autocomplete li")
    expect(offered.first).to_be_visible()
    assert {label.split("(")[0] for label in offered.all_inner_texts()} == {"conv2d_relu", "conv2d_simple"}
    play.page.wait_for_timeout(200)  # CodeMirror ignores keys until its list has been open for a moment
    play.page.keyboard.press("Enter")
    assert play.code().splitlines()[-1] == "F.conv2d_relu"
    expect(offered).to_have_count(0)


def test_completion_of_variables_of_the_last_run(play: Playground) -> None:
    play.run("from pyconvlite.models import LeNet\nnets = [LeNet()]\nnet = nets[0]")
    play.write("net.")
    play.page.keyboard.type("save_")
    offered = play.page.locator("#editor .cm-tooltip-autocomplete li")
    expect(offered.filter(has_text="save_weights").first).to_be_visible()


def test_keyboard_only(play: Playground) -> None:
    play.ready()
    keyboard = play.page.keyboard
    focused = "document.activeElement.id || document.activeElement.textContent.trim()"

    play.page.focus("#go")
    keyboard.press("Tab")
    keyboard.press("Tab")  # skips Stop
    keyboard.press("Enter")  # the examples
    expect(play.page.locator("#examples")).to_be_visible()
    keyboard.press("Tab")
    keyboard.press("Tab")
    assert play.page.evaluate(focused).startswith("Step 56")
    keyboard.press("Escape")
    expect(play.page.locator("#examples")).to_be_hidden()
    keyboard.press("Enter")
    keyboard.press("Tab")
    keyboard.press("Enter")
    assert play.page.evaluate(focused) == "editor"
    keyboard.press("Control+A")
    keyboard.type("print('typed')")
    keyboard.press("Control+Enter")
    assert play.finished() == "typed"
    keyboard.press("Tab")
    assert play.page.evaluate(focused) != "editor"
    for _ in range(4):
        if play.page.evaluate(focused) == "entry":
            break
        keyboard.press("Tab")
    keyboard.type("1 + 1")
    keyboard.press("Enter")
    assert play.finished().endswith("2")
    assert play.page.evaluate(focused) == "entry"
