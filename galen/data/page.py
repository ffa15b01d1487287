"""A report as one HTML page that needs no network: one frame for every room's templates."""

from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader


def write_page(path: Path, package: str, template: str, **facts: Any) -> None:
    """Fill a template of a package, which stands in the frame `page.html`, and write the page.

    The folder is made where it is missing. What is no `Markup` is escaped.
    """
    own, frame = (PackageLoader(name, "templates") for name in (package, "galen.data"))
    environment = Environment(loader=ChoiceLoader([own, frame]), autoescape=True, trim_blocks=True)
    page = environment.get_template(template).render(**facts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
