"""The whole book and its schema."""

from opsbook.app.book import book_schema
from opsbook.probes.probe import probe_kinds


def test_every_setting_of_every_kind_is_in_the_schema_with_its_meaning() -> None:
    definitions = book_schema()["$defs"]
    kinds = definitions["CheckSettings"]["properties"]
    for kind in probe_kinds.names():
        reference = next(each["$ref"] for each in kinds[kind]["anyOf"] if "$ref" in each)
        settings = definitions[reference.rpartition("/")[2]]["properties"]
        assert set(settings) == {
            info.alias or name for name, info in probe_kinds.load(kind).model_fields.items()
        }


def test_unknown_keys_are_errors_in_the_schema_as_well() -> None:
    definitions = book_schema()["$defs"]
    assert all(
        definition["additionalProperties"] is False
        for definition in definitions.values()
        if definition.get("type") == "object"
    )
