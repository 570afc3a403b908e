"""`apprise_configs`: any of the services that apprise knows, by its URL. Opsbook's own key."""

import asyncio
import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator

from opsbook.alerts.model import Notice
from opsbook.alerts.notifier import Delivery, Notifier, NotSentError
from opsbook.alerts.sending.address import HeldText, revealed_text
from opsbook.alerts.sending.texts import TemplateText, Texts
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.core.errors import BadInputError
from opsbook.core.secrets import Secret, inherited_environment
from opsbook.metrics.scraping.secret import PlainSecret

_SCHEME = re.compile(r"([a-zA-Z][\w+.-]*)://.+", re.DOTALL)
_STATUS = re.compile(r"error=(\d{3})\b")
_LOST = re.compile(
    r"read timed? ?out|connection aborted|remote end closed|reset by peer", re.IGNORECASE
)
_UNSENT = re.compile(
    r"failed to establish a new connection|connect timeout|name or service not known"
    r"|failed to resolve|connection refused|certificate verify failed",
    re.IGNORECASE,
)
_MOST_OUTPUT = 256 * 1024
_SHORTEST_HIDDEN = 6


def _with_scheme(value: Any) -> Any:
    text = value.reveal() if isinstance(value, PlainSecret) else value
    if text is None or (isinstance(text, str) and not _SCHEME.fullmatch(text)):
        raise ValueError("not a URL of apprise: write, for example, ntfy://TOPIC")
    return value


class Apprise(Notifier):
    """Hands a title and a text to apprise, in a process of its own."""

    patience: ClassVar[float] = 25.0
    """Seconds: less than the outbox allows."""
    misplaced: ClassVar[Mapping[str, str]] = {
        "urls": "write an entry for each, with url",
        "text": "write it as message",
        "body": "write it as message",
    }

    url: Annotated[HeldText, AfterValidator(_with_scheme)]
    """As apprise writes it: `ntfy://TOPIC`, `mmosts://HOST/TOKEN`."""
    title: TemplateText = '{{ template "email.default.subject" . }}'
    """Above the message, where the service has titles."""
    message: TemplateText = '{{ template "opsbook.message" . }}'
    """What people read."""
    format: Literal["text", "markdown", "html"] = "text"
    """What the message is; apprise makes of it what the service takes."""

    @property
    def target(self) -> str:
        if isinstance(self.url, Secret) and not isinstance(self.url, PlainSecret):
            return f"apprise {self.url.reference}"
        return f"apprise {revealed_text(self.url).partition('://')[0]}://***"

    async def send(self, notice: Notice, key: str, templates: NoticeTemplates) -> Delivery:
        try:
            asked = await asyncio.to_thread(self._asked, notice, templates)
            async with asyncio.timeout(self.patience):
                answer = await _ask(asked)
        except BadInputError as error:
            raise NotSentError(f"{self.target}: {error}", permanent=True) from None
        except TimeoutError:
            late = f"{self.target}: not done within {self.patience:g} s"
            raise NotSentError(late, uncertain=True) from None
        self._judge(answer, asked["url"])
        return Delivery("apprise has sent it")

    def _asked(self, notice: Notice, templates: NoticeTemplates) -> dict[str, str]:
        texts = Texts(notice, templates)
        expand = texts.html if self.format == "html" else texts
        return {
            "url": revealed_text(self.url),
            "title": texts(self.title).strip(),
            "body": expand(self.message).strip() or "(no text)",
            "type": "failure" if notice.firing else "success",
            "format": self.format,
        }

    def _judge(self, answer: Mapping[str, Any], url: str) -> None:
        """Apprise says yes or no; why not stands in its log alone."""
        if answer["sent"]:
            return
        log: list[str] = answer["log"]
        said = _hidden(" | ".join(log), url)[-500:]
        if answer["sent"] is None:
            text = f"{self.target}: apprise does not know such a URL: {said}"
            raise NotSentError(text, permanent=True)
        permanent, uncertain = _outcome(log)
        raise NotSentError(f"{self.target}: {said}", permanent=permanent, uncertain=uncertain)


def _outcome(log: Sequence[str]) -> tuple[bool, bool]:
    """Whether it is refused for ever, and whether it may have arrived."""
    text = "\n".join(log)
    statuses = [int(code) for code in _STATUS.findall(text)]
    if statuses:
        return all(400 <= code < 500 and code not in (408, 429) for code in statuses), False
    return False, bool(_LOST.search(text)) or not _UNSENT.search(text)


def _hidden(text: str, url: str) -> str:
    parts = {part for part in re.split(r"[/:@?&=#,]+", url) if len(part) >= _SHORTEST_HIDDEN}
    for part in sorted({url, *parts}, key=len, reverse=True):
        text = text.replace(part, "***")
    return text


async def _ask(asked: Mapping[str, str]) -> Mapping[str, Any]:
    """What the program answers; cancelled, it is killed."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "opsbook.alerts.sending.apprise_child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=inherited_environment(),
    )
    try:
        out, _ = await child.communicate(json.dumps(asked).encode())
        answer = json.loads(out[:_MOST_OUTPUT])
        return answer if isinstance(answer, dict) else {"sent": False, "log": []}
    except ValueError:
        raise NotSentError("apprise ended without an answer", uncertain=True) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
