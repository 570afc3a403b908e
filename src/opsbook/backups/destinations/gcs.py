"""`gcs`: a bucket of Google Cloud Storage."""

from typing import Any, ClassVar

from obstore.store import GCSStore, ObjectStore
from pydantic import Field

from opsbook.backups.multipart import Multipart
from opsbook.backups.objects import Objects
from opsbook.backups.signatures import ServiceAccount
from opsbook.book.fields import Secret


class Gcs(Objects):
    """Keeps backups in a bucket of Google Cloud Storage. Without credentials, the machine's own
    are used, and what a dead upload left a rule of the bucket has to remove
    (AbortIncompleteMultipartUpload)."""

    scheme: ClassVar[str] = "gs"

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$")
    """Made beforehand."""
    credentials: Secret | None = None
    """The key file (JSON) of a service account that may create, get, list and delete objects."""

    @property
    def place(self) -> str:
        return self.bucket

    def connect(self, **options: Any) -> ObjectStore:
        config: Any = {}
        if self.endpoint is not None:
            config["base_url"] = self.endpoint
        if self.credentials is not None:
            config["service_account_key"] = self.credentials.reveal()
        return GCSStore(self.bucket, config=config, **options)

    def sweep(self, older_than: float) -> int:
        """Aborts uploads whose end never came, with the key of a service account."""
        with self.failing("sweep", ""):
            if self.credentials is None:
                return 0
            credentials = ServiceAccount.read(self.credentials.reveal())
            if credentials is None:
                return 0
            bucket = f"{self.endpoint or 'https://storage.googleapis.com'}/{self.bucket}"
            with Multipart(bucket, credentials, self.within / 3) as multipart:
                return multipart.abort(f"{self.below}/", older_than, self.writing)
