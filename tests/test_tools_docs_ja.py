"""The Japanese guides: their search, and how their lines are joined."""

import pytest

docs_ja = pytest.importorskip("tools.docs_ja", reason="the tools and Sphinx are not in the wheel")

pytestmark = pytest.mark.cpython  # Sphinx is not inside Pyodide


def test_japanese_search_uses_bigrams():
    search = docs_ja.SearchPairs({})
    found = search.split("Conv2dの畳み込み。")
    assert found == ["Conv2d", *"の畳み込み", "の畳", "畳み", "み込", "込み"]
    assert all(map(search.word_filter, found))


@pytest.mark.parametrize(
    ("source", "joined"),
    [
        ("配列を\n持ちます。\n`backward` は", "配列を持ちます。`backward` は"),
        ("# 見出し\n\n本文。\n\n- 項目\n- 項目", "# 見出し\n\n本文。\n\n- 項目\n- 項目"),
        ("Conv2d\nの", "Conv2d\nの"),
    ],
)
def test_japanese_lines_join_without_a_space(source, joined):
    assert docs_ja.BREAK.sub("", source) == joined


def test_code_language_is_not_guessed():
    script = 'PLURAL = new Function(\n  "n",\n  `return (${catalog.plural_expr})`,\n);'
    assert docs_ja.without_evaluation(script) == "PLURAL = () => 0;"
    with pytest.raises(ValueError, match="plural_expr"):
        docs_ja.without_evaluation("nothing of the kind")


def test_theme_labels_are_japanese():
    assert docs_ja.labelled('<i aria-label="Toggle site navigation sidebar">') == (
        '<i aria-label="メニューの表示を切り替える">'
    )
