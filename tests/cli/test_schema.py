"""`opsbook schema`"""

import json

from opsbook.probes.probe import probe_kinds
from opsbook.services.controller import controller_kinds
from tests.cli.run import opsbook


def test_the_schema_knows_every_kind_and_where_keys_stand() -> None:
    schema = json.loads(opsbook("schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["platform"]
    checks = schema["$defs"]["CheckSettings"]["properties"]
    services = schema["$defs"]["ServiceSettings"]["properties"]
    assert set(probe_kinds.names()) <= set(checks)
    assert set(controller_kinds.names()) <= set(services)
    assert checks["every"]["type"] == "string"
    assert all("description" in checks[kind] for kind in probe_kinds.names())
