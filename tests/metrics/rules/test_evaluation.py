"""One rule in the store: its samples, its staleness markers, how it stands."""

from collections.abc import Hashable

from opsbook.core.labels import labels_of
from opsbook.metrics.promql.errors import failed
from opsbook.metrics.rules.evaluation import Evaluation
from opsbook.metrics.rules.rule import Ask, Rule, Samples
from tests.metrics.rules.kept import Kept, group

A, B = (labels_of({"__name__": "r", "job": job}) for job in "ab")


class Scripted(Rule):
    """Gives what it is told to."""

    name = "scripted"

    def __init__(self) -> None:
        self.gives: Samples | Exception = {}

    @property
    def identity(self) -> Hashable:
        return self.name

    def evaluate(self, at: int, ask: Ask) -> Samples:
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


class Scene:
    def __init__(self, kept: Kept) -> None:
        self.kept, self.rule = kept, Scripted()
        self.evaluation = Evaluation(self.rule)

    def gives(self, second: float, gives: Samples | Exception) -> tuple[str, str]:
        """Health and error after the evaluation."""
        self.rule.gives = gives
        at = self.kept.start + round(second * 1000)
        self.evaluation.evaluate("rules/f;g", at, self.kept.ask, self.kept.store)
        return self.evaluation.status.health, self.evaluation.status.error


def test_a_series_that_is_given_no_more_has_ended(kept: Kept) -> None:
    scene = Scene(kept)
    scene.gives(1, {A: 1.0, B: 2.0})
    scene.gives(2, {A: 3.0})
    scene.gives(3, {A: 4.0})
    assert kept.found("r") == {
        'r{job="a"}': [(1, 1.0), (2, 3.0), (3, 4.0)],
        'r{job="b"}': [(1, 2.0), (2, "stale")],
    }


def test_a_series_that_comes_back_goes_on(kept: Kept) -> None:
    scene = Scene(kept)
    for second, gives in enumerate([{A: 1.0}, {}, {A: 2.0}]):
        scene.gives(second, gives)
    assert kept.found("r") == {'r{job="a"}': [(0, 1.0), (1, "stale"), (2, 2.0)]}


def test_an_evaluation_that_fails_keeps_nothing_and_ends_nothing(kept: Kept) -> None:
    scene = Scene(kept)
    scene.gives(1, {A: 1.0})
    assert scene.gives(2, failed("too much")) == ("err", "too much")
    assert kept.found("r") == {'r{job="a"}': [(1, 1.0)]}
    assert scene.gives(3, {}) == ("ok", "")
    assert kept.found("r") == {'r{job="a"}': [(1, 1.0), (3, "stale")]}


def test_a_fault_of_our_own_is_the_rules_error_too(kept: Kept) -> None:
    assert Scene(kept).gives(1, ZeroDivisionError("by zero")) == (
        "err",
        "ZeroDivisionError: by zero",
    )


def test_what_the_store_refuses_is_the_rules_error(kept: Kept) -> None:
    scene = Scene(kept)
    scene.gives(1, {A: 1.0, B: 1.0})
    assert scene.gives(1, {A: 2.0, B: 1.0}) == ("err", "1 samples refused: duplicate")


def test_before_the_first_evaluation_nothing_is_known(kept: Kept) -> None:
    status = Scene(kept).evaluation.status
    assert (status.health, status.last_evaluation, status.duration) == ("unknown", None, None)


def test_time_and_samples_of_the_last_evaluation_are_told(kept: Kept) -> None:
    scene = Scene(kept)
    scene.gives(1, {A: 1.0, B: 1.0})
    status = scene.evaluation.status
    assert status.samples == 2
    assert status.duration is not None and 0 < status.duration < 1
    assert status.last_evaluation is not None
    assert abs(status.last_evaluation - kept.clock.now()) < 5


def test_a_rule_that_takes_a_series_over_keeps_it_from_being_ended(kept: Kept) -> None:
    taker = {"record": "r", "expr": "up{job='b'}", "labels": {"job": "a"}}
    giver = {"record": "r", "expr": "up{job='a'} < 5"}
    both = group([taker, giver])
    kept.put(0, up={"a": 1})
    kept.evaluate(both, 1)
    kept.put(2, up={"a": 5, "b": 2})
    kept.evaluate(both, 3)
    assert kept.found("r") == {'r{job="a"}': [(1, 1.0), (3, 2.0)]}
    assert [each.health for each in both.status.rules] == ["ok", "ok"]
