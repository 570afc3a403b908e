"""Content type → format."""

from opsbook.metrics.exposition.format import Format
from opsbook.metrics.exposition.openmetrics import OpenMetrics
from opsbook.metrics.exposition.text import Text
from opsbook.probes.exposition import ExpositionError

_FORMATS: dict[str, Format] = {
    "text/plain": Text(),
    "application/openmetrics-text": OpenMetrics(),
}


def format_of(content_type: str) -> Format:
    """Raises ExpositionError, as Prometheus 3 does, where the type is missing or another."""
    media_type = content_type.partition(";")[0].strip().lower()
    found = _FORMATS.get(media_type)
    if found is None:
        said = f"the content type is {media_type!r}" if media_type else "there is no content type"
        raise ExpositionError(f"{said}: metrics come as {' or '.join(_FORMATS)}")
    return found
