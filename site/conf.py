"""Settings of Sphinx for the site. `build.py` writes the pages that it reads."""

project = "Azure ML Security Lab"
language = "en"
extensions = ["myst_nb"]

# What is shown is what was recorded; the tests of the notebooks compare it with what comes out.
nb_execution_mode = "off"
nb_render_markdown_format = "myst"
nb_merge_streams = True
myst_heading_anchors = 3
# No formulas: a page with one would fetch the script that draws it, and a sum of money is none.
myst_enable_extensions = ["attrs_block", "colon_fence"]

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["static"]
html_css_files = ["lab.css"]
html_favicon = "static/lab.svg"
templates_path = ["templates"]
html_sidebars = {"**": ["course-nav.html"]}
html_context = {"default_mode": "auto"}
# The same sources give the same bytes, and nothing leads to a file that only its author has.
html_last_updated_fmt = None
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_theme_options = {
    "navbar_center": [],
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "search_bar_text": "Search",
    "primary_sidebar_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "article_header_start": [],
    "footer_start": [],
    "footer_end": [],
}
