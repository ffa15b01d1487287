"""Every room's report stands in one frame, and says a shop's words as words."""

import re

import pytest
from markupsafe import Markup

from galen.data.page import write_page

PAGES = [("galen.compare", "report.html"), ("galen.evaluate", "report.html")]


@pytest.mark.parametrize(("package", "template"), PAGES)
def test_a_page_has_one_title_and_its_plots_and_needs_no_network(package, template, tmp_path):
    path = tmp_path / "new" / "page.html"
    plots = [("a plot", Markup("<svg></svg>"))]
    facts = {"title": "<b>shop</b>", "plots": plots, "tables": [({}, plots)]}
    empty = {"findings": {}, "evaluation": {}, "requests": 0}
    write_page(path, package, template, **facts, **empty)
    page = path.read_text()
    assert page.count("&lt;b&gt;shop&lt;/b&gt;") == 2  # the title, and the heading
    assert "<b>" not in page
    assert page.count("<svg></svg>") == 1
    assert not re.findall(r'(?:src|href)="', page)
    assert page.rstrip().endswith("</html>")
