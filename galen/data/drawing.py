"""A plot as a picture inside a page."""

import io

from markupsafe import Markup
from matplotlib.figure import Figure


def svg(figure: Figure) -> Markup:
    """The figure as an SVG element, without what would differ from run to run."""
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return Markup(text[text.index("<svg") :])


def plain(words: str) -> str:
    """Words of a shop, which are no formula however many dollars are in them."""
    return words.replace("$", r"\$")
