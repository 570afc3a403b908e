"""Relabelling: rules that rewrite the labels of a target or a series, or drop it.

Source: `relabel_config` in Prometheus' documentation, version 3.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, model_validator

from opsbook.book.model import Section
from opsbook.core.errors import BadInputError
from opsbook.metrics.regex import Pattern, compile_regex, expanded
from opsbook.metrics.scraping.notation import Count, LabelName, Many, Text

_NEED_TARGET = ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")
_TAKE_NO_REPLACEMENT = ("lowercase", "uppercase", "keepequal", "dropequal")
_TAKE_ONLY = {
    "keepequal": ("source_labels", "target_label"),
    "dropequal": ("source_labels", "target_label"),
    "labeldrop": ("regex",),
    "labelkeep": ("regex",),
}


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _regex(text: str) -> str:
    try:
        compile_regex(text)
    except BadInputError as error:
        raise ValueError(str(error)) from None
    return text


class RelabelConfig(Section):
    """One rule."""

    source_labels: Many[LabelName] = []
    """Labels whose values, joined, are what the rule looks at."""
    separator: Text = ";"
    """Stands between the joined values."""
    regex: Annotated[Text, AfterValidator(_regex)] = "(.*)"
    """RE2; matches the whole text or not at all."""
    modulus: Count = 0
    """Of `hashmod`."""
    target_label: Text = ""
    """The label that the result is written to; `$1` stands for a group of the regex."""
    replacement: Text = "$1"
    """What takes the place of a match; `$1` is its first group."""
    action: Annotated[
        Literal[
            "replace",
            "keep",
            "drop",
            "keepequal",
            "dropequal",
            "hashmod",
            "labelmap",
            "labeldrop",
            "labelkeep",
            "lowercase",
            "uppercase",
        ],
        BeforeValidator(_lower),
    ] = "replace"
    """What to do with a match, as in Prometheus."""

    @model_validator(mode="after")
    def _consistent(self) -> "RelabelConfig":
        if self.action in _NEED_TARGET and not self.target_label:
            raise ValueError(f"{self.action} needs a target_label")
        if self.action == "hashmod" and not self.modulus:
            raise ValueError("hashmod needs a modulus: write one greater than 0")
        if self.action == "labelmap" and not self.replacement:
            raise ValueError("labelmap needs a replacement")
        if self.action in _TAKE_NO_REPLACEMENT and self.replacement != "$1":
            raise ValueError(f"{self.action} takes no replacement: remove it")
        only = _TAKE_ONLY.get(self.action)
        surplus = [name for name in self._given() if name not in (*(only or ()), "action")]
        if only and surplus:
            takes = " and ".join(only)
            raise ValueError(f"{self.action} takes only {takes}: remove {', '.join(surplus)}")
        return self

    def _given(self) -> list[str]:
        """What differs from its default; a list or a regex that is given counts even if not."""
        fields = type(self).model_fields
        return [
            name
            for name in fields
            if name in self.model_fields_set
            and (name in ("source_labels", "regex") or getattr(self, name) != fields[name].default)
        ]


def relabel(labels: Mapping[str, str], configs: Sequence[RelabelConfig]) -> dict[str, str] | None:
    """The labels as the rules leave them, one after the other; None if one drops them."""
    left = {name: value for name, value in labels.items() if value}
    for config in configs:
        if not _apply(config, left):
            return None
    return left


def _apply(config: RelabelConfig, labels: dict[str, str]) -> bool:
    """Change the labels as one rule says; False if it drops them."""
    pattern = compile_regex(config.regex)
    value = config.separator.join(labels.get(name, "") for name in config.source_labels)
    match config.action:
        case "keep":
            return pattern.fullmatch(value) is not None
        case "drop":
            return pattern.fullmatch(value) is None
        case "keepequal":
            return labels.get(config.target_label, "") == value
        case "dropequal":
            return labels.get(config.target_label, "") != value
        case "replace":
            _replace(config, pattern, value, labels)
        case "hashmod":
            _set(labels, config.target_label, str(_hashed(value) % config.modulus))
        case "lowercase":
            _set(labels, config.target_label, _lowercase(value))
        case "uppercase":
            _set(labels, config.target_label, _uppercase(value))
        case "labelmap":
            _map(config, pattern, labels)
        case "labeldrop" | "labelkeep":
            for name in list(labels):
                if (pattern.fullmatch(name) is not None) == (config.action == "labeldrop"):
                    del labels[name]
    return True


def _replace(config: RelabelConfig, pattern: Pattern, value: str, labels: dict[str, str]) -> None:
    found = pattern.fullmatch(value)
    if found is not None:
        target = expanded(config.target_label, found)
        _set(labels, target, expanded(config.replacement, found))


def _map(config: RelabelConfig, pattern: Pattern, labels: dict[str, str]) -> None:
    for name, value in list(labels.items()):
        found = pattern.fullmatch(name)
        if found is not None:
            _set(labels, expanded(config.replacement, found), value)


def _set(labels: dict[str, str], name: str, value: str) -> None:
    """An empty value is the same as no label; there is no label without a name."""
    if name and value:
        labels[name] = value
    else:
        labels.pop(name, None)


def _hashed(value: str) -> int:
    """The last eight bytes of the MD5 sum, as Prometheus takes them."""
    return int.from_bytes(hashlib.md5(value.encode(), usedforsecurity=False).digest()[8:], "big")


def _lowercase(text: str) -> str:
    """Letter by letter, each to one letter, as Go does it (Unicode's simple case mapping)."""
    return text.lower() if text.isascii() else "".join(letter.lower()[0] for letter in text)


def _uppercase(text: str) -> str:
    return text.upper() if text.isascii() else "".join(map(_capital, text))


def _capital(letter: str) -> str:
    """`ß` has no single capital and stays; the one of `ᾳ` is what Unicode calls its title."""
    return next((case for case in (letter.upper(), letter.title()) if len(case) == 1), letter)
