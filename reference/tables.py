"""The tables of a shop, from their schema."""

from galen.data import schema
from galen.data.schema import TABLES, Kind, RxClass, Surface
from reference.rows import remarks_of_part, table


def tables() -> str:
    """The page."""
    told = ["# Tables of a shop\n\nEach is a Parquet file in the shop's folder; times are UTC."]
    told.append(" How they are made: [your own data](../guides/own-data.md).\n")
    for name, columns in TABLES.items():
        said = remarks_of_part(schema, name.upper())
        rows = [
            (f"`{c.name}`", f"`{c.type}`", "" if c.nullable else "yes", said.get(c.name, ""))
            for c in columns
        ]
        told.append(f"\n## {name}\n\n{table(('column', 'type', 'required', 'meaning'), rows)}")
    for title, kinds in (("Kind", Kind), ("Surface", Surface)):
        names = [(str(one.value), f"`{one.name.lower()}`") for one in kinds]
        told.append(f"\n## {title}\n\n{table(('value', 'name'), names)}")
    words = ", ".join(f"`{one.value}`" for one in RxClass)
    return "".join(told) + f"\n## RxClass\n\n{words}; a missing value is unknown.\n"
