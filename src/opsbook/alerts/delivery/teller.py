"""One group, its receiver and what that was told → the notices to be written down."""

from collections.abc import Callable
from dataclasses import replace

from opsbook.alerts.acknowledgements import Acknowledgements
from opsbook.alerts.delivery.dedup import reason_to_tell
from opsbook.alerts.delivery.groups import Group
from opsbook.alerts.delivery.mute import Muter
from opsbook.alerts.delivery.outbox import Outbox
from opsbook.alerts.delivery.posts import Post, Status, key_of, slot_of
from opsbook.alerts.delivery.setup import Setup
from opsbook.alerts.model import Alert, Notice
from opsbook.alerts.notifier import Notifier
from opsbook.core.labels import labels_of


class Teller:
    """Decides; writes nothing."""

    def __init__(
        self,
        setup: Setup,
        muter: Muter,
        outbox: Outbox,
        acknowledgements: Acknowledgements,
        external_url: str,
        tried: Callable[[Alert], str],
    ) -> None:
        """`tried` is what people read of attempts to mend what an alert is about."""
        self._setup, self._muter, self._outbox = setup, muter, outbox
        self._acknowledgements = acknowledgements
        self._external_url, self._tried = external_url, tried

    def is_audible(self, alert: Alert, now: float) -> bool:
        """Whether nothing keeps it quiet."""
        return not self._muter.muting(alert, now)

    def posts(
        self, group: Group, audible: tuple[Alert, ...], now: float, again: str = ""
    ) -> list[Post]:
        """One for each entry of the group's receiver that has something to hear of these. With a
        key in `again`: for each that was told before, whether anything is new or not, once."""
        if not audible or self._muter.route_muted_by(group.route, now):
            return []
        receiver = self._setup.receivers[group.route.manner.receiver]
        shown = tuple(map(self._with_tried, audible))
        notice = Notice(receiver.name, group.key, group.labels, shown, now, self._external_url)
        found = (
            self._post(notice, entry, notifier, group.route.manner.repeat_interval, again)
            for entry, notifier in receiver.entries.items()
        )
        return [post for post in found if post is not None]

    def _with_tried(self, alert: Alert) -> Alert:
        tried = self._tried(alert)
        if not tried:
            return alert
        return replace(alert, annotations=labels_of({**dict(alert.annotations), "tried": tried}))

    def _post(
        self, notice: Notice, entry: str, notifier: Notifier, repeat: float, again: str
    ) -> Post | None:
        firing = frozenset(alert.fingerprint for alert in notice.firing)
        resolved = frozenset(alert.fingerprint for alert in notice.resolved)
        if not (
            self._was_told(notice, entry)
            if again
            else self._is_due(notice, entry, notifier, repeat, firing, resolved)
        ):
            return None
        key = key_of(again, notice.group_key, notice.receiver, entry) if again else ""
        post = Post(notice, entry, firing, resolved, notice.at, notice.at, key)
        if notifier.send_resolved:
            return post
        if firing:
            shown = Notice(
                notice.receiver,
                notice.group_key,
                notice.group_labels,
                notice.firing,
                notice.at,
                notice.external_url,
            )
            return Post(shown, entry, firing, resolved, notice.at, notice.at, key)
        # It does not want to hear of ends; that it fires no more must be known all the same.
        post.status, post.done_at = Status.SENT, notice.at
        post.answer = "not sent: send_resolved is false"
        return post

    def _was_told(self, notice: Notice, entry: str) -> bool:
        slot = slot_of(notice.group_key, notice.receiver, entry)
        return self._outbox.told(slot) is not None or self._outbox.waiting(slot) is not None

    def _is_due(
        self,
        notice: Notice,
        entry: str,
        notifier: Notifier,
        repeat: float,
        firing: frozenset[str],
        resolved: frozenset[str],
    ) -> bool:
        slot = slot_of(notice.group_key, notice.receiver, entry)
        waiting = self._outbox.waiting(slot)
        if waiting is not None:
            # Not delivered yet: it shows what is true now, and is never dropped unsaid.
            same = (waiting.firing, waiting.resolved) == (firing, resolved)
            return not same and (bool(firing) or notifier.send_resolved)
        reason = reason_to_tell(
            self._outbox.told(slot),
            firing,
            resolved,
            send_resolved=notifier.send_resolved,
            repeat=repeat,
            now=notice.at,
        )
        if reason == "repeat" and self._acknowledgements.all_hold(firing, notice.at):
            return False
        return reason is not None
