import numpy as np
import pyarrow as pa
import pytest

from galen.enrich.distilling.distillation import Distillation
from galen.enrich.distilling.distilled_relations import distil_relations
from galen.enrich.running.faults import EnrichError

KINDS = ("spray", "cream", "tablets")


class ByKind:
    """Vectors that tell of what kind a word is."""

    name = "test:kinds"

    def embed(self, texts):
        random = np.random.default_rng(0)
        kind = np.array([[text.endswith(one) for one in KINDS] for text in texts], float)
        return (kind + 0.1 * random.normal(size=kind.shape)).astype(np.float32)


def table(pairs=300, decided_by="model"):
    random = np.random.default_rng(1)
    words = [f"brand {n} {KINDS[n % 3]}" for n in range(30)]
    rows = []
    for _ in range(pairs):
        one, other = random.choice(30, 2, replace=False)
        relation = "substitute" if one % 3 == other % 3 else "unrelated"
        rows.append(
            {
                "first": words[one],
                "second": words[other],
                "relation": relation,
                "decided_by": decided_by,
            }
        )
    return pa.Table.from_pylist(rows)


def test_trees_judge_every_pair_as_the_table_did(tmp_path):
    found = distil_relations(table(), ByKind(), tmp_path, Distillation(trees=40))
    assert found.pairs.share.low > 0.9
    assert found.of == 30 * 29 // 2
    assert sum(found.judged.values()) == found.of
    assert abs(found.judged["substitute"] - 3 * 45) < 10
    assert (tmp_path / "trees.txt").exists()


def test_what_knowledge_decided_teaches_nothing(tmp_path):
    with pytest.raises(EnrichError, match="0 pairs"):
        distil_relations(table(decided_by="knowledge"), ByKind(), tmp_path, Distillation())
