"""Build the documentation: the guides in docs/, and a reference of all public names from their docstrings.

Usage: python -m tools.docs FOLDER

This module is also the Sphinx extension that docs/conf.py names.
"""

from __future__ import annotations

import ast
import base64
import builtins
import doctest
import hashlib
import importlib
import inspect
import json
import re
import shutil
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tools import operations
from tools.inline import source_hashes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"  # written anew by each build

# Public modules in the order of the reference, each with the title of its page. Large ones have a page for
# each family, a module that defines some of their names.
MODULES = {
    "pyconvlite": "Variables and gradients",
    "pyconvlite.functions": "Functions",
    "pyconvlite.layers": "Layers",
    "pyconvlite.models": "Models",
    "pyconvlite.optimizers": "Optimizers",
    "pyconvlite.datasets": "Datasets",
    "pyconvlite.transforms": "Transforms",
    "pyconvlite.backends": "Backends",
    "pyconvlite.backends.webgpu": "WebGPU",
    "pyconvlite.checkpoint": "Checkpoints",
    "pyconvlite.project": "Projects",
    "pyconvlite.onnx": "ONNX",
    "pyconvlite.parallel": "Several processes",
    "pyconvlite.graph": "Computation graphs",
    "pyconvlite.colors": "Colors of arrays",
    "pyconvlite.testing": "Tests of gradients",
    "pyconvlite.utils": "Utilities",
    "pyconvlite.cuda": "Devices, with DeZero's names",
}
BY_FAMILY = ("pyconvlite.functions", "pyconvlite.layers")
DEZEROS = (
    "pyconvlite.utils",
    "pyconvlite.cuda",
)  # DeZero's modules, most names of which have another home here


def public_names(module: str) -> list[str]:
    """The public names of a module, except those of other libraries or other pages."""
    found = importlib.import_module(module)
    names = [name for name in found.__all__ if _is_own(getattr(found, name))]
    if module == "pyconvlite":  # which re-exports the most used names
        others = [importlib.import_module(other) for other in MODULES if other not in (module, *DEZEROS)]
        elsewhere = {id(getattr(other, name)) for other in others for name in other.__all__}
        names = [name for name in names if id(getattr(found, name)) not in elsewhere]
    elif module in DEZEROS:
        names = [name for name in names if _public_home(name, getattr(found, name)) == module]
    return names


def _is_own(value: object) -> bool:
    home = getattr(value, "__module__", "pyconvlite")
    return not isinstance(value, ModuleType) and home.partition(".")[0] == "pyconvlite"


def program_of(docstring: str, home: ModuleType) -> str:
    """The example of a docstring as a program that prints the results shown there; "" without an example.

    Args:
        docstring: as `inspect.getdoc` gives it.
        home: the module that defines the object, whose names the example may use.
    """
    lines: list[str] = []
    for example in doctest.DocTestParser().get_examples(docstring):
        source = example.source.rstrip("\n")
        body = ast.parse(source).body
        if example.want and len(body) == 1 and isinstance(body[0], ast.Expr):
            shown = ast.get_source_segment(source, body[0].value) or ""
            if not shown.startswith("print("):
                source = f"print({shown}){source.removeprefix(shown)}"
        source = re.sub(r"\s*# doctest:.*", "", source)
        lines.append(source)
    program = "\n".join(lines)
    if not program:
        return ""
    imports = "\n".join(_imports(program, home))
    return f"{imports}\n\n{program}\n" if imports else f"{program}\n"


def _imports(program: str, home: ModuleType) -> Iterator[str]:
    """The imports for the names that a program takes from its module."""
    tree = ast.walk(ast.parse(program))
    names = {node.id: isinstance(node.ctx, ast.Load) for node in tree if isinstance(node, ast.Name)}
    bound = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    from_module: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names.keys() - bound):
        value = vars(home).get(name)
        if value is None or value is getattr(builtins, name, None):
            continue
        if isinstance(value, ModuleType):
            yield f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")
        else:
            from_module[_public_home(name, value) or home.__name__].append(name)
    for module, found in sorted(from_module.items()):
        yield f"from {module} import {', '.join(found)}"


def _public_home(name: str, value: object) -> str | None:
    """The first public module that has an object under this name."""
    homes = (module for module in MODULES if getattr(importlib.import_module(module), name, None) is value)
    return next(homes, None)


def link_to(program: str, to_site: str) -> str:
    """The address of the playground with a program in it (see site/src/play/).

    Args:
        program: its text.
        to_site: the way from the page to the site's folder, with its last slash.
    """
    packed = base64.urlsafe_b64encode(zlib.compress(program.encode(), 9)).decode().rstrip("=")
    return f"{to_site}play.html#code={packed}"


# --- the reference's pages


def write_reference() -> None:
    """Write the pages of the reference, each a list of directives that Sphinx fills from the docstrings."""
    shutil.rmtree(REFERENCE, ignore_errors=True)
    pages = []
    for module, title in MODULES.items():
        folder = REFERENCE / module.removeprefix("pyconvlite.").replace(".", "-")
        if module in BY_FAMILY:
            families = _families(module)
            for family, names in families.items():
                path = folder / f"{family.rpartition('.')[2]}.rst"
                _write(path, _family_title(family), module, names, introduction=family)
            entries = [f"{folder.name}/{family.rpartition('.')[2]}" for family in families]
            _write_contents(folder.with_suffix(".rst"), title, entries)
        else:
            _write(folder.with_suffix(".rst"), title, module, public_names(module), introduction=module)
        pages.append(folder.name)
    _write_contents(REFERENCE / "index.rst", "Reference", pages)


def _families(module: str) -> dict[str, list[str]]:
    """The public names of a module by the module that defines them."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in public_names(module):
        found[getattr(importlib.import_module(module), name).__module__].append(name)
    return dict(sorted(found.items()))


def _family_title(family: str) -> str:
    """The first clause of a module's docstring; a list of capitalized names is not split."""
    return (
        re.split("[;:(]|,(?! [A-Z])", (sys.modules[family].__doc__ or family).partition("\n")[0])[0]
        .strip(" .")
        .replace("`", "")
    )


def _write(path: Path, title: str, module: str, names: list[str], introduction: str) -> None:
    """Write a page of names of a module, which begins with the docstring of the module `introduction`."""
    found = importlib.import_module(module)
    ordered = sorted(names, key=str.lower)
    if module == "pyconvlite.functions":  # of which the functions come before their Functions
        ordered.sort(key=lambda name: _kind(getattr(found, name)) == "class")
    directives = "\n".join(_directive(name, getattr(found, name)) for name in ordered)
    path.parent.mkdir(parents=True, exist_ok=True)
    first = f".. automodule:: {introduction}\n   :no-index:\n\n.. currentmodule:: {module}\n"
    path.write_text(f"{_heading(title)}\n{first}\n{directives}", "utf-8")


def _write_contents(path: Path, title: str, entries: list[str]) -> None:
    listed = "".join(f"   {entry}\n" for entry in entries)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{_heading(title)}\n.. toctree::\n   :maxdepth: 1\n\n{listed}", "utf-8")


def _heading(title: str) -> str:
    return f"{title}\n{'=' * len(title)}\n"


def _kind(value: object) -> str:
    if inspect.isclass(value):
        return "exception" if issubclass(value, BaseException) else "class"
    return "function" if inspect.isroutine(value) else "data"


def _directive(name: str, value: object) -> str:
    kind = _kind(value)
    if kind == "data":  # autodata would show the docstring of its type
        shown = f"   :value: {value!r}\n" if name.isupper() else ""  # that of a variable may change
        return f".. py:data:: {name}\n{shown}\n"
    members = f"   :members:\n   :inherited-members: {_elsewhere(value)}\n" if kind == "class" else ""
    return f".. auto{kind}:: {name}\n{members}\n"


def _elsewhere(value: Any) -> str:
    """The base classes whose members are left out, since they or a class in between have their own entry."""
    bases = value.__mro__[1:]
    entry = next(base for base in bases if not _is_own(base) or _public_home(base.__name__, base))
    return ", ".join(base.__name__ for base in entry.__mro__)


# --- Sphinx, and its docstrings


def setup(app: Sphinx) -> dict[str, Any]:
    """Make Sphinx add links and facts from the code to the docstrings."""
    from sphinx.domains.python import PyClasslike

    (attributes,) = (field for field in PyClasslike.doc_field_types if field.name == "variable")
    attributes.label = "Attributes"  # Sphinx says "Variables", which are something else here
    is_japanese = app.config.language == "ja"  # the guides alone, without the reference
    facts = {} if is_japanese else operations.facts()

    def add(app: Sphinx, what: str, name: str, thing: Any, options: object, lines: list[str]) -> None:
        end = lines.index("Example:") if "Example:" in lines else len(lines)
        lines[:end] = _marked_up(lines[:end])
        _join_names(lines)
        home = sys.modules.get(getattr(thing, "__module__", ""))
        if home and (program := program_of("\n".join(lines), home)):
            depth = app.env.docname.count("/") + 1  # of the page below the site's folder
            # a trailing underscore would refer to another link
            link = re.sub("_$", r"\\_", link_to(program, "../" * depth))
            lines += ["", f"`Try it <{link}>`__"]
        fact = facts.get(getattr(thing, "__name__", ""))
        if fact and thing is fact.f:
            lines += ["", f":Backends: {', '.join(fact.backends)}", f":Gradients: {fact.orders}"]
            if fact.pytorch:
                lines += [f":In PyTorch: ``torch.{fact.pytorch.replace('F.', 'nn.functional.')}``"]

    def lead_on(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
        context["to_site"], context["other"] = ways(page, app.config.language)

    def run_on(app: Sphinx, page: str, source: list[str]) -> None:
        source[0] = joined(source[0])

    if is_japanese:
        app.connect("source-read", run_on)
    else:
        app.connect("builder-inited", lambda app: write_reference())
        app.connect(
            "autodoc-process-docstring", add, priority=400
        )  # before napoleon, which parses the sections
    app.connect("html-page-context", lead_on)
    return {"parallel_read_safe": True}


def joined(markdown: str) -> str:
    r"""Japanese Markdown without the line ends that browsers would show as spaces in a text.

    Example:
        >>> joined("畳み込みは\n線形です。\n\n- ReLU は、\n  `max(0, x)` です。\n- 次\n")
        '畳み込みは線形です。\n\n- ReLU は、`max(0, x)` です。\n- 次\n'
    """
    parts = re.split("(?ms)^(```.*?^```$)", markdown)
    japanese = r"[\u3000-\u30ff\u4e00-\u9fff]"
    end = rf"(?<={japanese})\n *(?={japanese})|(?<=[、。])\n *(?![-|#>\s])"
    parts[::2] = [re.sub(end, "", part) for part in parts[::2]]  # the others are code
    return "".join(parts)


def ways(page: str, language: str) -> tuple[str, str]:
    """The ways from a page to the site's folder, and to the page in the other language, or its contents.

    Args:
        page: its name among those of its language, as "guides/simd".
        language: "en" or "ja".
    """
    up = "../" * page.count("/")
    if language == "ja":
        name = next((name for name in (f"guides/{page}", page) if (DOCS / f"{name}.md").exists()), "index")
        return f"{up}../../", f"{up}../{name}.html"
    name = page.removeprefix("guides/")
    return f"{up}../", f"{up}ja/{name if (DOCS / 'ja' / f'{name}.md').exists() else 'index'}.html"


def _join_names(lines: list[str]) -> None:
    """Leave no space in `a, b: ...` among attributes: Sphinx would read it as a type and a name."""
    if "Attributes:" not in lines:
        return
    for i in range(lines.index("Attributes:") + 1, len(lines)):
        if lines[i][:1].strip():  # the next section
            return
        lines[i] = re.sub(r"(?<=^    )\w+(, \w+)+:", lambda names: names[0].replace(" ", ""), lines[i])


def _marked_up(lines: list[str]) -> Iterator[str]:
    """The lines as reStructuredText; a block that is indented below a line with `::` stays as it is."""
    above: int | None = None  # indentation of that line
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if above is not None and line and indent <= above:
            above = None
        yield line if above is not None else _as_markup(line)
        if above is None and line.endswith("::"):
            above = indent


def _as_markup(line: str) -> str:
    """A line of a docstring as reStructuredText: its code as links or literals, all else escaped."""
    pieces = re.split(r"(``[^`]+``|`[^`]+`)", line)
    pieces[::2] = [re.sub(r"([*|\\])", r"\\\1", text) for text in pieces[::2]]
    pieces[1::2] = [_as_link(code.strip("`")) for code in pieces[1::2]]
    return "".join(pieces)


def _as_link(code: str) -> str:
    """A link to a public name, `F.relu` or `layers.Conv2d` say; a literal for other code."""
    module, _, name = code.removesuffix("()").rpartition(".")
    module = {"F": "functions", "L": "layers"}.get(module, module)
    full = f"pyconvlite.{module}".rstrip(".")
    if full in MODULES and name in importlib.import_module(full).__all__:
        return f":py:obj:`{code} <{full}.{name}>`"
    return f"``{code}``"


def build(output: Path) -> None:
    """Build the documentation into a folder."""
    from sphinx.cmd.build import build_main

    from tools import docs_ja

    shutil.rmtree(output, ignore_errors=True)
    with TemporaryDirectory() as given:
        words = Path(given, "words")
        docs_ja.write_words(DOCS / "ja" / "words.po", words)
        japanese = {
            "language": "ja",
            "extensions": "myst_parser,tools.docs,tools.docs_ja",
            "locale_dirs": words,
            "copyright": "pyconvlite の作者、MIT ライセンス",
            "html_use_index": "0",
        }
        settings = [part for name, value in japanese.items() for part in ("-D", f"{name}={value}")]
        for source, target, options in ((DOCS, output, []), (DOCS / "ja", output / "ja", settings)):
            folders = ["-c", DOCS, "-d", Path(given, target.name), source, target]
            status = build_main(["-q", "-W", "--keep-going", "-b", "html", *options, *map(str, folders)])
            if status:
                sys.exit(status)
            for name in (".buildinfo", "objects.inv"):
                (target / name).unlink(missing_ok=True)
    tools = output / "ja" / "_static" / "doctools.js"
    tools.write_text(docs_ja.without_evaluation(tools.read_text("utf-8")), "utf-8")
    pages = {path: path.read_text("utf-8") for path in output.rglob("*.html")}
    for path in pages.keys() & set((output / "ja").rglob("*.html")):
        pages[path] = docs_ja.labelled(pages[path])
    for path, html in pages.items():
        path.write_text(_guarded(_accessible(html)), "utf-8")
    (output / "programs.json").write_text(json.dumps(digests("".join(pages.values()))), "utf-8")


def digests(html: str) -> list[str]:
    """SHA-256, in base64, of the programs that pages open in the playground, which trusts only these."""
    packed = set(re.findall(r'play\.html#code=([\w-]+)"', html))
    programs = {zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) for text in packed}
    return sorted(base64.b64encode(hashlib.sha256(program).digest()).decode() for program in programs)


def _accessible(html: str) -> str:
    """A page whose headings in the contents have a level, with code and tables that the keyboard scrolls."""
    html = html.replace('role="heading"', 'role="heading" aria-level="2"')
    return re.sub('<pre(?=>)|<div class="table-wrapper[^"]*"', r'\g<0> tabindex="0"', html)


def _guarded(html: str) -> str:
    """A page with a policy that lets its own scripts and styles run, and nothing else."""
    html = html.replace('style="display: none;"', "hidden").replace('style="opacity: 50%"', 'opacity="0.5"')
    html = re.sub(r' style="[^"]*"', "", html)  # widths of columns of the index
    html = re.sub('<link rel="(next|prev)"[^>]*>', "", html)  # Firefox would prefetch the next page
    policy = (
        f"default-src 'none'; script-src 'self' {source_hashes(html, 'script')}; "
        f"style-src 'self' {source_hashes(html, 'style')}; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'"
    )
    return html.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">', 1)


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve())
