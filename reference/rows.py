"""Tables in Markdown, and what the source says beside a name."""

import inspect
import io
import re
import tokenize
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar in a cell is written so that it does not part it."""
    lines = [list(head), ["---"] * len(head), *rows]
    told = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "".join("| " + " | ".join(line) + " |\n" for line in told)


def summary(part: Any) -> str:
    """The first sentence of what a part's file says, and of what the part says of itself."""
    made = f"{part.__name__}("  # what a dataclass says where nobody wrote anything
    texts = [getattr(inspect.getmodule(part), "__doc__", None), part.__dict__.get("__doc__")]
    firsts = [first_sentence(text) for text in texts if text and not text.startswith(made)]
    return " ".join(dict.fromkeys(firsts))


def first_sentence(text: str) -> str:
    """Of a docstring, on one line."""
    first = re.split(r"(?<=\.)\s|\n\n", inspect.cleandoc(text), maxsplit=1)[0]
    return " ".join(first.split())


def remarks(source: str) -> dict[str, str]:
    """What comments at the end of lines say of the names that begin the lines.

    A name is a field (`name: type = …  # remark`) or the text in `pa.field("name", …)`.
    """
    lines, found = source.splitlines(), {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            before = lines[token.start[0] - 1][: token.start[1]]
            name = re.match(r'\s*(?:pa\.field\("(\w+)"|(\w+)\s*:)', before)
            if name:
                found[name[1] or name[2]] = token.string.lstrip("# ")
    return found


def remarks_of_class(kind: type) -> dict[str, str]:
    """Remarks on the fields of a class and of those it comes from."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if one.__module__.startswith("galen."):
            found |= remarks(inspect.cleandoc("\n" + inspect.getsource(one)))
    return found


def remarks_of_part(module: Any, name: str) -> dict[str, str]:
    """Remarks on the fields of the value that a module binds to a name."""
    text = Path(inspect.getfile(module)).read_text("utf-8")
    start = re.search(rf"^{name}\b", text, re.MULTILINE)
    assert start is not None, name
    rest = text[start.start() :]
    end = re.search(r"^\)\n", rest, re.MULTILINE)
    return remarks(rest[: end.end()] if end else rest)
