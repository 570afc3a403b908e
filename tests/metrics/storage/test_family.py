"""Columns that are alike stand beside each other."""

from opsbook.core.labels import labels_of
from opsbook.metrics.storage.family import chains, families, family_key


def test_buckets_stand_in_the_order_of_their_bounds() -> None:
    bounds = ["+Inf", "10", "2.5", "0.1"]
    labels = [labels_of({"__name__": "b", "h": h, "le": le}) for le in bounds for h in ("x", "y")]
    ordered = sorted(labels, key=family_key)
    assert [dict(one)["le"] for one in ordered] == ["0.1", "2.5", "10", "+Inf"] * 2
    assert chains(ordered) == [4, 4]


def test_a_family_is_one_metric_and_never_too_long() -> None:
    labels = [labels_of({"__name__": "a"})]
    labels += [labels_of({"__name__": "b", "n": str(number)}) for number in range(300)]
    assert list(families(labels)) == [range(1), range(1, 129), range(129, 257), range(257, 301)]


def test_a_bound_that_is_no_number_is_no_error() -> None:
    assert family_key(labels_of({"__name__": "b", "le": "x"}))[2] == 0.0
