"""The lessons' pages: figures at first paint, links, questions, and errors of Python."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from hosting import PAGES, Preview, Server
from lessons import Lesson, wait
from scipy.signal import correlate2d
from visits import Visit

LESSONS = [page for page in PAGES if page.startswith("lesson-")]

# Names of tensors with empty cells, except in figures with a hidden number.
EMPTY = """() => [...document.querySelectorAll('.shown')]
  .filter((figure) => ![...figure.querySelectorAll('.cell text')].some((cell) => cell.textContent === '?'))
  .flatMap((figure) => [...figure.querySelectorAll('.tensor')])
  .filter((tensor) => [...tensor.querySelectorAll('.cell text')].some((cell) => !cell.textContent))
  .map((tensor) => tensor.textContent)"""


@pytest.mark.full
def test_figures_are_filled_before_python_is_loaded(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(server.url + LESSONS[0], python=False)
    for page in LESSONS:
        visit.page.goto(server.url + page)
        assert visit.page.locator(".shown").count() > 0
        assert visit.page.evaluate(EMPTY) == []
    visit.page.goto(f"{server.url}lesson-stride.html")
    lesson = Lesson(visit.page, "padding")
    x, W = (np.array(lesson.shown(name)) for name in ("x", "W"))
    assert (lesson.shown("y") == correlate2d(x, W, "valid")).all()  # the numbers of the build are right
    assert "/pyodide/pyodide-lock.json" in visit.asked  # Python was requested


def test_contents_link_to_all_lessons_without_python(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}learn.html", python=False)
    page = visit.page
    links = page.locator("#lessons ol a").evaluate_all("links => links.map((a) => a.href)")
    assert sorted(links) == [server.url + lesson for lesson in LESSONS]
    others = page.locator("main a").evaluate_all("links => links.map((a) => a.href)")
    assert {server.url, *(server.url + each for each in ("own.html", "play.html", "lite/"))} <= set(others)
    assert all(page.request.get(link).ok for link in others)
    assert not [path for path in visit.asked if "pyodide" in path]

    page.click("#begin")
    page.wait_for_url(links[0])
    seen = []
    while "lesson-" in page.url:  # from one to the next, to the end
        seen.append(page.url)
        page.locator(f".all [aria-current][href='./{page.url.rpartition('/')[2]}']").wait_for()
        assert page.get_attribute("nav [aria-current=page]", "href") == "./learn.html"
        page.click("#next")
        page.wait_for_url(lambda url: url != seen[-1])
    assert seen == links
    page.goto(f"{server.url}learn.html")
    assert page.locator("#lessons .opened").count() == len(LESSONS)


@pytest.mark.parametrize(
    ("former", "lesson"),
    [
        ("learn-55.html#padding", "lesson-stride.html#padding"),
        ("learn-55.html?embed&size=projector#toString", "lesson-sum.html?embed&size=projector"),
        ("learn-56.html#shifted", "lesson-pooling.html#shifted"),
        ("learn-56.ja.html#none", "lesson-channels.ja.html"),
    ],
)
def test_old_urls_redirect(enter: Callable[..., Visit], server: Preview, former: str, lesson: str) -> None:
    visit = enter(server.url + former, python=False, locale="ja" if ".ja." in former else "en")
    visit.page.wait_for_url(server.url + lesson)
    if "#" in lesson:
        assert visit.page.locator(f"#{lesson.partition('#')[2]} h2").is_visible()


def test_numbers_are_stored_in_the_link(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-stride.html")
    lesson = Lesson(visit.page, "stride")
    visit.wait_for("#versions", "NumPy")
    lesson.set(SH=2)
    lesson.put("W", 4, "-1.5")
    visit.until("location.search === '?stride.SH=2&stride.W=1_0_-1_2_-1.5_-2_1_0_-1'")
    lesson.shows("y", correlate2d(lesson.held("x"), lesson.held("W"), "valid")[::2, ::2])
    visit.page.reload()
    lesson = Lesson(visit.page, "stride")
    assert lesson.held("W")[1, 1] == -1.5
    y = correlate2d(lesson.held("x"), lesson.held("W"), "valid")[::2, ::2]
    lesson.shows("y", y, seconds=90)  # Python starts
    lesson.start_over()
    visit.until("location.search === ''")
    visit.page.goto(f"{server.url}lesson-stride.html?stride.SH=99&stride.W=1_2&stride.SW=&stride.x=a")
    lesson = Lesson(visit.page, "stride")  # invalid values are ignored
    lesson.shows("y", correlate2d(lesson.held("x"), lesson.held("W"), "valid")[:, ::2])


def test_field_left_unchanged_keeps_hidden_digits(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-stride.html?stride.W=1_0_-1_2_0.125_-2_1_0_-1", python=False)
    lesson = Lesson(visit.page, "stride")
    cell = lesson.cells("W").nth(4)
    assert cell.text_content() == "0.13"
    cell.click()
    visit.page.keyboard.press("Enter")
    lesson.put("W", 0, "3")
    visit.until("location.search === '?stride.W=3_0_-1_2_0.125_-2_1_0_-1'")


def test_link_with_invalid_numbers(enter: Callable[..., Visit], server: Preview) -> None:
    link = "cone.down=-1&cone.unit=0.5&cone.layers=2.5&cone.stride=1e300&growth.layers=NaN&__proto__.x=1"
    visit = enter(f"{server.url}lesson-field.html?{link}", python=False)
    visit.stand_still()
    assert visit.page.locator("#cone [name=layers]").input_value() == "3"
    visit.check()  # no figure has failed


def test_linked_numbers_hide_results_of_other_numbers(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-stride.html?stride.W=1_0_-1_2_-1.5_-2_1_0_-1", python=False)
    lesson = Lesson(visit.page, "stride")
    assert lesson.held("W")[1, 1] == -1.5
    assert set(lesson.cells("y").locator("text").all_text_contents()) <= {""}
    visit.page.goto(
        f"{server.url}lesson-size.html?outsize.H=-1&outsize.KW=2.5"
    )  # this figure takes impossible sizes
    lesson = Lesson(visit.page, "outsize")
    values = [lesson.place.locator(f".knobs [name={name}]").input_value() for name in ("H", "KW")]
    assert values == ["-1", "2.5"]


def test_knob_rejects_invalid_numbers(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-stride.html", python=False)
    field = Lesson(visit.page, "padding").place.locator(".knobs [name=PH]")
    before = field.input_value()
    field.fill("9")
    field.press("Tab")
    assert field.input_value() == before


def test_prediction_question(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-sum.html", python=False)
    lesson = Lesson(visit.page, "sum")
    assert lesson.cells("y").first.text_content() == "?"
    for given, reply in [
        ("13", "That adds up what lies under the kernel"),
        ("2", "only the product of the two corner numbers"),
        ("11", "rotates the kernel by 180° first"),
        ("9", "That is the sum of the weights"),
        ("x", "That is not a number."),
        ("−１３", "Go cell by cell"),  # as a Japanese keyboard types it
        ("1,000", "Go cell by cell"),
        ("1 000", "Go cell by cell"),
        ("1_000", "Go cell by cell"),
        ("1 00", "That is not a number."),
        ("15,0", "Right. 1·2 + 2·0 + 3·1"),
    ]:
        lesson.answer(given, reply)
    assert lesson.cells("y").first.text_content() == "15"
    lesson.put("x", 0, "2")
    lesson.replies("You have answered this.")  # the sentence was about other numbers
    visit.page.reload()
    lesson.replies("You have answered this.")
    visit.page.goto(f"{server.url}learn.html")
    assert "1 of 2 correct" in visit.text("#lessons li:nth-child(2)")


def test_kernel_and_length_by_keyboard(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-kernel.html", python=False)
    question = Lesson(visit.page, "draw")
    options = question.place.locator(".options button")
    options.first.focus()
    visit.page.keyboard.press("Enter")
    question.replies("Not quite. This one compares left and right")
    options.nth(1).focus()
    visit.page.keyboard.press("Space")
    question.replies("Right. Negative weights above, positive below")

    visit.page.goto(f"{server.url}lesson-size.html")
    question = Lesson(visit.page, "outsize")
    for steps, reply in [(2, "That counts the strides"), (1, "Right. It starts on cells 0, 2, 4 and 6")]:
        question.place.locator("[name=length]").focus()
        for _ in range(steps):
            visit.page.keyboard.press("ArrowRight")
        question.place.get_by_role("button", name="Check").click()
        question.replies(reply)


def test_code_question(page_of: Callable[[str], Visit]) -> None:
    question = Lesson(page_of("lesson-pooling.html").page, "shifted")
    for given, reply in [
        ("pooled = rows.mean(axis=1)", "That is average pooling. pooled["),
        (
            "pooled = rows.max()",
            "take the maximum along the row, axis=1. pooled has the shape (); it should be (100,)",
        ),
        ("pooled = row.max(axis=1)", "NameError: name 'row' is not defined"),
        ("pool = rows.max()", "Not quite. The line does not set pooled."),  # no hint: it computes nothing yet
        ("pooled = 'most'", "pooled should be numbers, of the shape (100,)."),
        ("pooled = np.max(rows, axis=-1)", "Right. That computes what was asked for."),
    ]:
        question.answer(given, reply)


def test_figure_opens_in_the_playground(page_of: Callable[[str], Visit]) -> None:
    visit = page_of("lesson-sum.html")
    lesson = Lesson(visit.page, "bias")
    lesson.start_over()
    lesson.place.locator("[name=b]").fill("2.5")
    lesson.put("x", 5, "-7.5")
    lesson.type("# mine\n" + lesson.code())
    with visit.page.context.expect_page() as opened:
        lesson.place.get_by_role("button", name="Open in the playground").click()
    play = Visit(opened.value)
    play.wait_for("#came-text", "a link made in this browser")
    play.wait_for("#versions", "Running Pyodide", seconds=120)
    play.page.click("#go")
    play.wait_for("#output", "y =", seconds=60)
    x = lesson.held("x")
    assert x[1, 1] == -7.5
    sums = correlate2d(x, lesson.held("W"), "valid")
    printed = re.sub(r"\s+", " ", play.text("#output").replace("variable(", "").replace(")", ""))
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", printed)]
    assert numbers == [*sums.ravel(), *(sums + 2.5).ravel()]
    play.page.close()
    play.check()
    lesson.start_over()


def test_comments_follow_the_language(enter: Callable[..., Visit], server: Preview) -> None:
    """Those of the lesson's own Python; what a visitor wrote stays."""
    page = enter(f"{server.url}lesson-sum.html", python=False, locale="en-US").page
    lesson = Lesson(page, "sum")
    english = lesson.code()
    assert "# What it does at the output pixel (i, j):\n" in english
    page.click("#language")
    japanese = lesson.code()
    assert "# 出力の画素 (i, j) での計算:\n" in japanese
    assert "en:" not in english + japanese
    assert len(english.splitlines()) == len(japanese.splitlines())  # a mark at a line stays right

    lesson.type("y = 0  # mine")
    page.click("#language")
    assert lesson.code() == "y = 0  # mine"
    lesson.start_over()
    assert lesson.code() == english
    page.context.close()


def test_lesson_without_python(enter: Callable[..., Visit], own_server: Server) -> None:
    own_server.missing.add("pyodide-lock.json")
    visit = enter(own_server.url + "lesson-channels.html")
    visit.expected += ["404"]
    visit.wait_for("#fault-title", "pyodide-lock.json could not be fetched")
    lesson = Lesson(visit.page, "channels")
    lesson.says("y[0, 0, 0] = 6 + 1 + 6 = 13")
    visit.stand_still()
    own_server.missing.clear()
    visit.page.click("#retry")
    visit.wait_for("#versions", "NumPy")
    lesson.put("x", 0, "4")
    lesson.says("y[0, 0, 0] = 7 + 1 + 6 = 14")
    assert not visit.page.is_visible("#fault")


@pytest.mark.full  # ten seconds of a busy loop
def test_endless_program_times_out(page_of: Callable[[str], Visit]) -> None:
    visit = page_of("lesson-stride.html")
    endless, other = Lesson(visit.page, "padding"), Lesson(visit.page, "stride")
    for lesson in (endless, other):
        lesson.start_over()
    endless.type("while True:\n    pass")
    endless.faults("Computing")
    other.put("x", 0, "7")  # waits for the worker
    endless.faults("the program was stopped after 10 seconds")
    visit.page.click("#language")
    assert "10 秒たっても終わらないので" in endless.place.locator(".said").inner_text()
    visit.page.click("#language")
    y = correlate2d(other.held("x"), other.held("W"), "valid")[:, ::2]
    other.shows("y", y, seconds=90)
    assert other.place.locator(".said").inner_text() == ""
    for lesson in (endless, other):
        lesson.start_over()
    computed(endless)


# Presses Stop in a lesson ten frames after it has appeared. All of it happens in the
# page, whose own limit of ten seconds then comes later, however busy the machine is.
STOP = """async (id) => {
  const stop = () => [...document.querySelectorAll(`#${id} button`)]
    .find(({ textContent }) => textContent.trim() === 'Stop');
  while (!stop()) await new Promise(requestAnimationFrame);
  for (let i = 0; i < 10; i++) await new Promise(requestAnimationFrame);
  stop().click();
}"""


def stopped_while_it_waits(visit: Visit) -> tuple[Lesson, Lesson]:
    """Start an endless program, and stop a figure that waits for its end; return both figures."""
    endless, other = Lesson(visit.page, "padding"), Lesson(visit.page, "stride")
    endless.type("while True: pass")
    other.put("x", 0, "7")
    visit.page.evaluate(STOP, "stride")
    other.faults("the program was stopped")
    return endless, other


@pytest.mark.full
def test_endless_program_is_stopped_by_the_button(page_of: Callable[[str], Visit]) -> None:
    visit = page_of("lesson-stride.html")
    endless, other = stopped_while_it_waits(visit)
    endless.faults("Computing")  # goes on
    visit.page.evaluate(STOP, "padding")
    # Not "after 10 seconds", as the page itself does.
    endless.place.get_by_text("the program was stopped", exact=True).wait_for(timeout=60_000)
    for lesson in (endless, other):
        lesson.start_over()
    computed(endless, seconds=90)


def test_stopped_figure_runs_again_before_its_turn(page_of: Callable[[str], Visit]) -> None:
    visit = page_of("lesson-stride.html")
    endless, other = stopped_while_it_waits(visit)
    other.put("x", 0, "6")
    visit.page.evaluate(STOP, "padding")
    y = correlate2d(other.held("x"), other.held("W"), "valid")[:, ::2]
    other.shows("y", y, seconds=90)
    for lesson in (endless, other):
        lesson.start_over()
    computed(endless)


def test_program_is_stopped_while_python_loads(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-stride.html", python=False)
    lesson = Lesson(visit.page, "stride")
    lesson.put("x", 0, "7")
    visit.page.evaluate(STOP, "stride")
    lesson.faults("the program was stopped")
    visit.stand_still()
    assert not visit.page.is_visible("#fault")  # Python goes on loading


@pytest.mark.full
def test_too_large_array_is_not_drawn(page_of: Callable[[str], Visit]) -> None:
    lesson = Lesson(page_of("lesson-stride.html").page, "padding")
    lesson.type("import numpy as np\ny = np.zeros((10**8, 0))")
    lesson.faults("y has the shape (100000000, 0): too many numbers to draw.")
    lesson.type("import numpy as np\ny = np.zeros((30000, 30000), bool)")  # there is no room for a copy
    lesson.faults("y has the shape (30000, 30000): too many numbers to draw.")
    lesson.type("y = [0] * (1 << 30)")
    lesson.faults("MemoryError")
    lesson.start_over()
    computed(lesson)
    assert (
        lesson.place.locator(".shown figcaption code").first.inner_text() == "x (4, 4)"
    )  # without its padding


def computed(lesson: Lesson, seconds: float = 20) -> None:
    """Wait until a figure of a convolution shows its initial result."""
    wait(
        lambda: lesson.place.locator(".said").count() == 0 or not lesson.place.locator(".said").inner_text(),
        lambda: "it is not computed",
        seconds,
    )
    lesson.shows("y", correlate2d(lesson.held("x"), lesson.held("W"), "valid"), seconds)
