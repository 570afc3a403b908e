"""`s3`: a bucket of Amazon S3, or of a server that speaks its protocol."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from obstore.store import ObjectStore, S3Store
from pydantic import Field, model_validator

from opsbook.backups.multipart import Multipart
from opsbook.backups.objects import Objects
from opsbook.backups.signatures import AwsKeys
from opsbook.book.fields import Secret, TextOrSecret, revealed


class S3(Objects):
    """Keeps backups in a bucket of S3. Without keys, those of the machine's role or environment
    are used."""

    scheme: ClassVar[str] = "s3"

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    """Made beforehand."""
    region: str = "us-east-1"
    """Where the bucket is."""
    access_key: TextOrSecret | None = None
    """Its user needs to put, get, list and delete objects, and to list and abort multipart
    uploads."""
    secret_key: Secret | None = None
    """Belongs to the access key."""
    path_style: bool = False
    """Whether the bucket stands in the path and not in the host name, as most servers other than
    Amazon's want it."""
    storage_class: str | None = None
    """Of new objects, such as STANDARD_IA. One that has to be thawed first cannot be verified."""

    @model_validator(mode="after")
    def _keys_go_together(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("`access_key` and `secret_key` go together; give both or none")
        return self

    @property
    def place(self) -> str:
        return self.bucket

    @property
    def attributes(self) -> Mapping[str, str]:
        return {} if self.storage_class is None else {"Storage-Class": self.storage_class}

    @property
    def address(self) -> str:
        """Of the bucket itself."""
        at = self.endpoint or f"https://s3.{self.region}.amazonaws.com"
        scheme, _, host = at.rstrip("/").partition("://")
        if self.path_style:
            return f"{scheme}://{host}/{self.bucket}"
        return f"{scheme}://{self.bucket}.{host}"

    def connect(self, **options: Any) -> ObjectStore:
        config: Any = {
            "region": self.region,
            "virtual_hosted_style_request": not self.path_style,
            # One at a time tells which one was refused, and more servers speak it.
            "disable_bulk_delete": True,
        }
        if self.endpoint is not None:
            config["endpoint"] = self.address.removesuffix(f"/{self.bucket}")
        if self.access_key is not None and self.secret_key is not None:
            config["access_key_id"] = revealed(self.access_key)
            config["secret_access_key"] = self.secret_key.reveal()
        return S3Store(self.bucket, config=config, **options)

    def sweep(self, older_than: float) -> int:
        """Aborts uploads whose end never came. With the keys of a role it cannot, and a rule of
        the bucket (AbortIncompleteMultipartUpload) has to."""
        if self.access_key is None or self.secret_key is None:
            return 0
        with self.failing("sweep", ""):
            keys = AwsKeys(revealed(self.access_key), self.secret_key.reveal(), self.region)
            with Multipart(self.address, keys, self.within / 3) as multipart:
                return multipart.abort(f"{self.below}/", older_than, self.writing)
