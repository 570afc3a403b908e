"""What an object store refused, for people: which request, its status and what to do.

Addresses are left out: a signed one (Azure's SAS) holds the right to everything there.
"""

import re

from opsbook.backups.destination import DestinationError
from opsbook.core.secrets import mask

_STATUS = re.compile(r"status code: (\d{3})|\(code: (\d{3})\)")
_METHOD = re.compile(r"Error performing (\w+) ")
_CODE = re.compile(r"<Code>([\w.]+)</Code>")
_REASON = re.compile(r'<Message>([^<]+)|"message":\s*"([^"]+)"|"error_description":\s*"([^"]+)"')
_SYSTEM = re.compile(r'message: "([^"]+)"|kind: (TimedOut|Timeout)|(invalid peer certificate: \w+)')
_RETRIES = re.compile(r"after (\d+) retries")
_LONGEST = 200

_BY_CODE = {
    "SignatureDoesNotMatch": "the secret key does not belong to the access key; give the right one",
    "InvalidAccessKeyId": "the access key is not known there; give the right one",
    "RequestTimeTooSkewed": "this machine's clock is wrong; set it",
    "ExpiredToken": "the credentials have expired; give fresh ones",
    "NoSuchUpload": "it was ended already, perhaps swept; run the backup again",
    "InvalidBlockList": "it was ended already, or replaced; run the backup again",
    "NoSuchBucket": "make the bucket, or mend its name",
    "ContainerNotFound": "make the container, or mend its name",
    "AuthenticationFailed": "the key is wrong or expired, or this machine's clock is; mend it",
    "AuthorizationPermissionMismatch": "let these credentials {doing} there",
    "AuthorizationFailure": "the key is wrong, or not let in from this address; mend it",
    "AuthorizationHeaderMalformed": "the bucket is in another region; mend `region`",
    "PermanentRedirect": "the bucket is in another region; mend `region` or `endpoint`",
    "QuotaExceeded": "raise the quota, or keep fewer backups",
    "InvalidObjectState": "it is in cold storage; have it brought back first",
}
_BY_STATUS = {
    "301": "it is in another region; mend `region` or `endpoint`",
    "401": "the credentials are not accepted; give the right ones, and look at the clock",
    "403": "let these credentials {doing} there; also look whether they are right, and the clock",
    "404": "there is no such place; make it, or mend its name",
    "429": "it asks for less; keep fewer backups at once",
    "507": "it is full; free some room, or keep fewer backups",
}
_ENDED = {"NoSuchUpload", "InvalidBlockList"}
"""What a completion says that was done before, when its answer got lost."""
_PASSING = {"408", "409", "425", "429"}


def refusal(subject: str, doing: str, name: str, error: BaseException) -> DestinationError:
    """The error of a request as ours; `doing` is read, write, list or delete."""
    text = str(error)
    code, status = _first(_CODE, text), _first(_STATUS, text)
    said = " ".join(part for part in (status, code, _why(text, status)) if part)
    to_do = (_BY_CODE.get(code) or _BY_STATUS.get(status, "")).format(doing=doing)
    place = f"{subject}/{name}" if name else subject
    request = " ".join(part for part in (_first(_METHOD, text), _tries(text)) if part)
    told = f"cannot {doing} {place}: {said}" + (f" ({request})" if request else "")
    return DestinationError(
        mask(f"{told}; {to_do}" if to_do else told),
        temporary=code in _ENDED or _passes(status, text),
    )


def nowhere(error: BaseException) -> bool:
    """Whether the bucket or container itself is not there, rather than an object in it."""
    return _first(_CODE, str(error)) in ("NoSuchBucket", "ContainerNotFound")


def _why(text: str, status: str) -> str:
    """The server's reason, or that of the system where no server answered."""
    if status:
        return _first(_REASON, text).splitlines()[0][:_LONGEST] if _first(_REASON, text) else ""
    found = [next(filter(None, match)) for match in _SYSTEM.findall(text)]
    return found[-1][:_LONGEST] if found else text.splitlines()[0].rpartition(" - ")[2][:_LONGEST]


def _tries(text: str) -> str:
    retries = _first(_RETRIES, text)
    return f"tried {int(retries) + 1} times" if retries else ""


def _passes(status: str, text: str) -> bool:
    if status:
        return status in _PASSING or (status.startswith("5") and status != "507")
    sent = "Error performing" in text or "HTTP error" in text
    return sent and "invalid peer certificate" not in text


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return next(filter(None, match.groups()), "") if match else ""
