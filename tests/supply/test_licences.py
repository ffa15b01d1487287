"""docs/licences.md tells what galen runs on, and nothing in it is unlooked at."""

import re
from dataclasses import dataclass
from email.message import Message

import pytest

from supply.installed import ROOT, TORCH, Package, SupplyError, locked, packages
from supply.licences import ALLOWED, COPIES, PAGE, copies_of, licence_of, page


@dataclass(frozen=True)
class Told:
    """A package that is not installed."""

    metadata: Message
    files: tuple = ()


def package(**said):
    message = Message()
    for name, value in said.items():
        message[name.replace("_", "-")] = value
    return Package("thing", "1.2.3", ("galen",), (), True, Told(message))


@pytest.fixture(scope="module")
def found():
    return packages()


def test_the_page_is_what_the_command_writes(found):
    assert PAGE.read_text() == page(found), "run `python -m supply.licences`"


def test_every_package_of_the_page_is_in_the_lock_at_that_version(found):
    versions = locked()
    for one in found:
        if one.name != TORCH:
            assert one.version in versions[one.name], one.name


def test_the_lock_of_torch_is_the_makefile(found):
    (torch,) = [one for one in found if one.name == TORCH]
    wanted = re.search(r"TORCH_SPEC \?= torch==([\d.]+)\+cpu", (ROOT / "Makefile").read_text())
    assert torch.version.split("+")[0] == wanted[1]


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ({"License_Expression": "MIT"}, "MIT"),
        ({"License": "Apache 2.0"}, "Apache-2.0"),
        ({"Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
        ({}, "unknown"),
    ],
)
def test_a_licence_is_read_where_packages_say_it(said, licence):
    assert licence_of(package(**said).told) == licence


@pytest.mark.parametrize(
    "said", [{}, {"License": "AGPL-3.0"}, {"License_Expression": "GPL-2.0-or-later"}]
)
def test_a_licence_that_binds_or_is_unknown_is_refused_until_somebody_says_why(said):
    with pytest.raises(SupplyError, match="thing: "):
        page([package(**said)])


def test_every_reason_has_its_package(found):
    names = {one.name for one in found}
    assert set(ALLOWED) <= names
    assert {one.name for one in found if copies_of(one.told)} == set(COPIES)
