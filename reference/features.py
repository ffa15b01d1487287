"""The features that rankers read, from their declarations."""

from collections.abc import Iterable
from dataclasses import fields

from galen.data.schema import Kind
from galen.features.declared import DECLARED, PROFILED
from galen.features.feature import Feature, Source
from reference.rows import table


def features() -> str:
    """The page."""
    told = "# Features\n\nEach is computed at a request and, for training, as it was at each "
    told += "moment; unknown is NaN. `sensitive` tells of a person's health, body or age; `clock` "
    told += "has no meaning where only the order of events is known.\n\n"
    told += _table(DECLARED)
    told += "\n## Of tables\n\nOf rankers whose recipe names them under `[[rank.features]]`.\n\n"
    return told + _table(PROFILED)


def _table(features: Iterable[Feature]) -> str:
    rows = [
        (
            f"`{one.name}`",
            one.scope,
            one.kind,
            _source(one.source),
            "yes" if one.sensitive else "",
            "yes" if one.needs_clock else "",
        )
        for one in features
    ]
    return table(("feature", "scope", "kind", "from", "sensitive", "clock"), rows)


def _source(source: Source) -> str:
    values = ((field.name, getattr(source, field.name)) for field in fields(source))
    said = ", ".join(f"{name} {_told(value)}" for name, value in values if value is not None)
    return f"{type(source).__name__}: {said}"


def _told(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(one.name.lower() if isinstance(one, Kind) else str(one) for one in value)
    return str(value)
