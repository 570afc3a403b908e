"""S3's unfinished multipart uploads, which cost money and are listed nowhere: found and aborted.

Google's XML API has the same requests; obstore has none for them.
"""

import time
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import httpx2

_MOST_PAGES = 1000
_LONGEST_ANSWER = 8 * 2**20
"""Bytes; a page of a thousand uploads has less than one."""


class Signer(Protocol):
    """Whose requests these are."""

    def sign(self, method: str, url: str, at: datetime) -> dict[str, str]:
        """The headers of a request without a body."""


class Multipart:
    """Asks a bucket. Raises OSError with the status and S3's own words, as obstore has them."""

    def __init__(self, bucket: str, signer: Signer, timeout: float) -> None:
        """`bucket` is its address."""
        self._bucket, self._signer = bucket, signer
        self._client = httpx2.Client(timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._client.close()

    def abort(self, prefix: str, older_than: float, living: Collection[str]) -> int:
        """Abort uploads below the prefix that began so many seconds ago, but for the living."""
        before, aborted = time.time() - older_than, 0
        for key, upload, began in list(self._uploads(prefix)):
            if began < before and key.removeprefix(prefix) not in living:
                self._ask("DELETE", f"/{quote(key)}", {"uploadId": upload})
                aborted += 1
        return aborted

    def _uploads(self, prefix: str) -> Iterator[tuple[str, str, float]]:
        """Key, its upload's name, and when that began."""
        query = {"prefix": prefix, "uploads": ""}
        for _ in range(_MOST_PAGES):
            page = self._ask("GET", "/", query)
            for each in page.iter("Upload"):
                began = datetime.fromisoformat(each.findtext("Initiated", ""))
                yield each.findtext("Key", ""), each.findtext("UploadId", ""), began.timestamp()
            if page.findtext("IsTruncated") != "true":
                return
            query["key-marker"] = page.findtext("NextKeyMarker", "")
            query["upload-id-marker"] = page.findtext("NextUploadIdMarker", "")

    def _ask(self, method: str, path: str, query: Mapping[str, str]) -> ElementTree.Element:
        """What it answers, without the name space that not every server gives."""
        words = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
        url = f"{self._bucket}{path}?{words}"
        try:
            headers = self._signer.sign(method, url, datetime.now(UTC))
            answer = self._client.request(method, url, headers=headers)
        except httpx2.HTTPError as error:
            raise OSError(f"Error performing {method} - {error}") from None
        if answer.status_code == 404 and method == "DELETE":
            return ElementTree.Element("gone")
        if not answer.is_success:
            said = f"status code: {answer.status_code}: {answer.text[:2000]}"
            raise OSError(f"Error performing {method} - {said}")
        if not answer.content:
            return ElementTree.Element("nothing")
        return _plain(answer.content[:_LONGEST_ANSWER])


def _plain(answer: bytes) -> ElementTree.Element:
    try:
        page = ElementTree.fromstring(answer)  # noqa: S314 - expat refuses entities that explode
    except ElementTree.ParseError as error:
        raise OSError(f"the answer is not XML: {error}") from None
    for each in page.iter():
        each.tag = each.tag.rpartition("}")[2]
    return page
