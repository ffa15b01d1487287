"""`python -m supply.bill_of_materials FILE`: what galen runs on, as CycloneDX 1.6 in JSON.

CycloneDX is ECMA-424, https://cyclonedx.org/docs/1.6/json/.
"""

import argparse
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from supply.installed import ROOT, Package, packages, project_of
from supply.licences import UNKNOWN, expression_of, licence_of

SPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "pkg:pypi/galen")


def bill(found: list[Package], project: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The document; the same packages have the same serial number, whenever it is made."""
    own = _reference(project["name"], project["version"])
    by_name = {one.name: _reference(one.name, one.version) for one in found}
    direct = [by_name[one.name] for one in found if one.direct]
    edges = [{"ref": own, "dependsOn": direct}] + [
        {"ref": by_name[one.name], "dependsOn": [by_name[n] for n in one.needs if n in by_name]}
        for one in found
    ]
    told = json.dumps([own, *by_name.values()])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(SPACE, told)}",
        "version": 1,
        "metadata": {
            "timestamp": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project["name"],
                "version": project["version"],
                "purl": own,
                "licenses": [{"expression": project["license"]}],
            },
        },
        "components": [_component(one) for one in found],
        "dependencies": edges,
    }


def _component(one: Package) -> dict[str, Any]:
    reference = _reference(one.name, one.version)
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": reference,
        "name": one.name,
        "version": one.version,
        "purl": reference,
        "scope": "required" if one.parts == ("galen",) else "optional",
    }
    licence = licence_of(one.told)
    if expression_of(one.told):
        component["licenses"] = [{"expression": licence}]
    elif licence != UNKNOWN:
        component["licenses"] = [{"license": {"name": licence}}]
    return component


def _reference(name: str, version: str) -> str:
    """A package URL (https://github.com/package-url/purl-spec)."""
    return f"pkg:pypi/{name}@{version.replace('+', '%2B')}"


def main(arguments: list[str] | None = None) -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args(arguments).file
    told = bill(packages(), project_of(ROOT), datetime.now(UTC))
    file.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
