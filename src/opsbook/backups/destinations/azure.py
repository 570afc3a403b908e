"""`azure`: a container of Azure Blob Storage."""

from typing import Any, ClassVar, Self

from obstore.store import AzureStore, ObjectStore
from pydantic import Field, model_validator

from opsbook.backups.objects import Objects
from opsbook.book.fields import Secret


class Azure(Objects):
    """Keeps backups in a container of Azure Blob Storage. Without a key, the machine's identity
    is used. What a dead upload left, Azure removes after a week."""

    scheme: ClassVar[str] = "azure"

    account: str = Field(pattern=r"^[a-z0-9]{3,24}$")
    """Name of the storage account."""
    container: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")
    """Made beforehand."""
    key: Secret | None = None
    """One of the account's two keys."""
    sas: Secret | None = None
    """A shared access signature that may read, add, create, write, delete and list."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.key is not None and self.sas is not None:
            raise ValueError("give `key` or `sas`, not both")
        return self

    @property
    def place(self) -> str:
        return self.container

    def connect(self, **options: Any) -> ObjectStore:
        config: Any = {"account_name": self.account}
        if self.endpoint is not None:
            config["endpoint"] = self.endpoint
        if self.key is not None:
            config["account_key"] = self.key.reveal()
        if self.sas is not None:
            config["sas_key"] = self.sas.reveal().removeprefix("?")
        return AzureStore(self.container, config=config, **options)
