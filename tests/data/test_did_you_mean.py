"""An error names the known name that is most like what was written."""

from galen.data.did_you_mean import did_you_mean


def test_the_most_alike_name_is_told():
    assert did_you_mean("windo", ["quota", "window"]) == " Did you mean 'window'?"


def test_where_nothing_is_known_or_alike_enough_nothing_is_told():
    assert did_you_mean("windo", []) == ""
    assert did_you_mean("windo", ["quota"], least=0.6) == ""
    assert did_you_mean("windo", iter(["quota"])) == " Did you mean 'quota'?"
