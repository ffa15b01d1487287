"""How well the claim check tells what may be said of a product.

    python -m benchmarks.claims [--phrases FILE] [--json FILE]

Protocol: phrases of three rounds, each parted by a hash of the text into one to develop on and one
held out. Round 1 was written before any rule, round 2 after the rules of round 1, round 3 after
all rules: only round 3, which no rule was made for, says what to expect of words not yet seen. All
were written by the author of the rules.
"""

import argparse
import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.compare.cost import measured
from galen.knowledge.texts.claims import ClaimCheck

PHRASES = Path(__file__).parent.parent / "tests" / "knowledge" / "texts" / "claims_set.tsv"


@dataclass(frozen=True, slots=True)
class Phrase:
    product_class: str
    breach: bool
    text: str
    facts: tuple[str, ...]
    round: str

    @property
    def part(self) -> str:
        odd = int(hashlib.sha256(self.text.encode()).hexdigest(), 16) % 2
        return "held_out" if odd else "develop"


def read_phrases(file: Path) -> list[Phrase]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            Phrase(
                row["product_class"],
                row["expected"] == "breach",
                row["text"],
                tuple(fact for fact in row["facts"].split(";") if fact),
                row["round"],
            )
            for row in csv.DictReader(lines, delimiter="\t")
        ]


def figures(check: ClaimCheck, phrases: list[Phrase]) -> dict[str, float]:
    """Precision and recall of "this breaks a rule"."""
    said = [
        (phrase.breach, bool(check.check(phrase.text, phrase.product_class, phrase.facts)))
        for phrase in phrases
    ]
    caught = sum(breach and found for breach, found in said)
    found = sum(found for _, found in said)
    breaches = sum(breach for breach, _ in said)
    return {
        "phrases": float(len(said)),
        "breaches": float(breaches),
        "precision": caught / found if found else float("nan"),
        "recall": caught / breaches if breaches else float("nan"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--phrases", type=Path, default=PHRASES)
    parser.add_argument("--json", type=file_to_write)
    asked = parser.parse_args()
    check = ClaimCheck.read()
    phrases = read_phrases(asked.phrases)
    rows = []
    for number in sorted({phrase.round for phrase in phrases}):
        for part in ("develop", "held_out"):
            chosen = [p for p in phrases if (p.round, p.part) == (number, part)]
            with measured() as cost:
                metrics = figures(check, chosen)
            rows.append(
                Row(
                    "claims",
                    f"round {number}, {part}",
                    "rules of words",
                    "a phrase breaks a rule of its class of product or not",
                    0,
                    metrics,
                    cost.cpu_seconds,
                    cost.wall_seconds,
                    cost.peak_memory_bytes,
                )
            )
            told = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
            print(f"round {number}, {part}: {told}")
    write_rows(asked.json, rows)


if __name__ == "__main__":
    run_in_words(main)
