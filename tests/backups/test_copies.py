"""One stream to several destinations."""

from pathlib import Path

from opsbook.backups.copies import Copies
from opsbook.backups.destination import Destination
from opsbook.backups.vault import bound
from tests.backups.faulty import Faulty
from tests.backups.scene import place, settings

BLOCK = b"x" * 100_000


def places(directory: Path) -> dict[str, Destination]:
    declared = {name: place(directory / name) for name in "ab"}
    return bound(settings(directory, destinations=declared), "shop")


def write(copies: Copies) -> None:
    copies.begin("orders/1/dump")
    for _ in range(20):
        copies.write(BLOCK)
    copies.commit()


def sizes(destination: Destination) -> list[int]:
    return [each.size for each in destination.names("orders/")]


def test_each_gets_all_of_it(tmp_path: Path) -> None:
    found = places(tmp_path)
    with Copies(found) as copies:
        write(copies)
        assert copies.errors == {}
    assert sizes(found["a"]) == sizes(found["b"]) == [20 * len(BLOCK)]


def test_one_that_fails_is_left_out_and_has_nothing(tmp_path: Path) -> None:
    found = places(tmp_path)
    with Copies({**found, "b": Faulty(found["b"], 5)}) as copies:
        write(copies)
        assert copies.going == ["a"]
        assert "refused for once" in copies.errors["b"]
    assert sizes(found["a"]) == [20 * len(BLOCK)]
    assert sizes(found["b"]) == []


def test_what_is_left_without_a_commit_is_nowhere(tmp_path: Path) -> None:
    found = places(tmp_path)
    with Copies(found) as copies:
        copies.begin("orders/1/dump")
        copies.write(BLOCK)
    assert sizes(found["a"]) == sizes(found["b"]) == []
