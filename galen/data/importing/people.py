"""What lands of a person's row that cannot be read whole.

The person is there by their events. A row that is dropped for its household's size would take along
what it says of pregnancy, allergies and consent, and rules would read silence as health.
"""

from typing import Any, Final

import numpy as np
import pyarrow as pa

from galen.data.importing.validation import CheckedRows
from galen.data.schema import USERS

UNREADABLE: Final = "unreadable record"
"""No condition, medicine or allergy has this name: rules take it for what nobody knows."""

_DECLARED: Final = ("conditions", "medicines", "allergies")


def readable(checked: CheckedRows) -> pa.Table:
    """Rows of people without what is bad in them, whoever they are of.

    A declaration that cannot be read whole ends in `UNREADABLE`; consents are those that can.
    """
    table = checked.table
    for name, bad in checked.verdict.bad_fields().items():
        if name == "user_id":
            continue
        values = table[name].to_pylist()
        for row in np.flatnonzero(bad):
            values[row] = _left_of(name, values[row])
        column = pa.array(values, USERS.field(name).type)
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def _left_of(name: str, value: Any) -> list[str] | None:
    words = [word for word in value if word is not None] if isinstance(value, list) else []
    if name in _DECLARED:
        return [*words, UNREADABLE]
    return words if name == "consents" else None
