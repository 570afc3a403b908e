"""Asking for runs, consent, limits, plans, locks, and what is shown."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from opsbook.core.errors import BadInputError
from opsbook.durable.engines.memory import Memory
from opsbook.durable.model import RunState
from opsbook.state.people import Person, Role
from tests.eventually import eventually
from tests.runbooks.scene import ANNA, BERT, VERA, book, mark, scene, seen


def dangerous(**more: Any) -> dict[str, Any]:
    return {"steps": [mark("one", **{"class": 3})], **more}


async def test_the_request_is_in_the_ledger_before_anything_runs(tmp_path: Path) -> None:
    async with scene(tmp_path, book(tmp_path, one={"steps": [mark("one")]})) as there:
        run = await there.run("one", why="it hangs")
        await there.ended(run)
        first = (await there.entries(subject=run))[0]
        assert first.kind == "run.requested"
        assert first.actor == "anna"
        assert json.loads(first.body)["why"] == "it hangs"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"by": VERA}, "takes the role operator"),
        ({"why": " "}, "the reason is missing"),
        ({"confirm": ""}, "by typing 'two'"),
        ({"confirm": "tow"}, "got 'tow'"),
        ({"parameters": {"x": 1}}, "there is no parameter 'x'"),
        ({"unattended": True}, "wants a signed plan"),
        ({"plan": "0" * 64}, "is not of runbook two as it stands"),
    ],
)
async def test_a_request_that_lacks_something_is_refused_and_recorded(
    tmp_path: Path, more: dict[str, Any], said: str
) -> None:
    books = book(tmp_path, two={"steps": [mark("one", **{"class": 2})]})
    async with scene(tmp_path, books) as there:
        with pytest.raises(BadInputError, match=said):
            await there.run("two", **more)
        assert [entry.subject for entry in await there.entries("run.request_refused")] == ["two"]
        assert there.effects() == []


async def test_secrets_are_recorded_as_references_and_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_TOKEN", "hush-hush-77")
    told = {"argv": ["printenv", "WORD"], "environment": {"WORD": "{{ token }}"}}
    steps = [{"name": "say", "class": 0, "command": told}]
    books = book(tmp_path, tell={"parameters": {"token": {"type": "secret"}}, "steps": steps})
    async with scene(tmp_path, books) as there:
        with pytest.raises(BadInputError, match="not a secret reference") as error:
            await there.run("tell", parameters={"token": "hush-hush-77"})
        assert "hush" not in str(error.value)
        run = await there.carried("tell", parameters={"token": "env:RUN_TOKEN"})
        assert run.state is RunState.SUCCEEDED, run.error
        assert run.parameters == {"token": "env:RUN_TOKEN"}
        lines = [line.text async for line in there.runbooks.follow(run.id)]
        assert "***" in lines
        assert "hush" not in str(run) + str(await there.entries()) + str(lines)


async def test_class_3_waits_for_a_second_person(tmp_path: Path) -> None:
    async with scene(tmp_path, book(tmp_path, big=dangerous())) as there:
        run = await there.run("big")
        view = await there.waits(run, "approval")
        assert view.waiting is not None
        assert view.waiting.step == "one"
        assert there.effects() == []
        await there.runbooks.approve(run, BERT, "looks right")
        assert (await there.ended(run)).state is RunState.SUCCEEDED
        kinds = await there.kinds(run)
        assert kinds.index("run.waiting") < kinds.index("run.approved")
        assert kinds.index("run.approved") < kinds.index("run.step_started")


@pytest.mark.parametrize(
    ("by", "said"),
    [
        (VERA, "takes the role approver"),
        (Person("carl", Role.OPERATOR), "takes the role approver"),
        (Person("anna", Role.ADMIN), "a second person must approve"),
    ],
)
async def test_who_may_not_approve_is_refused_and_nothing_happens(
    tmp_path: Path, by: Person, said: str
) -> None:
    async with scene(tmp_path, book(tmp_path, big=dangerous())) as there:
        run = await there.run("big")
        await there.waits(run, "approval")
        with pytest.raises(BadInputError, match=said):
            await there.runbooks.approve(run, by, "please")
        assert "run.answer_rejected" in await there.kinds(run)
        assert (await there.runbooks.show(run)).waiting is not None
        assert there.effects() == []


async def test_an_approval_counts_once(tmp_path: Path) -> None:
    async with scene(tmp_path, book(tmp_path, big=dangerous())) as there:
        run = await there.run("big")
        await there.waits(run, "approval")
        answers = [there.runbooks.approve(run, Person(name, Role.APPROVER), "ok") for name in "bc"]
        outcomes = await asyncio.gather(*answers, return_exceptions=True)
        assert [isinstance(each, BadInputError) for each in outcomes].count(True) == 1
        assert (await there.kinds(run)).count("run.approved") == 1
        await there.ended(run)


async def test_an_approval_after_the_time_out_is_too_late(tmp_path: Path) -> None:
    books = book(tmp_path, big=dangerous(approve_within="100ms"))
    async with scene(tmp_path, books) as there:
        run = await there.carried("big")
        assert "nobody answered within 100 ms" in str(run.error)
        with pytest.raises(BadInputError, match="too late"):
            await there.runbooks.approve(run.id, BERT, "now")
        assert there.effects() == []


async def test_a_refusal_ends_the_run_whatever_follows_failures(tmp_path: Path) -> None:
    books = book(tmp_path, big=dangerous(on_failure="continue"))
    async with scene(tmp_path, books) as there:
        run = await there.run("big")
        await there.waits(run, "approval")
        await there.runbooks.refuse(run, BERT, "not today")
        view = await there.ended(run)
        assert view.state is RunState.FAILED
        assert "refused by bert: not today" in str(view.error)
        assert there.effects() == []
        assert "run.refused" in await there.kinds(run)


async def test_a_signed_plan_lets_class_2_run_unattended(tmp_path: Path) -> None:
    books = book(tmp_path, two={"steps": [mark("one", **{"class": 2})]})
    async with scene(tmp_path, books) as there:
        plan = await there.runbooks.dry_run("two", {})
        assert plan.confirm == "two"
        with pytest.raises(BadInputError, match="is not signed"):
            await there.run("two", unattended=True, plan=plan.digest)
        with pytest.raises(BadInputError, match="takes the role approver"):
            await there.runbooks.sign(plan.digest, ANNA)
        await there.runbooks.sign(plan.digest, BERT)
        run = await there.carried("two", unattended=True, plan=plan.digest)
        assert run.state is RunState.SUCCEEDED, run.error


async def test_unattended_runs_are_limited_also_after_a_restart(tmp_path: Path) -> None:
    limits = {"at_most": 2, "per": "1h", "cooldown": "0s"}
    books = book(tmp_path, one={"automatic": limits, "steps": [mark("one")]})
    for _ in range(2):
        async with scene(tmp_path, books) as there:
            await there.carried("one", unattended=True)
    async with scene(tmp_path, books) as there:
        with pytest.raises(BadInputError, match="2 times within 1 h: somebody has to look"):
            await there.run("one", unattended=True)
        await there.carried("one")


async def test_an_unattended_run_waits_for_its_cooldown(tmp_path: Path) -> None:
    books = book(tmp_path, one={"steps": [mark("one")]})
    async with scene(tmp_path, books) as there:
        await there.carried("one", unattended=True)
        with pytest.raises(BadInputError, match="just now: again in"):
            await there.run("one", unattended=True)


async def test_one_alert_has_one_run(tmp_path: Path) -> None:
    slow = mark("one", precheck=[], verify={"within": "2s", "every": "20ms", "steps": [seen("x")]})
    async with scene(tmp_path, book(tmp_path, one={"steps": [slow]})) as there:
        first = await there.run("one", alert="f00")
        assert await there.run("one", alert="f00") == first
        there.hands.write("x")
        await there.ended(first)
        assert await there.run("one", alert="f00") != first


async def test_two_runs_do_not_change_a_service_at_once(tmp_path: Path) -> None:
    slow = mark("api", verify={"within": "5s", "every": "20ms", "steps": [seen("go")]})
    books = book(tmp_path, slow={"steps": [slow]}, fast={"steps": [mark("api")]})
    async with scene(tmp_path, books) as there:
        first = await there.run("slow")
        await eventually(lambda: there.effects() == ["api"])
        second = await there.run("fast")
        view = await there.waits(second, "service")
        assert view.waiting is not None
        assert f"run {first} changes" in view.waiting.what
        assert there.effects() == ["api"]
        there.hands.write("go")
        assert (await there.ended(first)).state is RunState.SUCCEEDED
        assert (await there.ended(second)).state is RunState.SUCCEEDED
        assert "run.waiting" in await there.kinds(second)


async def test_a_dry_run_shows_the_change_and_changes_nothing(tmp_path: Path) -> None:
    steps = [
        mark("one", precheck=[seen("ready")]),
        mark("two", **{"if": "steps.one.verified"}),
        mark("three", **{"if": "1 > 2"}),
    ]
    async with scene(tmp_path, book(tmp_path, plan={"steps": steps})) as there:
        there.hands.write("ready")
        plan = await there.runbooks.dry_run("plan", {})
        one, two, three = plan.steps
        assert one.would_run is True
        assert one.prechecks == {"query_1": "holds: query ready"}
        assert one.change is not None
        assert (one.change.before, one.change.after) == ("ordered 0 times", "a new instance runs")
        assert one.verified_by == ("query one",)
        assert one.rolled_back_by == ("start one",)
        assert one.proven is False
        assert two.would_run is None
        assert three.would_run is False
        assert there.effects() == ["ready"]


async def test_a_runbook_is_listed_with_its_parameters_and_its_steps(tmp_path: Path) -> None:
    steps = [mark("one"), mark("two", **{"if": "size > 2"})]
    parameters = {"size": {"type": "integer", "default": 3, "maximum": 5}}
    books = book(tmp_path, grow={"parameters": parameters, "steps": steps})
    async with scene(tmp_path, books) as there:
        (listed,) = await there.runbooks.listed()
        assert (listed.parameters["size"].type, listed.parameters["size"].maximum) == ("integer", 5)
        one, two = listed.outline
        assert (one.path, one.action_class, one.condition) == ("one", 1, "")
        assert one.verified_by == ("query one",)
        assert one.rolled_back_by == ("start one",)
        assert two.condition == "size > 2"


async def test_a_rollback_is_proven_once_a_drill_carried_it_out(tmp_path: Path) -> None:
    books = book(tmp_path, one={"steps": [mark("one")]})
    async with scene(tmp_path, books) as there:
        assert (await there.runbooks.listed())[0].unproven == ("one",)
        await there.carried("one", roll_back=True)
        assert (await there.runbooks.listed())[0].proven is False
        run = await there.carried("one", roll_back=True, drill="monday")
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects()[-2:] == ["one", "not_one"]
        assert (await there.runbooks.listed())[0].proven is True
    changed = book(tmp_path, one={"steps": [mark("one", within="5s")]})
    async with scene(tmp_path, changed) as there:
        assert (await there.runbooks.listed())[0].proven is False


async def test_output_is_followed_live_and_again_from_any_line(tmp_path: Path) -> None:
    script = "echo first; while ! test -e go; do sleep 0.02; done; echo second"
    steps = [{"name": "talk", "class": 0, "command": {"argv": ["sh", "-c", script]}}]
    async with scene(tmp_path, book(tmp_path, talk={"steps": steps})) as there:
        run = await there.run("talk")
        lines = []
        async with asyncio.timeout(10):
            async for line in there.runbooks.follow(run):
                lines.append(line)
                if line.text == "first":
                    (tmp_path / "go").touch()
        shown = [(line.kind, line.text) for line in lines if line.kind == "output"]
        assert shown == [("output", "first"), ("output", "second")]
        assert lines[-1].kind == "run"
        again = [line async for line in there.runbooks.follow(run, lines[1].position)]
        assert again == lines[2:]


async def test_a_run_goes_on_after_a_restart_where_it_was(tmp_path: Path) -> None:
    memory, books = Memory(), book(tmp_path, big={"steps": [mark("zero"), *dangerous()["steps"]]})
    async with scene(tmp_path, books, memory) as there:
        run = await there.run("big")
        await there.waits(run, "approval")
    async with scene(tmp_path, books, memory) as there:
        await there.runbooks.approve(run, BERT, "still right")
        assert (await there.ended(run)).state is RunState.SUCCEEDED
        assert there.effects() == ["zero", "one"]


async def test_a_run_that_waits_is_cancelled_without_anything_done(tmp_path: Path) -> None:
    async with scene(tmp_path, book(tmp_path, big=dangerous())) as there:
        run = await there.run("big")
        await there.waits(run, "approval")
        await there.runbooks.cancel(run, ANNA, "changed my mind")
        view = await there.ended(run)
        assert view.state is RunState.CANCELLED
        assert there.effects() == []
        with pytest.raises(BadInputError, match="too late"):
            await there.runbooks.approve(run, BERT, "yes")


async def test_what_is_too_large_is_cut_and_said(tmp_path: Path) -> None:
    argv = ["python3", "-c", "print('x' * 200_000)"]
    steps = [{"name": "talk", "class": 0, "command": {"argv": argv}}]
    async with scene(tmp_path, book(tmp_path, talk={"steps": steps})) as there:
        run = await there.carried("talk")
        assert run.state is RunState.SUCCEEDED, run.error
        assert len(json.dumps(run.steps[0].result)) <= 65_536


async def test_a_drill_that_fails_half_way_is_taken_back(tmp_path: Path) -> None:
    books = book(tmp_path, both={"steps": [mark("one"), mark("two")]})
    async with scene(tmp_path, books) as there:
        there.hands.failing["two"] = 1
        run = await there.carried("both", roll_back=True, drill="monday")
        assert (run.state, run.rolled_back) == (RunState.FAILED, True)
        # Nobody knows how far the second came.
        assert there.effects() == ["one", "not_two", "not_one"]
        assert "taken back: two, one" in str(run.error)


async def test_what_stays_where_a_rollback_fails_is_told(tmp_path: Path) -> None:
    later = mark("later")
    later["rollback"][0]["verify"]["steps"] = [seen("never")]
    async with scene(tmp_path, book(tmp_path, both={"steps": [mark("one"), later]})) as there:
        run = await there.carried("both", roll_back=True, drill="monday")
        assert "one stays: restart one, for a later step could not be taken" in str(run.error)


async def test_a_drill_whose_rollback_fails_has_failed(tmp_path: Path) -> None:
    step = mark("one")
    step["rollback"][0]["verify"]["steps"] = [seen("never")]
    async with scene(tmp_path, book(tmp_path, one={"steps": [step]})) as there:
        run = await there.carried("one", roll_back=True, drill="monday")
        assert run.state is RunState.FAILED
        assert "the rollback failed" in str(run.error)
        assert (await there.runbooks.listed())[0].proven is False
