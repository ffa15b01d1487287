"""What the server counts about itself."""

from galen.serve.measures import Measures


def test_breaches_of_copy_take_the_place_of_those_before() -> None:
    measures = Measures()
    measures.copy_breaches({"cure": 2, "disease": 1})
    measures.copy_breaches({"disease": 3})
    told = measures.exposition().decode()
    assert 'galen_copy_breaches{rule="disease"} 3.0' in told
    assert "cure" not in told
