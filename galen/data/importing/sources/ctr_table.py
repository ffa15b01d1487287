"""Tables of clicks: a label, a user, an item and the context as columns; Frappe is one."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from galen.data.importing.converting import convert
from galen.data.importing.dialects import WRITTEN, dialect_of
from galen.data.importing.feeds import LINE, OPEN_SALE, Feed, ImportPlan, ImportSource


def _plan(paths: Mapping[str, Path], options: Mapping[str, str]) -> ImportPlan:
    label = options.get("label", "label")

    def with_kind(rows: pa.Table) -> pa.Table:
        """A label of 1 is a click, of 0 an impression; any other is told to be no kind."""
        number, _ = convert(rows[label], pa.field(label, pa.float64()))
        named = pc.if_else(pc.equal(number, 0), "impression", "unlabelled")
        kinds = pc.if_else(pc.equal(number, 1), "click", named)
        return rows.append_column("label's kind", pc.coalesce(kinds, "unlabelled"))

    events = Feed(
        paths["events"],
        {
            "user_id": options.get("user", "user"),
            "item_id": options.get("item", "item"),
            "kind": "label's kind",
            "order": LINE,
        },
        dialect_of(paths["events"], options),
        adapt=with_kind,
        made=("label's kind",),
        reads=(label,),
    )
    return ImportPlan(events=events, assume=OPEN_SALE)


CTR_TABLE = ImportSource(
    name="ctr-table",
    what="a table of label (1 clicked, 0 shown), user and item, in the order of time",
    paths={"events": True},
    options=("label", "user", "item", *WRITTEN),
    plan=_plan,
)
