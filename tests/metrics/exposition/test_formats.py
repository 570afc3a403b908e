"""Content types."""

import pytest

from opsbook.metrics.exposition.formats import format_of
from opsbook.metrics.exposition.openmetrics import OpenMetrics
from opsbook.metrics.exposition.reader import ExpositionError
from opsbook.metrics.exposition.text import Text


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("text/plain", Text),
        ("Text/Plain ; version=0.0.4", Text),
        ("text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8", Text),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", OpenMetrics),
    ],
)
def test_the_content_type_decides(content_type: str, kind: type) -> None:
    assert isinstance(format_of(content_type), kind)


@pytest.mark.parametrize(
    ("content_type", "said"),
    [
        ("", "there is no content type: metrics come as text/plain or"),
        ("text/html; charset=utf-8", "the content type is 'text/html'"),
        ("application/vnd.google.protobuf", "the content type is 'application/vnd"),
    ],
)
def test_another_one_is_refused(content_type: str, said: str) -> None:
    with pytest.raises(ExpositionError, match=said):
        format_of(content_type)
