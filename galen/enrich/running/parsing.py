"""From a text to an answer: syntax, schema, ranges and vocabulary, in this order.

A server may skip parts of a schema that it does not support, so nothing is taken on its word.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from galen.enrich.running.faults import Fault, FaultCode
from galen.enrich.running.vocabulary import Vocabulary
from galen.llm.language_model import Reply

_RANGES: Final = ("greater_than", "less_than", "too_long", "too_short", "string_too", "finite")


class Said(BaseModel):
    """What answers are made of: nothing but their fields, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


Answer = TypeVar("Answer", bound=Said)


def chosen_from(name: str) -> dict[str, Any]:
    """For `Field(json_schema_extra=…)`: the words of this list, and no other, may stand here."""
    return {"vocabulary": name}


def schema_of(answer: type[Said], vocabulary: Vocabulary) -> str:
    """The JSON Schema of an answer as text, with the words that may be chosen."""
    schema = answer.model_json_schema()
    _drop_titles(schema)
    for place in _places(schema):
        words = list(vocabulary.words[place.pop("vocabulary")])
        for text in _texts(place):
            text["enum"] = words
    return json.dumps(schema, ensure_ascii=False, sort_keys=True)


def parse(
    reply: Reply, answer: type[Answer], vocabulary: Vocabulary
) -> tuple[Answer | None, list[Fault]]:
    """The answer, or why there is none."""
    if not reply.whole:
        return None, [Fault(FaultCode.TRUNCATED, f"cut after {reply.tokens_written} tokens")]
    try:
        found = answer.model_validate_json(reply.text)
    except ValidationError as error:
        return None, [_fault(one) for one in error.errors(include_url=False, include_context=False)]
    faults = [
        Fault(FaultCode.VOCABULARY, f"{field}: {value!r} is not among the words of {name!r}")
        for field, name, value in _chosen(found)
        if value not in vocabulary.words[name]
    ]
    return (None, faults) if faults else (found, [])


def _places(schema: Any) -> Iterator[dict[str, Any]]:
    """Parts of a schema that name a vocabulary."""
    if isinstance(schema, dict):
        if "vocabulary" in schema:
            yield schema
        for value in list(schema.values()):
            yield from _places(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _places(value)


def _drop_titles(schema: Any) -> None:
    """Leave out what pydantic makes of the names of fields and says of classes: tokens for nothing.

    A title is a text; a field of the name `title` is a schema.
    """
    if isinstance(schema, dict):
        for name in ("title", "description"):
            if isinstance(schema.get(name), str):
                del schema[name]
        for value in schema.values():
            _drop_titles(value)
    elif isinstance(schema, list):
        for value in schema:
            _drop_titles(value)


def _texts(place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of a field's schema that are a text: itself, its items, one of its choices."""
    if place.get("type") == "string":
        yield place
    for part in [place["items"]] if "items" in place else place.get("anyOf", []):
        yield from _texts(part)


def _chosen(found: Said) -> Iterator[tuple[str, str, str]]:
    """(field, vocabulary, word) of every word that had to be chosen."""
    for field, info in type(found).model_fields.items():
        value = getattr(found, field)
        extra = info.json_schema_extra
        if isinstance(value, Said):
            yield from _chosen(value)
        elif isinstance(extra, dict) and "vocabulary" in extra and value is not None:
            words = [value] if isinstance(value, str) else value
            yield from ((field, str(extra["vocabulary"]), word) for word in words)
        elif isinstance(value, tuple):
            for part in value:
                if isinstance(part, Said):
                    yield from _chosen(part)


def _fault(error: Any) -> Fault:
    kind = str(error["type"])
    where = ".".join(str(part) for part in error["loc"])
    if kind.startswith("json"):
        return Fault(FaultCode.SYNTAX, str(error["msg"]))
    if kind.startswith(_RANGES):
        return Fault(FaultCode.RANGE, f"{where}: {error['msg']}")
    return Fault(FaultCode.SCHEMA, f"{where}: {error['msg']}")
