"""`opsbook recover PLAN`: the plan's runbook, shown or carried out."""

import click

from opsbook.cli.by import by_option
from opsbook.cli.data import data_option
from opsbook.cli.run import run
from opsbook.state.datadir import DataDir


@click.command()
@click.argument("plan")
@data_option
@click.option("--url", help="Ask this address instead of the one in the data directory.")
@click.option("--rehearse", is_flag=True, help="Into the plan's isolated places instead.")
@click.option("--do", "really", is_flag=True, help="Carry it out instead of showing the plan.")
@click.option("--why", default="", help="Others will read it; needed with --do.")
@click.option("--confirm", default="", help="The runbook's name, typed: recover-PLAN.")
@click.option("--follow", is_flag=True, help="Show what it does until it has ended.")
@by_option
@click.pass_context
def recover(
    ctx: click.Context,
    plan: str,
    data: DataDir,
    url: str | None,
    rehearse: bool,
    really: bool,
    why: str,
    confirm: str,
    follow: bool,
    by: str,
) -> None:
    """Bring back what PLAN of the book says: verified, restored apart, swapped, proved by checks.

    Without --do nothing is changed. A second person approves it: `opsbook runs approve`.
    """
    ctx.invoke(
        run,
        name=f"{'rehearse' if rehearse else 'recover'}-{plan}",
        parameters=(),
        data=data,
        url=url,
        really=really,
        why=why,
        confirm=confirm,
        plan=None,
        incident=None,
        follow=follow,
        as_json=False,
        by=by,
    )
