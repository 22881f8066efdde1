"""Sphinx: derived pages in, a site without any address of another host out."""

import sys
from pathlib import Path
from typing import Any

from docutils import nodes

sys.path.insert(0, str(Path(__file__).parent))

project = "semcache"
author = "the authors of semcache"
copyright = "the authors of semcache, MIT licence"
language = "en"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
templates_path = ["_templates"]
html_static_path = ["_static"]

nb_execution_mode = "off"  # what is shown is what `make test` compared
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # would ask a CDN
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_math_renderer = "mathjax"
suppress_warnings: list[str] = []

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_mock_imports = ["ipywidgets", "matplotlib", "redisvl"]
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "sphinx_book_theme"
html_title = "semcache"
html_copy_source = False
html_show_sphinx = False
html_css_files = ["site.css"]
html_js_files = [(f"{name}.js", {"defer": "defer"}) for name in ("search", "edges", "paper")]
html_use_index = False
html_domain_indices = False
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}
html_theme_options = {
    "show_toc_level": 2,
    "show_navbar_depth": 1,
    "max_navbar_depth": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "use_source_button": False,
    "navbar_start": [],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    "search_bar_text": "Search (English or 中文)",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
gettext_compact = False
gettext_location = False


def setup(app: Any) -> None:
    """Leave the search to Pagefind, and say of each page in which language it is."""
    app.connect("builder-inited", lambda app: setattr(app.builder, "search", False))
    app.connect("doctree-resolved", _mark_tables_of_numbers)
    app.connect("html-page-context", _language_of_the_page)
    app.connect("html-page-context", _name_what_folds_out, priority=900)  # after the theme's


def _mark_tables_of_numbers(app: Any, doctree: Any, page: str) -> None:
    if page.startswith("benchmarks/"):
        for table in doctree.findall(nodes.table):
            table["classes"].append("numbers")


def _language_of_the_page(app: Any, page: str, template: str, context: Any, doctree: Any) -> None:
    if page.startswith("zh/"):
        context["language"] = "zh-CN"


def _name_what_folds_out(app: Any, page: str, template: str, context: Any, doctree: Any) -> None:
    """Give each arrow of the sidebar the name of the link beside it: a reader may not see it."""
    generate = context.get("generate_toctree_html")
    if generate is None:
        return

    def named(*args: Any, **kwargs: Any) -> Any:
        tree = generate(*args, **kwargs)
        for arrow in tree.find_all("summary") if hasattr(tree, "find_all") else ():
            arrow["aria-label"] = f"Pages of {arrow.find_previous('a').get_text()}"
        return tree

    context["generate_toctree_html"] = named
