"""The tables that the demo writes about its shop before it trains, by the runner of a real shop."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from galen.assembly.split import Protocol, known_before
from galen.data.dataset import Dataset
from galen.data.enriched import enriched_folder
from galen.data.shop import Shop
from galen.enrich.guarded import guarded
from galen.enrich.running.journal import Journal
from galen.enrich.running.runner import Running, run
from galen.enrich.running.vocabulary import Vocabulary
from galen.enrich.tasks import TASKS, Sources
from galen.knowledge.build import built_in
from galen.llm.providers import open_provider, read_settings

TABLES: Final = ("items", "needs")
"""In this order: contexts are told in the product words of items."""


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """One table, and who wrote it."""

    name: str
    model: str  # provider:model, as it stands beside every value
    records: int
    held: int  # records without a good answer

    def __str__(self) -> str:
        held = f", {self.held:,} held" if self.held else ""
        return f"{self.name} by {self.model} ({self.records:,} records{held})"


def write_tables(
    shop: Shop, protocol: Protocol, provider: str, now: datetime
) -> tuple[WrittenTable, ...]:
    """Write the tables anew, from what the oldest moment of a training under the protocol knows.

    Raises:
        LanguageModelError: there is no such provider.
        EnrichError: it cannot be asked.
    """
    data, graph = known_before(protocol, Dataset.read(shop)), built_in()
    folder = enriched_folder(shop.folder)
    vocabulary = Vocabulary.of(data.catalogue, graph)
    vocabulary.save(folder)
    settings, moment = read_settings(provider), round(now.timestamp() * 1e6)
    written = []
    for name in TABLES:
        opened = TASKS[name](Sources(data, graph, vocabulary))
        model = guarded(open_provider(settings, opened.rules).model, opened, shop)
        running = Running(settings.workers, settings.batch)
        with Journal(folder) as journal:
            report = run(opened.task, model, journal, folder, now=lambda: moment, running=running)
        written.append(WrittenTable(name, model.name, report.records, sum(report.held.values())))
    return tuple(written)
