"""`python -m supply.licences`: write docs/licences.md, the licence of all that galen runs on."""

import re
from importlib.metadata import Distribution
from pathlib import Path
from typing import Final

from supply.installed import ROOT, Package, SupplyError, packages

PAGE: Final = ROOT / "docs/licences.md"
UNKNOWN: Final = "unknown"
COPYLEFT: Final = re.compile(r"\b(A?GPL|LGPL|MPL|EPL|CDDL|EUPL)\b|General Public License", re.I)
BUNDLED: Final = re.compile(
    r"^\s*GNU (AFFERO |LESSER |LIBRARY )?GENERAL PUBLIC LICENSE\s*$"
    r"|terms of the GNU [\w ]*General Public|section 7 of the GNU",
    re.IGNORECASE | re.MULTILINE,
)
"""What tells that a file of licences puts something under a GNU licence, and not only names it."""

SHORT: Final = {
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "mit license": "MIT",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd": "BSD",
    "bsd license": "BSD",
    "isc license": "ISC",
    "python software foundation license": "PSF-2.0",
}
"""SPDX names of what packages say in words; `BSD` where they do not say which."""

ALLOWED: Final = {
    "tqdm": "MPL-2.0 binds the files of tqdm alone; galen neither changes nor ships them.",
}
"""Why a package under copyleft may be used."""

_RUNTIME: Final = (
    "its wheel brings runtime libraries of GCC (libgfortran, libgomp, libquadmath), whose "
    "exception allows what is linked with them any licence, LGPL ones as files of their own."
)
COPIES: Final = {
    "numpy": _RUNTIME,
    "scikit-learn": _RUNTIME,
    "scipy": _RUNTIME,
    "setuptools": "it holds a whole copy of autocommand (LGPL-3.0), which galen never calls.",
    "torch": "it is of the tests of a library of a library; only the text itself is in the wheel.",
}
"""Why a package may carry a text of a GNU licence for something inside it."""


def licence_of(told: Distribution) -> str:
    """The SPDX expression, else the short name, else the classifier; `unknown` where none is."""
    metadata = told.metadata
    if expression := expression_of(told):
        return expression
    said = metadata["License"].strip() if "License" in metadata else ""
    if said and len(said) < 60 and "\n" not in said:
        return SHORT.get(said.lower(), said)
    classifiers = [
        text.rsplit(" :: ", 1)[-1]
        for text in metadata.get_all("Classifier") or ()
        if text.startswith("License")
    ]
    return " OR ".join(SHORT.get(c.lower(), c) for c in classifiers) or UNKNOWN


def expression_of(told: Distribution) -> str:
    """What a package says of its licence in SPDX; empty where it does not."""
    return str((told.metadata.get_all("License-Expression") or [""])[0])


def copies_of(told: Distribution) -> list[str]:
    """Files of a package that put something inside it under a GNU licence."""
    found = []
    for file in told.files or ():
        if file.suffix != ".py" and re.search(r"licen[cs]e|copying|notice", file.name, re.I):
            path = Path(str(file.locate()))
            if path.exists() and BUNDLED.search(path.read_text("utf-8", "replace")):
                found.append(str(file))
    return found


def page(found: list[Package]) -> str:
    """The page as text.

    Raises:
        SupplyError: a licence is unknown or binds others, and nobody has said why it is allowed.
    """
    rows, notes = [], []
    for one in found:
        licence = licence_of(one.told)
        if licence == UNKNOWN or COPYLEFT.search(licence):
            if one.name not in ALLOWED:
                raise SupplyError(f"{one.name}: {licence}; say in ALLOWED why it may be used.")
            notes.append(f"- **{one.name}** ({licence}): {ALLOWED[one.name]}")
        if copies_of(one.told):
            if one.name not in COPIES:
                raise SupplyError(f"{one.name} carries a text of a GNU licence; say why in COPIES.")
            notes.append(f"- **{one.name}** carries a text of a GNU licence: {COPIES[one.name]}")
        family = ".".join(one.version.split("+")[0].split(".")[:2])
        rows.append(f"| {one.name} | {family} | {licence} | {', '.join(one.parts)} |")
    return HEAD + "\n".join(rows) + "\n\n## Looked at\n\n" + "\n".join(notes) + "\n"


HEAD: Final = """# Licences

What galen and its extras run on, by the packages' own word. `python -m supply.licences` writes this
page; a test holds it to the lock. galen itself is under Apache-2.0 and ships none of these.
What it ships of others' data is told in
[LICENCES.md](../galen/knowledge/shipped/LICENCES.md).

| package | version | licence | for |
|---|---|---|---|
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(packages()), encoding="utf-8")


if __name__ == "__main__":
    main()
