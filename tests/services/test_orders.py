"""An order says itself what it is, as people read it."""

from opsbook.services.orders import Order


def test_an_order_names_what_who_and_why() -> None:
    assert str(Order("stop", "ada", "new rack")) == "stop by ada: new rack"
    assert str(Order("scale", "ada", "Monday", replicas=3)) == "scale to 3 by ada: Monday"
