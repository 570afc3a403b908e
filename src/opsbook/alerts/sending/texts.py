"""What an entry's settings say → texts about one notice."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from opsbook.alerts.model import Notice
from opsbook.alerts.templates.language.errors import TemplateError
from opsbook.alerts.templates.notice_data import NoticeData
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.metrics.scraping.notation import Text

_FEW = 100


class Texts:
    """Expands templates for one notice. Each call may block for seconds, where the template is
    of a kind that takes them; raises TemplateError.

    A text that grows too long because there are so many alerts tells of the first ones, and says
    how many more there are: a storm is told.
    """

    def __init__(self, notice: Notice, templates: NoticeTemplates) -> None:
        self.data = NoticeData.of(notice)
        self._notice, self._templates = notice, templates
        self._more = max(len(notice.alerts) - _FEW, 0)

    def __call__(self, text: str) -> str:
        return self._expanded(text, self._templates.expand, "\n… and {:,} more alerts")

    def html(self, text: str) -> str:
        return self._expanded(text, self._templates.expand_html, "<p>… and {:,} more alerts</p>")

    def _expanded(self, text: str, expand: Callable[[str, NoticeData], str], rest: str) -> str:
        try:
            return expand(text, self.data)
        except TemplateError:
            if not self._more:
                raise
        alerts, left_out = self._notice.alerts[:_FEW], self._notice.truncated + self._more
        few = replace(self._notice, alerts=alerts, truncated=left_out)
        return expand(text, NoticeData.of(few)) + rest.format(left_out)


def group_hash(notice: Notice) -> str:
    """What the same group has in each notice, as 64 hexadecimal digits: the same that
    Alertmanager gives, so that incidents it has opened are closed here."""
    return hashlib.sha256(notice.group_key.encode("utf-8", "replace")).hexdigest()


TemplateText = Text
"""Text with Go's templates in it, expanded for each notice; whether it can be is found out when
the configuration is read."""
