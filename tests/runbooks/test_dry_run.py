"""What is shown before anything is done."""

from pathlib import Path

from tests.runbooks.scene import book, mark, scene, seen


async def test_the_steps_of_another_runbook_are_shown_with_what_it_is_given(
    tmp_path: Path,
) -> None:
    books = book(
        tmp_path,
        outer={
            "steps": [{"name": "call", "run": {"runbook": "inner", "with": {"what": "{{ 'x' }}"}}}]
        },
        inner={
            "parameters": {"what": {"type": "text"}, "more": {"type": "text", "default": "m"}},
            "steps": [mark("{{ what }}_{{ more }}", name="say")],
        },
    )
    async with scene(tmp_path, books) as there:
        _, say = (await there.runbooks.dry_run("outer", {})).steps
        assert say.path == "call.say"
        assert say.change is not None
        assert say.change.what == "service x_m"
        assert there.effects() == []


async def test_nothing_of_another_host_is_looked_at_from_here(tmp_path: Path) -> None:
    far = mark("two", host="edge", precheck=[seen("never")])
    near = mark("one", host="here", precheck=[seen("never")])
    async with scene(tmp_path, book(tmp_path, far={"steps": [far, near]})) as there:
        two, one = (await there.runbooks.dry_run("far", {})).steps
        assert (two.would_run, two.prechecks, two.change) == (None, {}, None)
        assert "on edge is seen there only" in two.reason
        assert one.would_run is False
