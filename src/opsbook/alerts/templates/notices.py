"""Templates of notices, as Alertmanager expands them: its functions, its data, its default texts
by their names.

Specification: Alertmanager's "Notification template reference" of version 0.28, with what later
versions added. HTML differs from Go's `html/template` in this: every value is escaped alike,
wherever in the page it stands (Go knows scripts, styles and addresses apart, and drops comments).
So values belong between tags and into attributes in quotes, and not into `<script>` or `<style>`.
An address whose scheme could run something (`javascript:`) is taken out, as Go does it.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote_plus

from opsbook.alerts.templates import humanize, patterns, words
from opsbook.alerts.templates.json_text import to_json
from opsbook.alerts.templates.language import escapes
from opsbook.alerts.templates.language.errors import CallError, TemplateError
from opsbook.alerts.templates.language.format import shown
from opsbook.alerts.templates.language.functions import Function, functions
from opsbook.alerts.templates.language.limits import LONGEST, Limits, TextBuffer
from opsbook.alerts.templates.language.nodes import Definitions
from opsbook.alerts.templates.language.template import Template, combined, plain
from opsbook.alerts.templates.language.values import Html, Strings, Struct, Url, Value
from opsbook.alerts.templates.times import Duration, Time, zone_of

_DEFAULTS = tuple(Path(__file__).parent / "defaults" / name for name in ("texts.tmpl", "mail.tmpl"))
_LIMITS = Limits()
_WORD = re.compile(r"\w+(?:['’.:·]\w+)*")
_CASED = re.compile(r"[^\W\d_]")
_ADDRESS_BEGINS = re.compile(
    r"\b(?:href|src|action|formaction|cite|poster)\s*=\s*[\"']?$", re.IGNORECASE
)
_SCHEME = re.compile(r"[^/?#]*:")
_SAFE_SCHEMES = ("http:", "https:", "mailto:")
_UNSAFE_ADDRESS = "#ZgotmplZ"
"""What Go puts in the place of an address that it does not trust."""


class NoticeTemplates:
    """The default templates, and over them those of files, in their order.

    Reading them raises TemplateError, which names the file, the line and the column. Expanding
    blocks, for as long as the limits allow.
    """

    def __init__(self, files: Iterable[Path] = (), limits: Limits = _LIMITS) -> None:
        self._limits = limits
        self._definitions: Definitions = {}
        for file in (*_DEFAULTS, *files):
            self._add(file)

    def check(self, text: str, name: str = "") -> None:
        """Read a text that will be expanded, when its receiver is loaded. Raises TemplateError."""
        _parsed(text, name)

    def expand(self, text: str, data: Struct) -> str:
        """As plain text; `data` is a NoticeData. Raises TemplateError."""
        return self._expand(text, data, _FUNCTIONS, plain)

    def expand_html(self, text: str, data: Struct) -> str:
        """As HTML: values are escaped unless `safeHtml` made them. Raises TemplateError."""
        return self._expand(text, data, _HTML_FUNCTIONS, _as_html)

    def _expand(
        self,
        text: str,
        data: Struct,
        known: Mapping[str, Function],
        show: Callable[[Value, str], str],
    ) -> str:
        if "{{" not in text:
            return text
        template = _parsed(text, "")
        return template.execute(data, known, self._definitions, self._limits, show=show)

    def _add(self, file: Path) -> None:
        try:
            with file.open(encoding="utf-8") as opened:
                text = opened.read(LONGEST + 1)
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateError(f"template {file}: cannot be read: {error}") from None
        template = Template.parse(text, str(file), _FUNCTIONS)
        whole = {file.name: template.main, **template.definitions}
        self._definitions = combined(self._definitions, whole)


@lru_cache(maxsize=1024)
def _parsed(text: str, name: str) -> Template:
    return Template.parse(text, name, _FUNCTIONS)


def _as_html(value: Value, before: str) -> str:
    """`before` is what was written last."""
    if isinstance(value, Html):
        return str(value)
    text = "" if value is None else shown(value)
    if _ADDRESS_BEGINS.search(before) and not isinstance(value, Url):
        scheme = _SCHEME.match(text)
        if scheme and scheme[0].lower() not in _SAFE_SCHEMES:
            return _UNSAFE_ADDRESS
    return escapes.page(text)


def _title(text: str) -> str:
    """The first letter of each word large, the others small."""

    def word(found: re.Match[str]) -> str:
        small = words.lower(found[0])
        return _CASED.sub(lambda letter: words.title_of(letter[0]), small, count=1)

    return _WORD.sub(word, text)


def _join(separator: str, texts: Strings) -> str:
    out = TextBuffer()
    for position, text in enumerate(texts):
        out.add(separator if position else "")
        out.add(text)
    return str(out)


def _trim_space(text: str) -> str:
    return text.strip()


def _string_slice(*texts: str) -> Strings:
    return Strings(texts)


def _safe_url(text: str) -> Url:
    return Url(text)


def _url_unescape(text: str) -> str:
    if re.search(r"%(?![0-9a-fA-F]{2})", text):
        raise CallError(f"{text[:40]!r} has a % without two hexadecimal digits")
    return unquote_plus(text, errors="surrogateescape")


def _date(layout: str, at: Time) -> str:
    return at.format(layout)


def _in_zone(name: str, at: Time) -> Time:
    return Time(at.at, zone_of(name))


def _now() -> Time:
    return Time(time.time_ns())


def _since(at: Time) -> Duration:
    return _now().since(at)


def _list(*values: object) -> list[Value]:
    return list(values)


def _append(values: list, *more: object) -> list[Value]:  # type: ignore[type-arg]
    return [*values, *more]


def _dict(*pairs: object) -> dict[str, Value]:
    names, values = pairs[::2], pairs[1::2]
    if len(names) != len(values) or not all(isinstance(name, str) for name in names):
        raise CallError("takes names, which are texts, each with a value")
    return {str(name): value for name, value in zip(names, values, strict=True)}


def _html_once(*values: object) -> Html:
    """`html` in a page: what it has escaped is not escaped again."""
    return Html(escapes.page("".join(shown(value) for value in values)))


_CALLS: Mapping[str, Callable[..., Value]] = {
    "toUpper": words.upper,
    "toLower": words.lower,
    "title": _title,
    "trimSpace": _trim_space,
    "join": _join,
    "match": patterns.match,
    "reReplaceAll": patterns.replace_all,
    "safeHtml": words.safe_html,
    "safeUrl": _safe_url,
    "urlUnescape": _url_unescape,
    "stringSlice": _string_slice,
    "date": _date,
    "tz": _in_zone,
    "now": _now,
    "since": _since,
    "humanizeDuration": humanize.humanize_duration,
    "toJson": to_json,
    "list": _list,
    "append": _append,
    "dict": _dict,
}
_FUNCTIONS: dict[str, Function] = functions(_CALLS)
_HTML_FUNCTIONS = {**_FUNCTIONS, **functions({"html": _html_once})}
