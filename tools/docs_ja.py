"""What Sphinx and its theme lack for the Japanese guides: search in Japanese, and translations.

A Sphinx extension, which tools/docs.py adds.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.search import SearchLanguage

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# Japanese has no spaces between words. Texts and queries are split into pairs of letters: a page that has all
# pairs of a word almost always has the word.
LETTERS = "ぁ-ヿ㐀-鿿々"

SPLITTER = f"""
function splitQuery(query) {{
  const pieces = query.match(/[{LETTERS}]+|(?:(?![{LETTERS}])[\\p{{Letter}}\\p{{Number}}_])+/gu) ?? [];
  return pieces.flatMap((piece) =>
    /[{LETTERS}]/u.test(piece) && piece.length > 2
      ? Array.from({{ length: piece.length - 1 }}, (_, i) => piece.slice(i, i + 2))
      : piece,
  );
}}
"""

# Texts of the theme that it does not translate.
LABELS = {
    "Toggle site navigation sidebar": "メニューの表示を切り替える",
    "Toggle table of contents sidebar": "目次の表示を切り替える",
    "Toggle Light / Dark / Auto color theme": "明るい配色・暗い配色・自動を切り替える",
}


class SearchPairs(SearchLanguage):
    """Search for Japanese by pairs of letters."""

    lang = "ja"
    language_name = "Japanese"
    js_splitter_code = SPLITTER

    def split(self, input: str) -> list[str]:
        """Split a text as SPLITTER splits a query, and into single letters, too."""
        found: list[str] = []
        for piece in re.findall(rf"[{LETTERS}]+|(?:(?![{LETTERS}])\w)+", input):
            if re.match(f"[{LETTERS}]", piece):
                found += [*piece, *(piece[i : i + 2] for i in range(len(piece) - 1))]
            else:
                found.append(piece)
        return found

    def stem(self, word: str) -> str:
        """Leave a word as it is."""
        return word

    def word_filter(self, stemmed_word: str) -> bool:
        """Keep all words, those of one letter too."""
        return bool(stemmed_word)


# A line's end within Japanese text, or after its punctuation, which browsers would show as a space.
BREAK = re.compile(r"(?<=[、-ヿ㐀-鿿])\n(?=[、-ヿ㐀-鿿])|(?<=[、。])\n(?=[`\w(])")


def setup(app: Sphinx) -> dict[str, Any]:
    """Make Sphinx search Japanese by pairs, and join lines of Japanese text without a space."""
    app.add_search_language(SearchPairs)

    def join(app: Sphinx, page: str, source: list[str]) -> None:
        source[:] = [BREAK.sub("", text) for text in source]

    app.connect("source-read", join)
    return {"parallel_read_safe": True}


def write_words(words: Path, folder: Path) -> None:
    """Compile translations of Sphinx's and the theme's texts into the folder where Sphinx looks for them.

    Args:
        words: a .po file.
        folder: one of Sphinx's `locale_dirs`.
    """
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = folder / "ja" / "LC_MESSAGES" / "sphinx.mo"
    path.parent.mkdir(parents=True)
    with words.open("rb") as source, path.open("wb") as target:
        write_mo(target, read_po(source, locale="ja"))


def labelled(html: str) -> str:
    """A page with its labels in Japanese."""
    for english, japanese in LABELS.items():
        html = html.replace(f'aria-label="{english}"', f'aria-label="{japanese}"')
    return html


def without_evaluation(script: str) -> str:
    """Sphinx's doctools.js without `new Function`, which a page's policy forbids.

    It is for plurals of messages, which Japanese does not have.
    """
    changed, count = re.subn(r"new Function\([^)]*\)`,\s*\)", "() => 0", script)
    if count != 1:
        raise ValueError("doctools.js has changed: see how addTranslations reads plural_expr")
    return changed
