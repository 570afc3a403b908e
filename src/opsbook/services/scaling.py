"""Whether an order to scale stays within what the book allows; a refusal has the numbers."""

from opsbook.core.errors import BadInputError
from opsbook.core.units import format_duration
from opsbook.services.settings import ScalePolicy


def check_scale(
    service: str,
    policy: ScalePolicy | None,
    wanted: int | None,
    running: int | None,
    seconds_ago: float | None,
) -> None:
    """Raises BadInputError if there may not be so many replicas now.

    `running` is how many there are, `seconds_ago` when it was scaled before; None: not known.
    """
    if policy is None:
        raise BadInputError(
            f"{service} may not be scaled: declare `scale: {{at_most: …}}` for it in the book"
        )
    if wanted is None:
        raise BadInputError(f"{service}: say how many replicas there shall be")
    if not policy.at_least <= wanted <= policy.at_most:
        allowed = f"from {policy.at_least} to {policy.at_most}"
        raise BadInputError(f"{service}: {wanted} replicas are not {allowed}, as its book allows")
    if running is not None and abs(wanted - running) > policy.step:
        change = f"from {running} to {wanted} are {abs(wanted - running)}"
        raise BadInputError(f"{service}: {change} at once; its book allows {policy.step}")
    if seconds_ago is not None and seconds_ago < policy.cooldown:
        ago, left = format_duration(seconds_ago), format_duration(policy.cooldown - seconds_ago)
        cooldown = format_duration(policy.cooldown)
        raise BadInputError(
            f"{service} was scaled {ago} ago and cools down for {cooldown}; order again in {left}"
        )
