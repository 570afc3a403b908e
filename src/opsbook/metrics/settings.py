"""The book's `metrics:` — where samples are kept."""

from opsbook.book.kinds import plugged
from opsbook.book.model import Section
from opsbook.metrics.store import Store


class MetricsSettings(Section):
    """A store, named by its kind; without this section samples are kept in the data directory."""

    @property
    def store(self) -> Store:
        store: Store = plugged(self, Store)[1]
        return store
