"""How Sphinx builds the documentation (see tools/docs.py)."""

from pathlib import Path

project = "pyconvlite"
copyright = "the authors of pyconvlite, MIT license"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser", "tools.docs"]
exclude_patterns = ["conf.py", "ja"]

add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings tell them in words
napoleon_use_ivar = True
suppress_warnings = ["ref.python"]  # two classes may have attributes of one name
myst_heading_anchors = 3

html_theme = "furo"
html_title = "pyconvlite"
html_favicon = "../site/src/icon.svg"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_search_scorer = str(Path(__file__).with_name("scorer.js"))
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#2f4bd8", "color-brand-content": "#2f4bd8"},
    "dark_css_variables": {"color-brand-primary": "#9db0ff", "color-brand-content": "#9db0ff"},
    "top_of_page_buttons": [],
    "announcement": "the site",  # what it says is in _templates/page.html
}
