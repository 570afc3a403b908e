"""`opsbook demo helixflow`: a living platform to watch, to hurt and to see come back."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.app.drill import DrillResult, Injection, drill, kill, measure_bare_start
from opsbook.cli.process import run_until_signal
from opsbook.cli.story import tell
from opsbook.core.errors import BadInputError
from opsbook.core.units import format_duration
from opsbook.platforms.helixflow.faults import heal as heal_service
from opsbook.platforms.helixflow.faults import hurt as hurt_service
from opsbook.platforms.helixflow.home import SERVICES, prepare
from opsbook.platforms.helixflow.ports import Ports, is_free
from opsbook.probes.model import State
from opsbook.services.keeper import Keeper
from opsbook.state.chain import Verdict
from opsbook.state.datadir import DataDir
from opsbook.web.settings import WebSettings

_DRILLS = ("kill", "crash", "hang")
"""Faults that a restart mends; the others are for `opsbook demo hurt`."""
_PORT = 7070


@click.group()
def demo() -> None:
    """Start a small living platform and watch it."""


@demo.command()
@click.option(
    "--drill", "words", default="kill:inference-pool", show_default=True, metavar="HOW:SERVICE"
)
@click.option("--no-drill", is_flag=True, help="Only watch; hurt nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what the drill measured as JSON.")
@click.option("--exit", "leave", is_flag=True, help="End after the drill instead of going on.")
@click.option("--home", type=click.Path(path_type=Path), help="Keep the platform here.")
@click.pass_context
def helixflow(
    ctx: click.Context, words: str, no_drill: bool, as_json: bool, leave: bool, home: Path | None
) -> None:
    """Five processes of an AI inference platform, watched; one is hurt and has to come back.

    HOW is kill (SIGKILL from outside), crash or hang. All times count from the injection;
    bare_start_ms is the service's own start time, measured without any watch.

    Exit code 0 only if the service was verified up, 1 if not.
    """
    plan = None if no_drill else _plan(words)
    with _platform(home) as place:
        show = Show(place, plan, as_json, leave)
        run_until_signal(show.run())
    ctx.exit(0 if no_drill or show.proved else 1)


@demo.command()
@click.argument("home", type=click.Path(path_type=Path, exists=True))
@click.argument("service")
@click.argument("how")
def hurt(home: Path, service: str, how: str) -> None:
    """Hurt SERVICE of the platform in HOME.

    HOW is crash, hang, slow:DURATION, errors, close-port, fill-log, clock:+DURATION,
    clock:-DURATION, expire-certificate or expire-certificate:past.
    """
    hurt_service(home, service, how)
    click.echo(f"{service}: {how}")


@demo.command()
@click.argument("home", type=click.Path(path_type=Path, exists=True))
@click.argument("service")
def heal(home: Path, service: str) -> None:
    """End what hurts SERVICE of the platform in HOME."""
    heal_service(home, service)
    click.echo(f"{service}: healed")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a drill is to do."""

    how: str
    service: str

    def injection(self, home: Path) -> Injection:
        if self.how == "kill":
            return kill

        async def inject(keeper: Keeper) -> None:
            hurt_service(home, keeper.name, self.how)

        return inject


class Show:
    """The platform, its watch, and the drill."""

    def __init__(self, home: Path, plan: Plan | None, as_json: bool, leave: bool) -> None:
        self.proved = False
        """Whether the drill's service was verified up."""
        self._home = home
        self._plan = plan
        self._as_json = as_json
        self._leave = leave
        self._say(f"preparing HelixFlow in {home}")
        book = read_book(prepare(home, _ports()))
        web = WebSettings(port=_PORT if is_free(_PORT) else 0)
        self._app = App(book, DataDir(home / "opsbook"), web)

    async def run(self) -> None:
        """Until the drill is over, or until cancelled; then everything is stopped."""
        app = self._app
        try:
            bare = await self._measure()
            if not self._as_json:
                tell(app.bus)
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(app.run())
                try:
                    await self._perform(bare)
                finally:
                    watching.cancel()
        finally:
            self._say("stopping the platform")
            for keeper in reversed(app.services.keepers.values()):
                await keeper.controller.stop()
            app.close()

    async def _measure(self) -> float:
        if self._plan is None:
            return 0.0
        self._say(f"measuring how long {self._plan.service} takes to start with nobody watching")
        return await measure_bare_start(self._app, self._plan.service)

    async def _perform(self, bare_start_ms: float) -> None:
        app = self._app
        self._say(f"watching {len(app.services.keepers)} services at {app.web.address}")
        if self._plan is not None:
            result = await self._drill(self._plan, bare_start_ms)
            self._tell_result(self._plan, result, await asyncio.to_thread(app.verify_ledger))
            self.proved = result.verified_ms is not None and result.state is State.UP
        if not self._leave:
            self._say(f"still watching; ask it: opsbook status --url {app.web.address}")
            self._say(
                f"hurt it: opsbook demo hurt {self._home} api-gateway slow:2s    (Ctrl-C ends)"
            )
            await asyncio.Event().wait()

    async def _drill(self, plan: Plan, bare_start_ms: float) -> DrillResult:
        try:
            injection = plan.injection(self._home)
            return await drill(self._app, plan.service, injection, bare_start_ms)
        finally:
            heal_service(self._home, plan.service)

    def _tell_result(self, plan: Plan, result: DrillResult, verdict: Verdict) -> None:
        if self._as_json:
            click.echo(json.dumps(_as_json(plan, result, verdict), indent=2))
            return
        entries = ", ".join(map(str, result.evidence))
        click.echo(
            f"\n{result.service} {plan.how}: seen after {_ms(result.detected_ms)}, "
            f"started after {_ms(result.started_ms)}, "
            f"verified {result.state} after {_ms(result.verified_ms)}"
            f"\nits own start takes {_ms(result.bare_start_ms)}"
            f"\nevidence: ledger entries {entries}; {verdict.entries} entries in all, "
            f"{verdict.problem or 'all as they were written'}"
            f"\n          opsbook ledger show --data {self._app.data.path}\n"
        )

    def _say(self, text: str) -> None:
        click.echo(text, err=self._as_json)


def _as_json(plan: Plan, result: DrillResult, verdict: Verdict) -> dict[str, Any]:
    ledger = {"entries": verdict.entries, "head": verdict.head, "problem": verdict.problem}
    return {"platform": "helixflow", "drill": plan.how, **asdict(result), "ledger": ledger}


def _ms(milliseconds: float | None) -> str:
    return "never" if milliseconds is None else format_duration(milliseconds / 1e3)


def _plan(words: str) -> Plan:
    how, _, service = words.partition(":")
    if how not in _DRILLS or service not in SERVICES:
        raise BadInputError(
            f"no such drill (got {words!r}): write HOW:SERVICE with {', '.join(_DRILLS)} "
            f"and {', '.join(SERVICES)}"
        )
    return Plan(how, service)


@contextmanager
def _platform(home: Path | None) -> Iterator[Path]:
    """A directory for the platform; one of our own making is removed at the end."""
    if home is not None:
        yield home.resolve()
        return
    made = Path(tempfile.mkdtemp(prefix="opsbook-helixflow-"))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def _ports() -> Ports:
    usual = Ports()
    return usual if all(is_free(port) for port in asdict(usual).values()) else Ports.free()
