"""What a drill sees of the platform as it stands now."""

from opsbook.core.procfs import ProcessIdentity
from opsbook.drills.fault import FaultError
from opsbook.drills.model import Plan
from opsbook.probes.model import State
from opsbook.probes.watch import Watch
from opsbook.services.service import Services


class PlatformView:
    """Reads the living parts: processes, services, checks."""

    def __init__(self, watch: Watch, services: Services) -> None:
        self._watch = watch
        self._services = services

    def process(self, service: str) -> ProcessIdentity:
        """The main process of a service. Raises FaultError."""
        keeper = self._services.keepers[service]
        instance = keeper.instance
        if instance is None or instance.process is None:
            raise FaultError(f"{service} has no process that can be reached from here")
        return instance.process

    def checks(self, service: str | None) -> tuple[str, ...]:
        """The checks that are about a service."""
        return self._services.keepers[service].checks if service is not None else ()

    def trouble(self, plan: Plan) -> str | None:
        """Why what the drill is about is not well, or None."""
        if plan.target is not None:
            keeper = self._services.keepers[plan.target]
            if self._watch.in_maintenance(plan.target):
                return f"{plan.target} is in maintenance"
            if not keeper.well.is_set():
                return f"{plan.target} is {keeper.phase}: {keeper.message}".removesuffix(": ")
        for name in self._proving(plan):
            check = self._watch.checks[name]
            if check.state is not State.UP:
                said = check.outcome.message if check.outcome else "not looked at yet"
                return f"{name} is {check.state}: {said}".removesuffix(": ")
        return None

    def _proving(self, plan: Plan) -> tuple[str, ...]:
        if plan.by or plan.target is None:
            return plan.by
        keeper = self._services.keepers[plan.target]
        return tuple(keeper.settings.restart.verified_by) or keeper.checks
