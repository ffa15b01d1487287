"""How an item's product word stands in the profile of the asking person's cohort.

The table of profiles is written offline by a language model or rules and read once, when a ranker
learns; its weights travel in the bundle. Requests and training run the same lines of this file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import load_file, save_file

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.enriched import made_from, read_enriched
from galen.features.contexts.contexts import ContextReader
from galen.features.contexts.written_words import COLUMNS, ContextTable, fields_of
from galen.features.words.item_words import TABLE as ITEMS
from galen.knowledge.build import graph_of
from galen.pipeline.candidates import Candidates, Requests

TABLE: Final = "profiles"
MOST: Final = 60  # words of a profile


@dataclass(frozen=True, slots=True)
class ProfileFit:
    """Weight and lift of an item's product word in the profile of the user's cohort.

    A shop without the table has them missing in every row, and so has a person without a cohort
    in theirs; `profile_known` tells. `knowledge` is a folder of `galen knowledge build`.
    """

    table: str = TABLE  # of the shop's profiles; without it the features are missing
    knowledge: str = ""

    @property
    def tables_found(self) -> tuple[str, ...]:
        """Profiles, and the words of items that they are told in."""
        return (self.table, ITEMS)

    def of(self, data: Dataset) -> "CohortProfiles":
        """Read the table, where the shop has it.

        Raises:
            EnrichedError: it is there and cannot be read, or was made from later events.
        """
        graph, folder = graph_of(self.knowledge), data.enriched
        if folder is None or not (folder / f"{self.table}.parquet").exists():
            nothing = ContextTable.nothing(ContextReader.of(data, graph, ()))
            return CohortProfiles(nothing, 0)
        table = read_enriched(folder, self.table, COLUMNS, known=data.extent)
        reader = ContextReader.of(data, graph, fields_of(table))
        until = made_from(table).until if data.clock == "time" else 0
        return CohortProfiles(ContextTable.of(table, reader, MOST), until)

    def load(self, folder: Path) -> "CohortProfiles":
        facts = json.loads((folder / "profiles.json").read_text("utf-8"))
        tensors = load_file(folder / "profiles.safetensors")
        return CohortProfiles(ContextTable.restored(tensors, facts), int(facts["until"]))


@dataclass(frozen=True)
class CohortProfiles:
    """Profiles that were read."""

    profiles: ContextTable
    until: int  # the last moment that they were made from, in microseconds; 0 without a clock

    def columns(self, requests: Requests, candidates: Candidates) -> Mapping[str, Floats]:
        """The features of `galen.features.declared.PROFILED`, each (N,); NaN where not known."""
        contexts = self.profiles.reader.asked(requests)
        return self._columns(self.profiles.keys.find(contexts), candidates)

    def past_columns(self, requests: Requests, candidates: Candidates) -> Mapping[str, Floats]:
        """As `columns`, but not known at moments that the profiles were made from.

        A row that is learned from would else be told by a profile what came of it.
        """
        found = self.profiles.keys.find(self.profiles.reader.asked(requests))
        return self._columns(np.where(requests.at > self.until, found, -1), candidates)

    def without_table(self) -> "CohortProfiles":
        """The same features of a shop without the table."""
        return replace(self, profiles=ContextTable.nothing(self.profiles.reader))

    def save(self, folder: Path) -> None:
        save_file(self.profiles.tensors, folder / "profiles.safetensors")
        facts = {**self.profiles.facts, "until": self.until}
        (folder / "profiles.json").write_text(json.dumps(facts, ensure_ascii=False), "utf-8")

    def _columns(self, of_request: Ints, candidates: Candidates) -> Mapping[str, Floats]:
        reader = self.profiles.reader
        row, word = of_request[candidates.request], reader.word_of(candidates.item)
        known = (row >= 0) & (word >= 0)
        everyone = self.profiles.keys.find(np.full((1, len(reader.fields)), -1))[0]
        weight, usual = (np.full(len(candidates), np.nan) for _ in range(2))
        weight[known] = self.profiles.weight_of(row[known], word[known])
        if everyone >= 0:
            usual[known] = self.profiles.weight_of(np.full(known.sum(), everyone), word[known])
        usual[usual == 0] = np.nan
        return {
            "profile_weight": weight,
            "profile_lift": weight / usual,
            "profile_known": known.astype(np.float64),
        }
