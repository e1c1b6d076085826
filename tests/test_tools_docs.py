"""The documentation: the code of its guides runs, and so does each example that opens in the playground."""

import base64
import contextlib
import doctest
import hashlib
import importlib
import inspect
import re
import sys
import zlib

import pytest

docs = pytest.importorskip("tools.docs", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython  # the guides are not inside Pyodide

GUIDES = sorted([*docs.DOCS.glob("guides/*.md"), *docs.DOCS.glob("ja/*.md")])

SHAPES = """Shapes of things.

Example:
    >>> x = np.ones(
    ...     (2, 3))
    >>> x.shape  # of the array
    (2, 3)
    >>> relu(x).shape, F.sum
    ((2, 3), ...)
"""


def public_objects():
    for module in docs.MODULES:
        for name in docs.public_names(module):
            yield pytest.param(getattr(importlib.import_module(module), name), id=f"{module}.{name}")


@pytest.mark.parametrize("guide", GUIDES, ids=[str(path.relative_to(docs.DOCS)) for path in GUIDES])
def test_the_code_of_a_guide_runs(guide):
    names = {}
    for block in re.findall(r"```python\n(.*?)```", guide.read_text("utf-8"), re.DOTALL):
        exec(block, names)


def test_guides_exist_in_both_languages():
    english = {path.name for path in docs.DOCS.glob("guides/*.md")} | {"dezero.md", "index.md"}
    assert english == {path.name for path in docs.DOCS.glob("ja/*.md")}
    code = {path: re.findall(r"```console\n(.*?)```", path.read_text("utf-8"), re.DOTALL) for path in GUIDES}
    for path in docs.DOCS.glob("guides/*.md"):
        japanese = code[docs.DOCS / "ja" / path.name]
        assert [block.split("#")[0] for block in code[path]] == [block.split("#")[0] for block in japanese]


def test_members_of_undocumented_bases_are_listed():
    layers = importlib.import_module("pyconvlite.layers")
    assert "inherited-members: object\n" in docs._directive("Layer", layers.Layer)  # `Weights` has none
    bases = "Layer, Weights, ParamTree, Hinting, object"
    assert f"inherited-members: {bases}\n" in docs._directive("GRU", layers.GRU)


def test_a_page_begins_with_the_docstring_of_its_module(tmp_path, monkeypatch):
    monkeypatch.setattr(docs, "REFERENCE", tmp_path)
    docs.write_reference()
    for page, module in (("checkpoint", "checkpoint"), ("functions/conv", "functions.conv")):
        _, text = (tmp_path / f"{page}.rst").read_text("utf-8").split("=\n\n")
        assert text.startswith(f".. automodule:: pyconvlite.{module}\n")


def test_only_constants_show_their_value():
    assert docs._directive("PLUS", "#3c69e6") == ".. py:data:: PLUS\n   :value: '#3c69e6'\n\n"
    assert docs._directive("gpu_enable", False) == ".. py:data:: gpu_enable\n\n"


def test_formulas_are_unchanged():
    lines = ["2 * `x`::", "", "    y = a * x", "", "    z = y * y", "", "a * b"]
    assert [*docs._marked_up(lines)] == [r"2 \* ``x``::", *lines[1:6], r"a \* b"]


def test_attributes_of_one_line():
    lines = [
        "Args:",
        "    a, b: two.",
        "",
        "Attributes:",
        "    c, d: two, e.",
        "        f, g: no.",
        "Raises:",
    ]
    docs._join_names(lines)
    assert lines[4:] == ["    c,d: two, e.", "        f, g: no.", "Raises:"]
    assert lines[1] == "    a, b: two."


def test_the_program_of_a_docstring():
    import pyconvlite.functions.activation as home

    home_with_names = type(sys)("home")
    vars(home_with_names).update(relu=home.relu, F=importlib.import_module("pyconvlite.functions"))
    vars(home_with_names).update(np=importlib.import_module("numpy"))
    assert docs.program_of(SHAPES, home_with_names) == (
        "import pyconvlite.functions as F\n"
        "import numpy as np\n"
        "from pyconvlite.functions import relu\n"
        "\n"
        "x = np.ones(\n"
        "    (2, 3))\n"
        "print(x.shape)  # of the array\n"
        "print(relu(x).shape, F.sum)\n"
    )
    assert docs.program_of("No example.", home) == ""


@pytest.mark.parametrize("thing", list(public_objects()))
def test_examples_run_as_programs(thing, tmp_path, monkeypatch):
    docstring = inspect.getdoc(thing) or ""
    program = docs.program_of(docstring, sys.modules.get(getattr(thing, "__module__", ""), docs))
    examples = doctest.DocTestParser().get_examples(docstring)
    assert bool(program) == bool(examples)
    if any(doctest.SKIP in example.options for example in examples):
        return  # it needs a GPU or a file
    monkeypatch.chdir(tmp_path)
    errors = [example.exc_msg for example in examples if example.exc_msg]
    # an example that shows an error is the last one of its docstring
    with pytest.raises(Exception, match=r"\w") if errors else contextlib.nullcontext() as raised:
        exec(program, {"__name__": "__main__"})
    if errors:
        name = errors[-1].partition(":")[0].strip().rpartition(".")[2]
        assert raised.type.__name__ == name


def test_link_encodes_the_program():
    program = "print('größer')\n" * 50
    link = docs.link_to(program, "../../")
    start, packed = link.split("#code=")
    assert start == "../../play.html"
    assert re.fullmatch(r"[\w-]+", packed)
    padded = packed + "=" * (-len(packed) % 4)
    assert zlib.decompress(base64.urlsafe_b64decode(padded)).decode() == program


@pytest.mark.parametrize(
    ("page", "language", "ways"),
    [
        ("guides/simd", "en", ("../../", "../ja/simd.html")),
        ("dezero", "en", ("../", "ja/dezero.html")),
        ("reference/functions/conv", "en", ("../../../", "../../ja/index.html")),
        ("simd", "ja", ("../../", "../guides/simd.html")),
        ("dezero", "ja", ("../../", "../dezero.html")),
        ("search", "ja", ("../../", "../index.html")),
    ],
)
def test_links_to_the_site_and_the_other_language(page, language, ways):
    assert docs.ways(page, language) == ways


def test_playground_knows_the_programs():
    programs = "print('größer')\n", "print(1)\n"
    html = "".join(f'<a href="{docs.link_to(program, "../")}">x</a>' for program in [*programs, *programs])
    digests = [base64.b64encode(hashlib.sha256(program.encode()).digest()).decode() for program in programs]
    assert docs.digests(html) == sorted(digests)


@pytest.mark.parametrize(
    ("line", "markup"),
    [
        ("as `F.relu` does", "as :py:obj:`F.relu <pyconvlite.functions.relu>` does"),
        ("the layer `layers.Conv2d`", "the layer :py:obj:`layers.Conv2d <pyconvlite.layers.Conv2d>`"),
        ("`x.data` of (*, C)", r"``x.data`` of (\*, C)"),
        ("``with`` |x|", r"``with`` \|x\|"),
    ],
)
def test_code_in_docstrings_becomes_links_or_literals(line, markup):
    assert docs._as_markup(line) == markup


def test_content_security_policy_allows_only_own_scripts():
    head = '<head><link rel="next" href="b.html"></head>'
    body = '<body><script>f()</script><style>b{}</style><p style="display: none;"></p></body>'
    guarded = docs._guarded(f"<html>{head}{body}")
    digest = base64.b64encode(hashlib.sha256(b"f()").digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in guarded
    assert "style=" not in guarded
    assert "b.html" not in guarded
    assert guarded.index("Content-Security-Policy") < guarded.index("<script")
