import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode

from galen.serve.http.application import create_api
from galen.serve.keys import make_key
from galen.serve.service import Service
from galen.serve.settings import Settings

SECRET, KEY = make_key("test", ["read", "write", "operator"])


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_route_answers_as_it_is_described(service: Service, mode: GenerationMode) -> None:
    app = create_api(service, Settings(keys=(KEY,)))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    routes = [result.ok() for result in schema.get_all_operations()]
    assert len(routes) == 18
    for route in routes:
        if mode is GenerationMode.NEGATIVE and not route.body and not route.path_parameters:
            continue  # there is nothing that could be wrong

        @settings(
            max_examples=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=route.as_strategy(generation_mode=mode))
        def check(case: Case) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {SECRET}"})

        check()
