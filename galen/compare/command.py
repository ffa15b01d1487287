"""`galen compare`: run what is missing, then tell what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from galen.compare.comparison import Comparison
from galen.compare.cost import HourlyPrices
from galen.compare.findings import Findings, tree_of
from galen.compare.lines import tables_of
from galen.compare.report import write_report
from galen.compare.running import ComparisonPlan, Progress, Runner, in_own_process, run_plan
from galen.data.json_file import write_json_file


@dataclass(frozen=True)
class Done:
    """What a command prints, and where the page is."""

    tables: Sequence[Table]
    sentences: Sequence[str]
    report: Path


def compare(
    plan: ComparisonPlan,
    prices: HourlyPrices,
    *,
    report: Path | None,
    json_file: Path | None,
    progress: Progress,
    runner: Runner = in_own_process,
) -> Done:
    """Run a plan, write the page (into its folder by default) and the figures, give the tables.

    Raises:
        ShopError: the shop cannot be read.
        PackError: the pack cannot be used.
        CompareError: no recipe finished; the message says why.
    """
    ran = run_plan(plan, progress, runner=runner)
    findings = Findings.of(Comparison.read(ran, prices))
    path = report or plan.folder / "report.html"
    write_report(findings, path)
    if json_file is not None:
        write_json_file(json_file, tree_of(findings))
    tables = []
    for lines in tables_of(findings):
        table = Table(title=lines.title, caption=lines.note, caption_justify="left")
        for heading in lines.headings:
            table.add_column(heading)
        for row in lines.rows:
            table.add_row(*row)
        tables.append(table)
    advice = [one.sentence for one in findings.advice]
    return Done(tables, [*findings.notes(), *advice, findings.safety], path)
