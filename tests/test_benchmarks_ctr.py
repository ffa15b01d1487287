"""The benchmark of ranking models judges the test rows that have a label."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import ctr
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.table import train_table
from galen.rank.score_metrics import all_of


def test_rows_without_a_label_are_not_judged(tmp_path):
    draw = np.random.default_rng(0)
    for name, rows in (("train", 400), ("valid", 200), ("test", 200)):
        user, item = draw.integers(0, 30, rows), draw.integers(0, 9, rows)
        label = pa.array((user + item) % 3 == 0, pa.int8(), mask=draw.random(rows) < 0.2)
        table = pa.table({"label": label, "user": user, "item": item})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    paper, _ = ctr._paper(tmp_path)
    kept = pq.read_table(tmp_path / "test.parquet")["label"].is_valid().to_numpy()
    assert 0 < (~kept).sum() == (~paper.known).sum()
    run = train_table(find_recipe("ctr/logistic"), tmp_path, progress=lambda _: None)
    scores = run.model.score(paper.test)[kept, 0]
    right = all_of(paper.label, scores, paper.test.group[kept], paper.weight)
    told = ctr._metrics(run, paper)
    assert {name: told[name] for name in right} == right
    assert np.isfinite(told["auc_unseen_pairs"])
