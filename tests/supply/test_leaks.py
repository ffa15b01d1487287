"""The repository holds no secret, nothing of a machine or person, and no data that may not ship."""

import gzip
import subprocess
from pathlib import Path

import pytest

from supply.leaks import PATTERNS, leaks

ROOT = Path(__file__).parents[2]
MOST_BYTES = 200_000
DATA = {
    "galen/knowledge/shipped/drugs.parquet": "DrugBank open vocabulary, CC0",
    "galen/knowledge/shipped/indications.parquet": "PharmacotherapyDB, CC0",
    "galen/knowledge/shipped/interactions.parquet": "public lists, see LICENCES.md",
    "galen/llm/recordings/synthetic.jsonl.gz": "answers about a made-up shop, written for galen",
    **{
        f"tests/assembly/bundles/first_format/{name}": "a made-up shop's bundle of before"
        for name in (
            "fusion/fusion.json",
            "manifest.json",
            "rank/logistic.json",
            "rank/logistic.safetensors",
            "rank/schema.json",
            "recall/item_graph/graph.safetensors",
            "recall/popular/popular.safetensors",
        )
    },
    "tests/knowledge/texts/claims_set.tsv": "written for galen",
    "tests/knowledge/labels/drug_names_checked.tsv": "public names of ingredients, checked by hand",
    "tests/knowledge/texts/red_flag_phrases.tsv": "written for galen",
}
"""Files of data that may ship, and why."""
SUFFIXES = {
    *{".csv", ".tsv", ".parquet", ".arrow", ".feather", ".jsonl", ".ndjson", ".npy", ".npz", ".gz"},
    *{".zip", ".xz", ".zst", ".db", ".sqlite", ".pkl", ".pickle", ".safetensors", ".onnx", ".pt"},
    *{".gguf", ".xlsx", ".json", ".bin"},
}
MADE_UP = {
    "tests/enrich/injected_titles.txt": {"sales@evil.example"},
    "tests/enrich/running/test_meaning.py": {"a@b.co"},
    "tests/llm/test_redaction.py": {"a@b.co", "j.d+x@mail.example.co.uk", "a_b@c-d.de"},
    "tests/serve/test_settings.py": {"192.168.1.5"},
    "requirements.lock": {"1.17.1.5", "1.18.1.1"},
}
"""What looks like a leak and is none: an invented address, a version of four numbers."""
EXAMPLES = {
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "cloud key": "AKIA" + "Q" * 16,
    "access token": "ghp_" + "a1" * 18,
    "key of a model's server": "sk-" + "proj" + "a" * 20,
    "token": "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + "." + "c" * 12,
    "password": "pass" + "word = 'correct-horse-battery'",
    "password in an address": "postgres://" + "me:hunter2" + "@db.internal",
    "folder of a machine": "/ho" + "me/somebody",
    "mail address": "somebody" + "@" + "somewhere.org",
    "address of a machine": "172.16" + ".4.9",
}


def files():
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        pytest.skip("this is no checkout of git")
    return [name for name in told.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path):
    """What a file says; what is packed is unpacked."""
    said = path.read_bytes()
    return (gzip.decompress(said) if path.suffix == ".gz" else said).decode("utf-8", "replace")


def test_no_file_holds_a_secret_or_points_at_a_person_or_a_machine():
    found = []
    for name in files():
        if Path(name).suffix != ".parquet" and name != "tests/supply/test_leaks.py":
            text = text_of(ROOT / name)
            known = MADE_UP.get(name, set())
            told = [leak for leak in leaks(text) if leak[2] not in known]
            found += [f"{name}:{line}: {kind}" for line, kind, _ in told]
    assert found == []


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_leak_of_each_kind_is_found(kind):
    assert (2, kind, EXAMPLES[kind]) in leaks(f"first line\n{EXAMPLES[kind]}\n")


def test_plain_text_and_addresses_of_examples_are_no_leaks():
    text = "someone@example.com http://127.0.0.1:8000 version 1.2.3 token = read(file) /shops/home"
    assert leaks(text) == []


def test_data_is_shipped_only_where_it_is_listed_with_a_reason():
    data = {name for name in files() if Path(name).suffix in SUFFIXES}
    assert data == set(DATA)
    for name in data:
        if name.startswith("galen/knowledge/shipped"):
            assert Path(name).stem in (ROOT / "galen/knowledge/shipped/LICENCES.md").read_text()


def test_no_file_is_large():
    large = {name for name in files() if (ROOT / name).stat().st_size > MOST_BYTES}
    assert large == set()
