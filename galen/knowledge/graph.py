"""A graph of knowledge in memory and as a folder of Parquet; its version is that of its content."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy import sparse

from galen.data.arrays import Ints
from galen.data.manifest import NAME, sha256
from galen.data.mendable import MendableError
from galen.knowledge.schema import CONCEPTS, EITHER_WAY, RELATIONS, ConceptKind, Relation

Small = npt.NDArray[np.int8]

FORMAT: Final = 1
TABLES: Final = {"concepts": CONCEPTS, "relations": RELATIONS}


class KnowledgeError(MendableError):
    """Knowledge cannot be used; the message says which file, which row and what to do."""


class GraphManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a folder of knowledge holds; written after its tables."""

    format: int
    kind: str = "knowledge"
    version: str  # of the content: the same tables have the same version
    built_at: str  # ISO 8601, UTC
    rows: dict[str, int]
    files: dict[str, str]  # name -> SHA-256


@dataclass(frozen=True, slots=True)
class Edges:
    """Relations of one kind as columns; one that holds either way stands in both directions."""

    head: Ints  # (E,) rows of concepts
    tail: Ints  # (E,)
    severity: Small  # (E,) 0 where ungraded
    row: Ints  # (E,) rows of the table of relations, for source and citation

    def __len__(self) -> int:
        return len(self.head)


class Graph:
    """Concepts by row, and the relations between them; nothing of it changes."""

    def __init__(self, concepts: pa.Table, relations: pa.Table, version: str = "") -> None:
        """Take tables of schemas CONCEPTS and RELATIONS whose rows fit each other."""
        self.concepts, self.relations = concepts, relations
        self.version = version or content_version(concepts, relations)

    @classmethod
    def open(cls, folder: Path) -> "Graph":
        """Read a folder that `save` made.

        Raises:
            KnowledgeError: the manifest or a table is missing, cut short or not the one written.
        """
        manifest = read_manifest(folder)
        tables = {}
        for name, schema in TABLES.items():
            file = folder / f"{name}.parquet"
            if not file.exists() or sha256(file) != manifest.files.get(file.name):
                raise KnowledgeError(
                    f"{file} is missing or not the file written; make the folder again with "
                    "`galen knowledge build`."
                )
            tables[name] = pq.read_table(file, memory_map=True).cast(schema)
        return cls(tables["concepts"], tables["relations"], manifest.version)

    def save(self, folder: Path, built_at: str) -> None:
        """Write the tables, then the manifest; `folder` is made, and holds nothing else."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = {"concepts": self.concepts, "relations": self.relations}
        (folder / NAME).unlink(missing_ok=True)
        for name, table in tables.items():
            pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        manifest = GraphManifest(
            format=FORMAT,
            version=self.version,
            built_at=built_at,
            rows={name: table.num_rows for name, table in tables.items()},
            files={f"{name}.parquet": sha256(folder / f"{name}.parquet") for name in tables},
        )
        (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")

    def __len__(self) -> int:
        """How many concepts there are."""
        return int(self.concepts.num_rows)

    @cached_property
    def ids(self) -> list[str]:
        """By row: the ids by which tables and packs name concepts."""
        return list(self.concepts["concept_id"].to_pylist())

    @cached_property
    def names(self) -> list[str]:
        """By row: what a person calls each concept."""
        return list(self.concepts["name"].to_pylist())

    @cached_property
    def row_of(self) -> dict[str, int]:
        """From the id of a concept to its row, by which everything inside names it."""
        return {concept: row for row, concept in enumerate(self.ids)}

    def of_kind(self, *kinds: ConceptKind) -> Ints:
        """Rows of the concepts of these kinds."""
        found = pc.is_in(self.concepts["kind"], pa.array([kind.value for kind in kinds]))
        return np.flatnonzero(np.asarray(found))

    def edges(self, relation: Relation) -> Edges:
        """All relations of one kind."""
        found = np.flatnonzero(np.asarray(pc.equal(self.relations["relation"], relation.value)))
        part = self.relations.select(["head", "tail", "severity"]).take(pa.array(found))
        head, tail = (np.asarray(part[name], np.int64) for name in ("head", "tail"))
        severity = np.asarray(pc.fill_null(part["severity"], 0), np.int8)
        if relation not in EITHER_WAY:
            return Edges(head, tail, severity, found)
        return Edges(
            np.concatenate([head, tail]),
            np.concatenate([tail, head]),
            np.tile(severity, 2),
            np.tile(found, 2),
        )

    @cached_property
    def wider(self) -> sparse.csr_matrix:
        """(concepts, concepts): true where the column is the row itself or what it is a kind of,
        over any number of steps; so is an ingredient and the other salts of it."""
        is_a, same = self.edges(Relation.IS_A), self.edges(Relation.SAME_INGREDIENT)
        head = np.concatenate([is_a.head, same.head])
        tail = np.concatenate([is_a.tail, same.tail])
        size = len(self)
        step = sparse.csr_matrix((np.ones(len(head), bool), (head, tail)), (size, size))
        step = (step + sparse.identity(size, bool, "csr")).astype(bool)
        reached = step
        while True:
            further = (reached @ reached).astype(bool)
            if further.nnz == reached.nnz:
                return sparse.csr_matrix(further)
            reached = further

    def told(self, row: int) -> dict[str, object]:
        """One relation with all that is said of it, its ends by their ids."""
        said = self.relations.slice(row, 1).to_pylist()[0]
        return {**said, "head": self.ids[said["head"]], "tail": self.ids[said["tail"]]}


def read_manifest(folder: Path) -> GraphManifest:
    """The manifest of a folder of knowledge.

    Raises:
        KnowledgeError: it is missing, cut short, or of another format.
    """
    path = folder / NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=GraphManifest)
    except FileNotFoundError:
        raise KnowledgeError(
            f"{folder} holds no knowledge: it has no {NAME}. Make it with `galen knowledge build`."
        ) from None
    except msgspec.DecodeError as error:
        raise KnowledgeError(f"{path} cannot be read ({error}); build the folder again.") from error
    if manifest.format != FORMAT:
        raise KnowledgeError(f"{path} has format {manifest.format}; this galen reads {FORMAT}.")
    return manifest


def content_version(*tables: pa.Table) -> str:
    """Twelve hexadecimal digits that the same rows in the same order always give."""
    digest = hashlib.sha256()
    for table in tables:
        sink = pa.BufferOutputStream()
        whole = table.combine_chunks().unify_dictionaries()
        with pa.ipc.new_stream(sink, whole.schema) as writer:
            writer.write_table(whole)
        digest.update(sink.getvalue())
    return digest.hexdigest()[:12]
