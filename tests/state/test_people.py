"""Who may do what, and who stands behind a name."""

from opsbook.state.people import Role, people_in, through


def test_each_role_may_do_what_those_before_it_may() -> None:
    assert [Role.APPROVER.allows(role) for role in Role] == [True, True, True, False]


def test_nobody_becomes_a_second_person_by_acting_for_one() -> None:
    assert people_in(through("ada", "root")) == {"ada", "root"}
    assert people_in("ada") == {"ada"}
