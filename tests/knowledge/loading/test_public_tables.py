"""Loaders of public tables: what a few rows in each source's own form come to say."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.loading.chinese_graph import load_chinese_graph
from galen.knowledge.loading.drugbank import load_drugbank
from galen.knowledge.loading.hsdn import load_hsdn
from galen.knowledge.loading.interactions import load_evidence, load_pairs
from galen.knowledge.loading.labeledin import load_labeledin
from galen.knowledge.loading.pharmacotherapydb import load_pharmacotherapydb
from galen.knowledge.loading.rxnorm import load_rxnorm


def table(tmp_path, columns, *rows):
    file = tmp_path / "copy.parquet"
    records = [dict(zip(columns.split(), row, strict=True)) for row in rows]
    pq.write_table(pa.Table.from_pylist(records), file)
    return file


def sentences(loaded):
    """Each relation as (head, relation, tail, severity)."""
    names = loaded.concepts["name"].to_pylist()
    return [
        (names[said["head"]], said["relation"], names[said["tail"]], said["severity"])
        for said in loaded.relations.to_pylist()
    ]


def test_drugbank_gives_names_codes_and_former_ids(tmp_path):
    columns = "drugbank_id accessions name CAS UNII synonyms inchikey"
    row = ("DB09026", "BIOD1 | DB01258", "Aliskiren", "1-2-3", None, "Aliskirene | SPP100", None)
    (drug,) = load_drugbank(table(tmp_path, columns, row)).concepts.to_pylist()
    assert drug["codes"] == ["drugbank:DB09026", "cas:1-2-3", "drugbank:DB01258"]
    assert drug["synonyms"] == ["Aliskirene", "SPP100"]


def test_rxnorm_leaves_out_what_is_no_single_substance(tmp_path):
    file = table(
        tmp_path,
        "rxcui name synonyms umls_cui semantic_type",
        ("161", "Acetaminophen", "APAP|paracetamol", "C1", "T121"),
        ("2", "Acetaminophen / Codeine", None, "C2", "T121"),
        ("3", "Acetaminophen 500 MG Oral Tablet", None, "C3", "T200"),
    )
    loaded = load_rxnorm(file)
    (drug,) = loaded.concepts.to_pylist()
    assert drug["codes"] == ["rxcui:161", "umls:C1"]
    assert sum(loaded.aside.values()) == 2
    assert not loaded.adds


def test_what_curators_judged_no_indication_says_nothing(tmp_path):
    file = table(
        tmp_path,
        "doid_id drugbank_id disease drug category",
        ("DOID:1", "DB1", "gout", "Allopurinol", "DM"),
        ("DOID:1", "DB2", "gout", "Aspirin", "NOT"),
    )
    loaded = load_pharmacotherapydb(file)
    assert sentences(loaded) == [("Allopurinol", "indicates", "gout", None)]
    assert loaded.aside == {"judged no indication": 1}
    assert loaded.concepts["codes"].to_pylist() == [["drugbank:DB1"], ["doid:1"]]


def test_labels_of_combinations_say_nothing_of_their_parts(tmp_path):
    file = table(
        tmp_path,
        "rxnorm_id rxnorm_name disease_cui disease_mesh_name n_labels expert",
        ("1", "Sulindac", "C1", "Arthritis, Rheumatoid", "2", "1"),
        ("1;2", None, "C2", "Hypertension", "1", "0"),
    )
    loaded = load_labeledin(file)
    assert sentences(loaded) == [("Sulindac", "indicates", "Arthritis, Rheumatoid", None)]
    assert loaded.concepts["synonyms"].to_pylist()[1] == ["rheumatoid arthritis"]
    assert loaded.aside == {"of a combination": 1}


def test_rare_company_of_symptom_and_disease_says_nothing(tmp_path):
    columns = "symptom_id symptom_name disease_id disease_name doid_code doid_name cooccurs"
    file = table(
        tmp_path,
        columns + " tfidf_score",
        ("D1", "Cough", "D2", "Asthma", "DOID:2841", "asthma", 700, 50.0),
        ("D3", "Aging", "D2", "Asthma", "DOID:2841", "asthma", 1, 3.0),
    )
    loaded = load_hsdn(file)
    assert sentences(loaded) == [("Cough", "symptom_of", "asthma", None)]
    assert loaded.relations["confidence"].to_pylist() == [0.5]


EVIDENCE = "drugbank_id1 name1 drugbank_id2 name2 source severity_level"


def test_one_pair_of_one_source_has_its_worst_severity(tmp_path):
    file = table(
        tmp_path,
        EVIDENCE,
        ("DB2", "B", "DB1", "A", "NDF-RT", 2),
        ("DB1", "A", "DB2", "B", "NDF-RT", 3),
        ("DB1", "A", "DB2", "B", "Kegg", None),
        ("DB1", "A", "", "?", "Kegg", 4),
    )
    loaded = load_evidence(file)
    assert sentences(loaded) == [
        ("A", "interacts_with", "B", 3),
        ("A", "interacts_with", "B", None),
    ]
    licences = loaded.relations["licence"].to_pylist()
    assert licences == ["public domain (US government work)", "mixed; not to be passed on"]
    assert loaded.aside["a drug without an id"] == 1


def test_merged_pairs_name_their_sources(tmp_path):
    columns = "drugbank_id1 name1 drugbank_id2 name2 max_severity sources"
    file = table(tmp_path, columns, ("DB1", "A", "DB2", None, 4, "Kegg|HIV"))
    loaded = load_pairs(file)
    assert sentences(loaded) == [("A", "interacts_with", "DB2", 4)]
    assert "Kegg|HIV" in loaded.relations["citation"][0].as_py()


def test_the_chinese_graph_gives_symptoms_medicines_names_and_complications(tmp_path):
    file = table(
        tmp_path,
        "head relation tail tail_truncated",
        ("感冒", "has_alias", "伤风", False),
        (" 感冒", "has_symptom", "鼻塞", False),
        ("感冒", "treated_with_drug", "布洛芬片", False),
        ("感冒", "has_complication", "肺炎", False),
        ("感冒", "needs_check", "血常规", False),
        ("感冒", "treated_with_drug", "硫酸氨基葡萄糖", True),
    )
    loaded = load_chinese_graph(file)
    assert sentences(loaded) == [
        ("鼻塞", "symptom_of", "感冒", None),
        ("布洛芬片", "indicates", "感冒", None),
        ("肺炎", "complication_of", "感冒", None),
    ]
    assert loaded.concepts["synonyms"].to_pylist()[0] == ["伤风"]
    assert sum(loaded.aside.values()) == 2


def test_a_file_of_another_source_or_cut_short_is_refused(tmp_path):
    file = table(tmp_path, "rxcui name", ("1", "x"))
    with pytest.raises(KnowledgeError, match="has no column drugbank_id"):
        load_drugbank(file)
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(KnowledgeError, match="cut short"):
        load_drugbank(file)
    with pytest.raises(KnowledgeError, match="is not there"):
        load_drugbank(tmp_path / "none.parquet")


LABELED = "rxnorm_id,rxnorm_name,disease_cui,disease_mesh_name,n_labels,expert"


def test_ids_of_a_csv_stay_as_they_are_written_and_experts_are_told_from_a_crowd(tmp_path):
    file = tmp_path / "labeled.csv"
    rows = ["0161,Acetaminophen,C1,Fever,12,1", "0161,Acetaminophen,C2,Pain,3,0"]
    file.write_text("\n".join([LABELED, *rows]))
    loaded = load_labeledin(file)
    assert loaded.concepts["codes"][0].as_py() == ["rxcui:0161"]
    assert loaded.relations["confidence"].to_pylist() == [pytest.approx(0.9), pytest.approx(0.7)]


def test_rows_without_a_name_are_set_aside_with_the_reason(tmp_path):
    columns = "drugbank_id accessions name CAS UNII synonyms inchikey"
    rows = [("DB1", None, None, None, None, None, None), ("DB2", None, "B", None, None, None, None)]
    loaded = load_drugbank(table(tmp_path, columns, *rows))
    assert loaded.concepts["name"].to_pylist() == ["B"]
    assert loaded.aside == {"without name": 1}
