"""Whatever happens to some bytes of a file, the rows around them land."""

import gzip
import json
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from shop_files import HEADER, event, events, landed, run

from galen.data.mendable import MendableError

ROWS = 30
CSV_LINES = [event(n) for n in range(ROWS)]
GZIP = b"\x1f\x8b\x08"  # how a packed file begins
JSON_LINES = [
    json.dumps(
        {"event_id": f"e{n}", "user_id": "u", "item_id": "i", "kind": "click", "order": n}
    ).encode()
    + b"\n"
    for n in range(ROWS)
]
PIECES = st.one_of(
    st.binary(max_size=12),
    st.text(alphabet='",\r\n\0{}[]:e\\ \ufeff1', max_size=12).map(str.encode),
    st.sampled_from([event(1), b'"\n"', b"\xff\xfe", b"\x80", b'"' * 3, b"\n" * 3]),
)


@st.composite
def damages(draw: st.DrawFn) -> tuple[int, int, bytes]:
    """Where a file is cut, how many bytes go, and what comes in their place."""
    return draw(st.integers(0, 5000)), draw(st.integers(0, 120)), draw(PIECES)


def damaged(lines: list[bytes], damage: tuple[int, int, bytes]) -> tuple[bytes, set[str]]:
    """The lines with the damage done, and the ids of those that it did not touch."""
    data = b"".join(lines)
    start = damage[0] % len(data)
    end = min(start + damage[1], len(data))
    untouched = set()
    place = 0
    for number, line in enumerate(lines):
        after = place + len(line)
        if after <= start or place > end:
            untouched.add(f"e{number}")
        place = after
    return data[:start] + damage[2] + data[end:], untouched


@settings(max_examples=100, deadline=None)
@given(damages())
def test_damage_in_csv_costs_only_the_lines_it_touches(damage: tuple[int, int, bytes]):
    body, untouched = damaged(CSV_LINES, damage)
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), events=HEADER + body)
        assert untouched <= landed(Path(folder))


@settings(max_examples=100, deadline=None)
@given(damages())
@example((0, 0, b"PAR1"))  # begins like Parquet, and does not end so
@example((0, 0, b"\x1f\x8b"))  # begins like gzip, but says no method of packing that gzip knows
@example((0, 0, GZIP))
@example((0, 0, b"PK\x03\x04"))  # begins like ZIP, by four bytes that no text begins with
@example((0, 0, b"\xff\xfe"))  # begins like UTF-16, and goes on as what it is
def test_damage_in_json_lines_costs_only_the_lines_it_touches(damage: tuple[int, int, bytes]):
    body, untouched = damaged(JSON_LINES, damage)
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(Path(folder), events=(".jsonl", body))
        except MendableError as error:
            slip = "did you mean" in str(error)  # a key was made that looks like one of another
            packed = body.startswith(GZIP) and "no whole line" in str(error)  # and is not packed
            told = "which is not read" in str(error)  # as what it begins like
            assert slip or packed or (told and body[:1] != JSON_LINES[0][:1])
            return
        assert untouched <= landed(Path(folder))


@settings(max_examples=80, deadline=None)
@given(damages(), st.sampled_from([".csv.gz", ".jsonl.gz", ".csv", ".jsonl", ".parquet"]))
def test_no_damage_raises_more_than_a_refusal(damage: tuple[int, int, bytes], ending: str):
    data = b"".join(JSON_LINES) if "json" in ending else events(ROWS)
    packed = gzip.compress(data) if ending.endswith("gz") else data
    start = damage[0] % len(packed)
    broken = packed[:start] + damage[2] + packed[start + damage[1] :]
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(Path(folder), events=(ending, broken))
        except MendableError as error:
            assert str(error)  # noqa: PT017 - both outcomes are right
