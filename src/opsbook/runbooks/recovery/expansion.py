"""A plan as a runbook: consent, dry run, rollback, ledger and crash safety are those of runbooks.

verify all → restore all under fresh names → stop services → swap → start them → checks
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsbook.backups.places import Places
from opsbook.runbooks.recovery.settings import RecoverySettings, Rehearsal
from opsbook.runbooks.settings import RunbookSettings, runbook_type

Step = dict[str, Any]

_NO_WAY_BACK = "it takes back"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the book says beside the plan."""

    places: Mapping[str, Places]
    """Set → its places."""
    order: Sequence[str]
    """Services, each after those that it depends on."""
    provers: Mapping[str, Sequence[str]]
    """Service → the checks that tell whether it serves."""


def recovery_runbook(plan: RecoverySettings, around: Surroundings) -> RunbookSettings:
    """Nothing is stopped before all of it was verified and restored."""
    return runbook_type().model_validate(
        {
            "description": plan.description or f"Bring back {', '.join(plan.sets)}.",
            "approve_within": _seconds(plan.approve_within),
            "consent": "run",
            "on_failure": "rollback",
            "within": "7d",
            "window": plan.window and plan.window.model_dump(by_alias=True),
            "steps": list(_Plan(plan, around).steps()),
        }
    )


def rehearsal_runbook(plan: RecoverySettings, rehearsal: Rehearsal) -> RunbookSettings:
    """What it restored is removed in the end, however it went."""
    return runbook_type().model_validate(
        {
            "description": f"Rehearse the recovery of {', '.join(rehearsal.into)}, apart.",
            "on_failure": "rollback",
            "within": "7d",
            "steps": list(_rehearsed(plan, rehearsal)),
        }
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    plan: RecoverySettings
    around: Surroundings

    def steps(self) -> Iterator[Step]:
        plan = self.plan
        yield from (_verified(n, each, plan) for n, each in enumerate(plan.sets, 1))
        for number, each in enumerate(plan.sets, 1):
            yield _restored(number, each, self._fresh(each), plan)
        order = [each for each in self.around.order if each in plan.stop]
        for number, service in enumerate(reversed(order), 1):
            step = self._service("stop", service, f"stopped_{number}")
            # The second person is asked while everything still runs.
            yield {**step, "class": 3} if number == 1 else step
        yield from self._swaps()
        for number, service in enumerate(order, 1):
            yield self._service("start", service, f"started_{number}")
        yield from _checked(plan.checks, plan)

    def _swaps(self) -> Iterator[Step]:
        pairs = [(name, to) for name in self.plan.sets for to in self._apart(name)]
        yield from (self._swap(n, name, to) for n, (name, to) in enumerate(pairs, 1))

    def _apart(self, name: str) -> Sequence[str]:
        return self.around.places[name].apart or [""]

    def _fresh(self, name: str) -> str:
        return self.around.places[name].beside(_mark(name), "new")

    def _swap(self, number: int, name: str, to: str) -> Step:
        old = self.around.places[name].beside(_mark(name), "old")
        keep = f"{to}.{_mark(name)}.old" if to else old
        swap = {"set": name, "fresh": self._fresh(name), "to": to, "keep": keep}
        backup = _backup(self.plan.sets.index(name) + 1)
        look = {"set": name, "backup": backup, "place": to, "state": "holds"}
        back = {"set": name, "place": self._fresh(name), "state": "there"}
        within = _seconds(self.plan.within)
        return {
            "name": f"swapped_{number}",
            "swap": swap,
            "within": within,
            "verify": {"within": within, "steps": [{"backup-verify": look}]},
            "rollback": [
                {
                    "name": f"swapped_back_{number}",
                    "swap": {**swap, "undo": True},
                    "within": within,
                    "verify": {"steps": [{"backup-verify": back}]},
                    "retry": _patiently(self.plan),
                    "no_rollback": _NO_WAY_BACK,
                }
            ],
        }

    def _service(self, verb: str, service: str, name: str) -> Step:
        other = {"stop": "start", "start": "stop"}[verb]
        return {
            "name": name,
            **self._ordered(verb, service),
            "rollback": [
                {
                    "name": f"{name}_back",
                    **self._ordered(other, service),
                    "no_rollback": _NO_WAY_BACK,
                }
            ],
        }

    def _ordered(self, verb: str, service: str) -> Step:
        wanted = ["up", "degraded"] if verb == "start" else ["down"]
        looks = [
            {"name": f"look_{n}", "check": {"name": check, "state": wanted}}
            for n, check in enumerate(self.around.provers[service], 1)
        ]
        within = _seconds(self.plan.proven_within)
        return {
            "service": {verb: service},
            "within": "5m",
            "verify": {"within": within, "steps": looks},
        }


def _verified(number: int, name: str, plan: RecoverySettings) -> Step:
    look = {"set": name, "depth": plan.depth}
    return {
        "name": f"verified_{number}",
        "backup-verify": look,
        "within": _seconds(plan.within),
    }


def _restored(number: int, name: str, into: str, plan: RecoverySettings) -> Step:
    backup = _backup(number)
    within = _seconds(plan.within)
    look = {"set": name, "backup": backup, "place": into}
    return {
        "name": f"restored_{number}",
        "restore": {"set": name, "backup": backup, "into": into},
        "within": within,
        "verify": {"within": within, "steps": [{"backup-verify": look}]},
        "rollback": [_removed(f"removed_{number}", name, into, plan)],
    }


def _removed(step: str, name: str, into: str, plan: RecoverySettings) -> Step:
    gone = {"set": name, "place": into, "state": "gone"}
    return {
        "name": step,
        "restore": {"set": name, "into": into, "undo": True},
        "verify": {"steps": [{"backup-verify": gone}]},
        "retry": _patiently(plan),
        "no_rollback": _NO_WAY_BACK,
    }


def _checked(checks: Sequence[str], plan: RecoverySettings) -> Iterator[Step]:
    for number, check in enumerate(checks, 1):
        retry = _patiently(plan)
        yield {"name": f"checked_{number}", "check": {"name": check}, "retry": retry}


def _rehearsed(plan: RecoverySettings, rehearsal: Rehearsal) -> Iterator[Step]:
    names = list(rehearsal.into)
    yield from (_verified(number, each, plan) for number, each in enumerate(names, 1))
    for number, each in enumerate(names, 1):
        yield {**_restored(number, each, rehearsal.into[each], plan), "class": 2}
    yield from _checked(rehearsal.checks, plan)
    for number, each in enumerate(names, 1):
        yield _removed(f"removed_{number}", each, rehearsal.into[each], plan)


def _patiently(plan: RecoverySettings) -> Step:
    """A server that died may be back in a moment: then nothing stays half taken back."""
    return {"times": 10, "wait": f"{plan.proven_within / 10:g}s"}


def _backup(number: int) -> str:
    return "{{ steps.verified_" + str(number) + ".backup }}"


def _mark(name: str) -> str:
    return "{{ run.id }}-" + name


def _seconds(value: float) -> str:
    return f"{value:g}s"
