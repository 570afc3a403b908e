"""Which signs of trouble have one cause."""

from hypothesis import given
from hypothesis import strategies as st

from opsbook.incidents.causes import Cause, Causes

DEPENDS_ON = {"db": [], "cache": [], "api": ["db", "cache"], "web": ["api"], "mail": []}
WITHIN = 300.0


def sign(at: float, service: str = "", name: str = "") -> Cause:
    return Cause(frozenset([service] if service else []), frozenset([name] if name else []), at, at)


def incidents(signs: list[Cause]) -> set[frozenset[int]]:
    """Which signs end up together, by their identities, taken in this order."""
    causes, known, members = Causes(DEPENDS_ON, WITHIN), dict[str, Cause](), dict[str, set[int]]()
    for number, each in enumerate(signs):
        whole, of = each, {id(each)}
        for key in causes.joining(each, known):
            whole, of = whole.with_(known.pop(key)), of | members.pop(key)
        known[str(number)], members[str(number)] = whole, of
    return {frozenset(each) for each in members.values()}


SIGNS = st.lists(
    st.builds(sign, st.integers(0, 2000).map(float), service=st.sampled_from([*DEPENDS_ON]))
    | st.builds(sign, st.integers(0, 2000).map(float), name=st.sampled_from(["DiskFull", "Clock"])),
    max_size=12,
)


@given(SIGNS, st.randoms(use_true_random=False))
def test_the_order_in_which_signs_come_makes_no_difference(signs: list[Cause], chance) -> None:  # type: ignore[no-untyped-def]  # hypothesis' Random
    shuffled = signs.copy()
    chance.shuffle(shuffled)
    assert incidents(shuffled) == incidents(signs)


def test_a_service_joins_what_it_depends_on_also_through_others() -> None:
    causes = Causes(DEPENDS_ON, WITHIN)
    assert causes.joining(sign(0, "web"), {"x": sign(10, "db"), "y": sign(10, "mail")}) == ["x"]
    assert causes.joining(sign(0, "db"), {"x": sign(10, "web")}) == ["x"]


def test_services_that_only_share_a_dependency_join_when_that_one_fails_too() -> None:
    assert len(incidents([sign(0, "cache"), sign(0, "db")])) == 2
    assert len(incidents([sign(0, "cache"), sign(0, "db"), sign(0, "api")])) == 1


def test_what_comes_later_than_the_window_is_something_else() -> None:
    assert len(incidents([sign(0, "db"), sign(WITHIN, "db")])) == 1
    assert len(incidents([sign(0, "db"), sign(WITHIN + 1, "db")])) == 2


def test_a_name_joins_only_the_same_name() -> None:
    assert len(incidents([sign(0, name="DiskFull"), sign(0, name="DiskFull")])) == 1
    assert len(incidents([sign(0, name="DiskFull"), sign(0, name="Clock")])) == 2
