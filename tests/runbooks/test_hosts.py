"""Names of further hosts."""

from opsbook.runbooks.hosts import queue_of


def test_each_host_has_a_queue_of_its_own() -> None:
    assert queue_of("db1") == "host.db1"
