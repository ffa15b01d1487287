"""Refuses knowledge that contradicts its own form, and tells every problem with file and row.

A source is checked before it is joined, so that the place told is that of the user's file.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from scipy.sparse import csgraph

from galen.data.arrays import Bools, Ints
from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.joining import Joined, join
from galen.knowledge.labels.lookalikes import disguise
from galen.knowledge.loading.loaded import LIMIT, Loaded, RowProblem
from galen.knowledge.schema import ENDS, SEVERITIES, ConceptKind, Relation


def check_sources(sources: Sequence[Loaded], today: date) -> tuple[Joined, list[RowProblem]]:
    """Join sources and tell every problem of each and of all together.

    Relations whose ends are no rows would break the join, so where there are any they are told
    without joining.
    """
    problems = [problem for loaded in sources for problem in check_source(loaded, today)]
    if any(_outside(loaded).any() for loaded in sources):
        return join([]), problems
    joined = join(sources)
    told = set(problems)
    problems += [problem for problem in joined.problems if problem not in told]
    return joined, problems + _circles(sources, joined.places)


def check_folder(folder: Path, today: date) -> list[RowProblem]:
    """Every problem of a folder of knowledge that `galen knowledge build` wrote or another did.

    Raises:
        KnowledgeError: a file is missing, cut short or not the one written.
    """
    graph = Graph.open(folder)
    concepts, relations = graph.concepts, graph.relations
    rows = {"concepts": len(concepts), "relations": len(relations)}
    places = {t: [f"{t}.parquet, row {row}" for row in range(1, n + 1)] for t, n in rows.items()}
    loaded = Loaded("", str(folder), concepts, relations, places["concepts"], places["relations"])
    problems = [*check_source(loaded, today), *_twice(loaded)]
    itself = _bools(pc.equal(relations["head"], relations["tail"]))
    problems += _at(loaded, "relation", itself, "its head is its tail")
    if _outside(loaded).any():
        return problems
    return problems + _circles([loaded], [np.arange(len(concepts))])


def refuse(problems: Sequence[RowProblem]) -> None:
    """Stop where there is any problem.

    Raises:
        KnowledgeError: there is a problem; the message lists the first of them.
    """
    if problems:
        more = [f"… and {len(problems) - LIMIT} more"] if len(problems) > LIMIT else []
        lines = "\n  ".join([*map(str, problems[:LIMIT]), *more])
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise KnowledgeError(f"the knowledge has {count}; nothing was changed:\n  {lines}")


def check_source(loaded: Loaded, today: date) -> list[RowProblem]:
    """Every problem of one source."""
    problems = list(loaded.problems)
    problems += _names(loaded)
    problems += _at(loaded, "concept", _blank(loaded.concepts["source"]), "names no source")
    problems += _at(loaded, "concept", _blank(loaded.concepts["licence"]), "names no licence")
    kinds = pc.is_in(loaded.concepts["kind"], pa.array([kind.value for kind in ConceptKind]))
    reason = f"its kind is none of {', '.join(ConceptKind)}"
    problems += _at(loaded, "concept", ~_bools(kinds), reason)
    told = loaded.relations
    if not len(told):
        return problems
    for name in ("source", "licence"):
        problems += _at(loaded, "relation", _blank(told[name]), f"names no {name}")
    problems += _numbers(loaded)
    late = pc.fill_null(pc.greater(told["date"], pa.scalar(today, pa.date32())), False)
    problems += _at(loaded, "relation", _bools(late), f"its date lies after today, {today}")
    return problems + _ends(loaded)


def _numbers(loaded: Loaded) -> list[RowProblem]:
    told = loaded.relations
    severity = pc.fill_null(pc.is_in(told["severity"], pa.array(list(SEVERITIES), pa.int8())), True)
    wrong = ~_bools(severity) & _bools(pc.is_valid(told["severity"]))
    problems = _at(loaded, "relation", wrong, "its severity is none of 1, 2, 3, 4", "severity")
    confidence = np.asarray(pc.fill_null(told["confidence"], 0.0), np.float32)
    wrong = ~((confidence >= 0) & (confidence <= 1))
    return problems + _at(
        loaded, "relation", wrong, "its confidence lies outside 0 … 1", "confidence"
    )


def _ends(loaded: Loaded) -> list[RowProblem]:
    """Relations of what is no concept, of no known name, or of concepts of wrong kinds."""
    told, rows = loaded.relations, loaded.concepts
    outside = _outside(loaded)
    problems = _at(loaded, "relation", outside, "an end of it is no row of the concepts")
    relation = np.asarray(told["relation"].cast(pa.string()).to_pylist(), object)
    unknown = ~np.isin(relation, [known.value for known in Relation])
    problems += _at(loaded, "relation", unknown, f"it is none of {', '.join(Relation)}")
    head, tail = (np.asarray(told[end], np.int64) for end in ("head", "tail"))
    if not len(rows):
        return problems
    kinds = np.asarray(rows["kind"].to_pylist(), object)
    for known, ends in ENDS.items():
        for name, row, may in zip(("head", "tail"), (head, tail), ends, strict=True):
            found = kinds[np.where(outside, 0, row)]
            wrong = (relation == known.value) & ~outside & ~np.isin(found, [k.value for k in may])
            for at in np.flatnonzero(wrong).tolist():
                said = f"the {name} of {known.value} is {_id(rows, int(row[at]))}"
                reason = f"{said}; it must be of {', '.join(may)}"
                problems.append(RowProblem(loaded.file, loaded.relation_at[at], reason))
    return problems


def _names(loaded: Loaded) -> list[RowProblem]:
    problems = []
    rows = zip(
        loaded.concepts["name"].to_pylist(), loaded.concepts["synonyms"].to_pylist(), strict=True
    )
    for at, (name, synonyms) in enumerate(rows):
        for said in (name, *(synonyms or ())):
            wrong = disguise(said)
            if wrong is not None:
                reason = f"the name {said!r} {wrong}"
                problems.append(RowProblem(loaded.file, loaded.concept_at[at], reason))
    return problems


def _twice(loaded: Loaded) -> list[RowProblem]:
    """Concepts with the id of a concept before them."""
    met: set[str] = set()
    problems = []
    for at, concept in enumerate(loaded.concepts["concept_id"].to_pylist()):
        if concept in met:
            reason = f"the id {concept!r} is that of a row before it"
            problems.append(RowProblem(loaded.file, loaded.concept_at[at], reason))
        met.add(concept)
    return problems


def _circles(sources: Sequence[Loaded], places: Sequence[Ints]) -> list[RowProblem]:
    """Relations `is_a` by which something is, over some steps, a kind of itself."""
    edges = []
    for number, (loaded, place) in enumerate(zip(sources, places, strict=True)):
        kind = loaded.relations["relation"].cast(pa.string())
        rows = np.flatnonzero(_bools(pc.equal(kind, Relation.IS_A.value)))
        head, tail = (
            place[np.asarray(loaded.relations[end], np.int64)[rows]] for end in ("head", "tail")
        )
        edges.append(np.stack([np.full(len(rows), number), rows, head, tail]))
    source, row, head, tail = np.concatenate(edges, 1) if edges else np.empty((4, 0), np.int64)
    known = (head >= 0) & (tail >= 0)
    size = int(max(head.max(initial=-1), tail.max(initial=-1))) + 1
    ones = np.ones(int(known.sum()), bool)
    steps = sparse.csr_matrix((ones, (head[known], tail[known])), (size, size))
    circle = csgraph.connected_components(steps, directed=True, connection="strong")[1]
    problems = []
    for at in np.flatnonzero(known):
        if circle[head[at]] == circle[tail[at]]:
            loaded = sources[source[at]]
            said = loaded.relations.slice(int(row[at]), 1).to_pylist()[0]
            ends = " is_a ".join(_id(loaded.concepts, said[end]) for end in ("head", "tail"))
            reason = f"{ends} closes a circle: it would be a kind of itself"
            problems.append(RowProblem(loaded.file, loaded.relation_at[row[at]], reason))
    return problems


def _outside(loaded: Loaded) -> Bools:
    """Relations that name a row beyond the concepts."""
    outside = np.zeros(len(loaded.relations), bool)
    for end in ("head", "tail"):
        row = np.asarray(loaded.relations[end], np.int64)
        outside |= (row < 0) | (row >= len(loaded.concepts))
    return outside


def _at(
    loaded: Loaded,
    what: Literal["concept", "relation"],
    wrong: Bools,
    reason: str,
    column: str | None = None,
) -> list[RowProblem]:
    """A problem for each row that is wrong, with the value of a column where one is named."""
    places = loaded.concept_at if what == "concept" else loaded.relation_at
    problems = []
    for row in np.flatnonzero(wrong).tolist():
        value = f" but {loaded.relations[column][row].as_py()}" if column else ""
        problems.append(RowProblem(loaded.file, places[row], reason + value))
    return problems


def _blank(column: pa.ChunkedArray) -> Bools:
    """Where a text is missing or holds only spaces."""
    text = pc.fill_null(column.cast(pa.string()), "")
    return _bools(pc.equal(pc.utf8_trim_whitespace(text), ""))


def _bools(column: pa.ChunkedArray) -> Bools:
    return np.asarray(column, bool)


def _id(concepts: pa.Table, row: int) -> str:
    return str(concepts["concept_id"][row].as_py())
