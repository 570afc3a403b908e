"""What changed of one kind of thing."""

import pytest
from pydantic import BaseModel

from opsbook.web.live.topic import News, Topic, as_object


class Shown(BaseModel):
    size: int


class Shelf:
    """Sizes by name, and how often each was made into an item."""

    def __init__(self, **sizes: int) -> None:
        self.sizes: dict[str, int] | None = dict(sizes)
        self.made: list[int] = []

    def shown(self, size: int) -> Shown:
        self.made.append(size)
        return Shown(size=size)

    def topic(self, *, marked: bool = True, written: bool = False) -> Topic[int]:
        mark = (lambda size: size) if marked else None
        return Topic("shelf", lambda: self.sizes, self.shown, mark, written=written)


def told(news: News | None) -> tuple[dict[str, str], list[str]]:
    assert news is not None
    return news.set, news.gone


def test_at_first_everything_is_news() -> None:
    assert told(Shelf(a=1, b=2).topic().news(1)) == ({"a": '{"size":1}', "b": '{"size":2}'}, [])


def test_what_is_known_to_be_empty_is_news_once() -> None:
    topic = Shelf().topic()
    assert told(topic.news(1)) == ({}, [])
    assert topic.news(2) is None


def test_what_is_not_known_is_no_news() -> None:
    shelf = Shelf()
    shelf.sizes = None
    topic = shelf.topic()
    assert topic.news(1) is None
    assert topic.items is None


def test_only_what_has_changed_is_told() -> None:
    shelf = Shelf(a=1, b=2)
    topic = shelf.topic()
    topic.news(1)
    shelf.sizes = {"a": 1, "b": 3, "c": 4}
    assert told(topic.news(100)) == ({"b": '{"size":3}', "c": '{"size":4}'}, [])
    shelf.sizes = {"c": 4}
    assert told(topic.news(200)) == ({}, ["a", "b"])
    assert topic.items == {"c": '{"size":4}'}
    assert topic.news(300) is None


def test_an_item_is_made_only_where_its_mark_is_another() -> None:
    shelf = Shelf(a=1, b=2)
    topic = shelf.topic()
    topic.news(1)
    topic.news(100)
    assert shelf.made == [1, 2]


def test_without_a_mark_it_is_made_each_time_and_told_only_where_it_is_another() -> None:
    shelf = Shelf(a=1)
    topic = shelf.topic(marked=False)
    topic.news(1)
    assert topic.news(100) is None
    assert shelf.made == [1, 1]


def test_between_rounds_only_what_was_touched_is_looked_at() -> None:
    shelf = Shelf(a=1, b=2, c=3)
    topic = shelf.topic()
    topic.news(1)
    shelf.sizes = {"a": 10, "b": 20}
    topic._round_at = 50
    topic.touch("b", "c", "never there")
    assert told(topic.news(2)) == ({"b": '{"size":20}'}, ["c"])
    assert topic.news(3) is None
    assert told(topic.news(50)) == ({"a": '{"size":10}'}, [])


def test_what_takes_long_is_gone_through_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 0.02, 5.0, 7.0])
    monkeypatch.setattr("opsbook.web.live.topic.perf_counter", lambda: next(moments))
    topic = Shelf(a=1).topic()
    topic.news(100)
    assert topic._round_at == pytest.approx(102)
    topic.touch()
    topic.news(101)
    assert topic._round_at == pytest.approx(111)


def test_what_is_written_down_is_gone_through_when_something_was() -> None:
    shelf = Shelf(a=1)
    topic = shelf.topic(written=True)
    topic.news(100)
    shelf.sizes = {"a": 2}
    assert topic.news(101) is None
    topic.stir()
    assert told(topic.news(101.1)) == ({"a": '{"size":2}'}, [])


def test_what_time_itself_changes_is_found_a_little_later() -> None:
    shelf = Shelf(a=1)
    topic = shelf.topic(written=True)
    topic.news(100)
    shelf.sizes = {"a": 2}
    assert told(topic.news(102)) == ({"a": '{"size":2}'}, [])


def test_much_that_is_written_down_does_not_take_more_than_its_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([0.0, 0.05, 0.0, 0.0, 0.0])
    monkeypatch.setattr("opsbook.web.live.topic.perf_counter", lambda: next(moments))
    shelf = Shelf(a=1)
    topic = shelf.topic(written=True)
    topic.news(100)
    shelf.sizes = {"a": 2}
    topic.stir()
    assert topic.news(104) is None
    assert told(topic.news(105)) == ({"a": '{"size":2}'}, [])


def test_much_is_made_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsbook.web.live.topic._AT_ONCE", 2)
    topic = Shelf(a=1, b=2, c=3).topic()
    first, _ = told(topic.news(1))
    assert (len(first), topic.more) == (2, True)
    second, _ = told(topic.news(1))
    assert (first | second).keys() == {"a", "b", "c"}
    assert not topic.more


def test_what_failed_is_told_once_it_does_not() -> None:
    shelf = Shelf(a=1)
    topic = shelf.topic()
    topic.news(1)
    shelf.sizes = {"a": 2, "b": "bad"}  # type: ignore[dict-item]
    topic.touch("a", "b")
    with pytest.raises(ValueError, match="size"):
        topic.news(100)
    assert topic.items == {"a": '{"size":1}'}
    shelf.sizes = {"a": 2, "b": 3}
    assert told(topic.news(101)) == ({"a": '{"size":2}', "b": '{"size":3}'}, [])


def test_any_key_is_one_of_json() -> None:
    assert as_object({'a"b': "1", "ü": "2"}) == '{"a\\"b":1,"\\u00fc":2}'
