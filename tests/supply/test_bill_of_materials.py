"""The bill of materials holds what CycloneDX 1.6 asks for."""

import json
import re
from datetime import UTC, datetime

import pytest

from supply.bill_of_materials import bill, main
from supply.installed import ROOT, packages, project_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def told():
    return bill(packages(), project_of(ROOT), NOW)


def test_it_names_its_form(told):
    assert (told["bomFormat"], told["specVersion"], told["version"]) == ("CycloneDX", "1.6", 1)
    uuid = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert re.fullmatch(rf"urn:uuid:{uuid}", told["serialNumber"])
    assert told["metadata"]["timestamp"] == "2026-01-02T03:04:05Z"


def test_every_component_has_what_is_required_and_one_reference(told):
    references = [c["bom-ref"] for c in told["components"]]
    assert len(set(references)) == len(references)
    for one in told["components"]:
        assert one["type"] == "library"
        assert one["name"]
        assert one["purl"].startswith(f"pkg:pypi/{one['name']}@")
        assert one["scope"] in {"required", "optional"}
        (licence,) = one["licenses"]
        assert licence.get("expression") or licence["license"]["name"]


def test_dependencies_name_components_and_begin_with_galen(told):
    known = {c["bom-ref"] for c in told["components"]} | {told["metadata"]["component"]["bom-ref"]}
    assert {edge["ref"] for edge in told["dependencies"]} == known
    for edge in told["dependencies"]:
        assert set(edge["dependsOn"]) <= known
    own = told["dependencies"][0]["dependsOn"]
    assert any(ref.startswith("pkg:pypi/numpy@") for ref in own)
    assert not any(ref.startswith("pkg:pypi/h11@") for ref in own)


def test_the_same_packages_have_the_same_number_at_any_time(told):
    later = bill(packages(), project_of(ROOT), NOW.replace(year=2027))
    assert later["serialNumber"] == told["serialNumber"]
    fewer = bill(packages()[1:], project_of(ROOT), NOW)
    assert fewer["serialNumber"] != told["serialNumber"]


def test_the_command_writes_the_file(tmp_path):
    main([str(tmp_path / "bill.json")])
    assert json.loads((tmp_path / "bill.json").read_text())["bomFormat"] == "CycloneDX"
