"""What is left out is what Alertmanager has and Opsbook has not."""

from opsbook.alerts.configuration.configuration import every_kind
from opsbook.alerts.configuration.left_out import GLOBAL, RECEIVERS


def test_no_kind_that_there_is_is_left_out() -> None:
    assert not RECEIVERS.keys() & every_kind().keys()


def test_no_key_that_a_kind_takes_is_left_out() -> None:
    taken = {key for kind in every_kind().values() for key in kind.inherits.values()}
    assert not GLOBAL.keys() & taken
