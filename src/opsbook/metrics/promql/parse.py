"""Text → tree. promql-parser reads the grammar; what it lacks is mended before and after."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import promql_parser as foreign

from opsbook.core.labels import NAME
from opsbook.metrics.model import Matcher
from opsbook.metrics.promql.durations import Duration
from opsbook.metrics.promql.errors import bad_query
from opsbook.metrics.promql.nodes import (
    Aggregate,
    At,
    Binary,
    Call,
    Matching,
    Negative,
    Node,
    Number,
    RangeSelector,
    Selector,
    Subquery,
    Text,
    When,
    type_of,
)
from opsbook.metrics.promql.rewrite import CallPlaces, Rewritten, rewrite

_MATCH_OPS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
"""By the names of promql-parser's members, which cannot be keys themselves."""
_MANY: dict[str, Literal["left", "right"]] = {"ManyToOne": "left", "OneToMany": "right"}
_AGGREGATIONS = frozenset(
    (
        *("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"),
        *("topk", "bottomk", "quantile", "count_values"),
    )
)


@lru_cache(maxsize=512)
def parse(text: str) -> Node:
    """Raises QueryError with Prometheus' type `bad_data`."""
    try:
        rewritten = rewrite(text)
        return _Reader(rewritten).read(foreign.parse(rewritten.text))
    except ValueError as error:
        raise bad_query(f"1:1: parse error: {error}") from None
    except RecursionError:
        raise bad_query("1:1: parse error: the expression is nested too deeply") from None


class _Reader:
    """Turns promql-parser's tree into ours, call by call in the order of the text."""

    def __init__(self, rewritten: Rewritten) -> None:
        self._durations = rewritten.durations
        self._times = rewritten.times
        self._places: Iterator[CallPlaces] = iter(rewritten.calls)

    def read(self, tree: object) -> Node:
        match tree:
            case foreign.ParenExpr():
                return self.read(tree.expr)
            case foreign.NumberLiteral():
                return Number(tree.val)
            case foreign.StringLiteral():
                return Text(tree.val)
            case foreign.VectorSelector():
                return self._selector(tree)
            case foreign.MatrixSelector():
                selector = self._selector(tree.vector_selector)
                return RangeSelector(selector, self._duration(tree.range))
            case foreign.SubqueryExpr():
                return self._subquery(tree)
            case foreign.UnaryExpr():
                return Negative(self.read(tree.expr))
            case foreign.BinaryExpr():
                return self._binary(tree)
            case foreign.AggregateExpr():
                return self._aggregate(tree)
            case foreign.Call():
                return self._call(tree)
        raise bad_query(f"1:1: parse error: unknown expression: {tree}")

    def _selector(self, tree: foreign.VectorSelector) -> Selector:
        if tree.matchers.or_matchers:
            raise bad_query('1:1: parse error: unexpected identifier "or" in label matching')
        matchers = [
            Matcher(m.name, _MATCH_OPS[_member(m.op)], m.value) for m in tree.matchers.matchers
        ]
        if tree.name is not None:
            matchers.insert(0, Matcher(NAME, "=", tree.name))
        return Selector(tuple(matchers), self._when(tree))

    def _subquery(self, tree: foreign.SubqueryExpr) -> Subquery:
        inner = self.read(tree.expr)
        length = self._duration(tree.range)
        step = None if tree.step is None else self._duration(tree.step)
        return Subquery(inner, length, step, self._when(tree))

    def _when(self, tree: foreign.VectorSelector | foreign.SubqueryExpr) -> When:
        offset = None if tree.offset is None else self._duration(tree.offset)
        return When(offset, self._at(tree.at))

    def _at(self, modifier: foreign.AtModifier | None) -> At | None:
        if modifier is None:
            return None
        if modifier.type == foreign.AtModifierType.Start:
            return "start"
        if modifier.type == foreign.AtModifierType.End:
            return "end"
        assert modifier.at is not None
        return self._times[round(modifier.at.timestamp()) - 1]

    def _duration(self, index: object) -> Duration:
        return self._durations[round(index.total_seconds()) - 1]  # type: ignore[attr-defined]

    def _binary(self, tree: foreign.BinaryExpr) -> Binary:
        left, right = self.read(tree.lhs), self.read(tree.rhs)
        modifier = tree.modifier
        op = str(tree.op)
        if modifier is None:
            return Binary(op, left, right, False, Matching(False, (), "", ()))
        fill = modifier.fill_values
        if fill is not None and (fill.lhs is not None or fill.rhs is not None):
            raise bad_query("1:1: parse error: fill modifiers are experimental and not enabled")
        return Binary(op, left, right, modifier.return_bool, _matching(modifier))

    def _aggregate(self, tree: foreign.AggregateExpr) -> Aggregate:
        op = str(tree.op)
        if op not in _AGGREGATIONS:
            raise bad_query(f"1:1: parse error: {op}() is experimental and not enabled")
        places = next(self._places)
        param = None if tree.param is None else self.read(tree.param)
        inner = self.read(tree.expr)
        if type_of(inner) != "vector":
            raise bad_query(
                f"{places.name}: parse error: expected type instant vector in aggregation"
                f" expression, got {type_of(inner)}"
            )
        without = (
            tree.modifier is not None and tree.modifier.type == foreign.AggModifierType.Without
        )
        labels = tuple(tree.modifier.labels) if tree.modifier is not None else ()
        return Aggregate(op, inner, param, without, labels, (*places.args, places.name)[0])

    def _call(self, tree: foreign.Call) -> Call:
        name = tree.func.name
        if tree.func.experimental:
            raise bad_query(f'1:1: parse error: function "{name}" is not enabled')
        places = next(self._places)
        args = tuple(self.read(arg) for arg in tree.args)
        return Call(name, args, places.name, places.args)


def _member(value: object) -> str:
    return str(value).rpartition(".")[2]


def _matching(modifier: foreign.BinModifier) -> Matching:
    labels = modifier.matching
    return Matching(
        on=labels is not None and labels.type == foreign.LabelModifierType.Include,
        labels=tuple(labels.labels) if labels is not None else (),
        many=_MANY.get(_member(modifier.card), ""),
        include=tuple(modifier.group_labels or ()),
    )
