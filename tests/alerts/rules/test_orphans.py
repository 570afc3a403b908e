"""Alerts of an earlier life."""

from opsbook.alerts.model import Alert
from opsbook.alerts.rules.orphans import Fate, Orphans
from opsbook.core.labels import labels_of

NOW = 1_700_000_000.0


def alert(name: str, ends_in: float = 300) -> Alert:
    labels, said = labels_of({"alertname": name}), labels_of({"summary": name})
    return Alert(labels, said, NOW - 60, NOW + ends_in, NOW - 10)


def tend(orphans: Orphans, now: float, **fates: Fate) -> list[Alert]:
    return orphans.tend(now, lambda each: fates[each.name])


def test_one_that_is_raised_again_is_nobody_s_care_any_more() -> None:
    orphans = Orphans([alert("a")])
    assert tend(orphans, NOW, a="raised") == []
    assert len(orphans) == 0


def test_one_that_has_ended_is_told_so_with_the_reason() -> None:
    orphans = Orphans([alert("a"), alert("b")])
    ended, unraised = tend(orphans, NOW, a="ended", b="unraised")
    assert (ended.ends_at, unraised.ends_at) == (NOW, NOW)
    assert dict(ended.annotations)["summary"] == "a"
    assert dict(ended.annotations)["ended"] == "it had ended when opsbook was started again"
    assert "was removed" in dict(unraised.annotations)["ended"]
    assert len(orphans) == 0


def test_one_of_which_nobody_knows_yet_does_not_end_by_itself() -> None:
    orphans = Orphans([alert("a", ends_in=130)])
    assert tend(orphans, NOW, a="unknown") == []
    (prolonged,) = tend(orphans, NOW + 20, a="unknown")
    assert prolonged.ends_at == NOW + 20 + 240
    assert prolonged.starts_at == NOW - 60
    assert tend(orphans, NOW + 25, a="unknown") == []
    assert len(orphans) == 1
