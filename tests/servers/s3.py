"""A small S3 on a free loopback port, which checks signatures and can fail at any request.

Google's XML API has the same requests, with tokens for signatures.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

Fault = Literal["500", "503", "403", "reset", "truncate", "stall", "late reset", "half 200"]
BUCKET = "backups"
ACCESS_KEY = "KEEPER"
SECRET_KEY = "s3-s3cret-key"
_LONGEST_STALL = 30.0


@dataclass
class S3:
    """What the server holds, and what it shall do wrong."""

    port: int = 0
    objects: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of the request that made an object."""
    uploads: dict[str, tuple[str, dict[int, bytes], datetime]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """Method and path of each, in order."""
    fault: Callable[[int, str], Fault | None] | None = None
    """What goes wrong at a request of this number, counted from 0."""
    ahead: timedelta = timedelta()
    """Of its clock."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    google: RSAPublicKey | None = None
    """Of the service account, where it is to be Google's XML API: its tokens are checked."""
    healed: threading.Event = field(default_factory=threading.Event)
    """Ends what stalls."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def s3(google: RSAPublicKey | None = None) -> Iterator[S3]:
    """Serve until the block ends."""
    state = S3(google=google)

    class Handler(_Handler):
        s3 = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        state.healed.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer in two packets would wait for the client's acknowledgement of the first.
    disable_nagle_algorithm = True
    wbufsize = -1
    s3: S3

    def log_message(self, *words: object) -> None:
        """Silent."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        where = urlsplit(self.path)
        self.query = {k: v[0] for k, v in parse_qs(where.query, keep_blank_values=True).items()}
        self.key = unquote(where.path).removeprefix(f"/{BUCKET}").lstrip("/")
        with self.s3.lock:
            number = len(self.s3.requests)
            self.s3.requests.append(f"{self.command} {self.path}")
        fault = self.s3.fault
        self.fault = fault(number, f"{self.command} {self.path}") if fault else None
        match self.fault:
            case "500":
                return self._refuse(500, "InternalError", "We encountered an internal error.")
            case "503":
                return self._refuse(503, "SlowDown", "Please reduce your request rate.")
            case "403":
                return self._refuse(403, "AccessDenied", "Access Denied")
            case "reset":
                return self._reset()
            case "stall":
                self.s3.healed.wait(_LONGEST_STALL)
                return self._reset()
        if (wrong := self._wrongly_signed(where.path, where.query, body)) is not None:
            return self._refuse(403, *wrong)
        if not unquote(where.path).startswith(f"/{BUCKET}"):
            return self._refuse(404, "NoSuchBucket", "The specified bucket does not exist")
        with self.s3.lock:
            return self._answer(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 - http.server's names

    def _answer(self, body: bytes) -> None:
        if self.command == "GET" and not self.key:
            self._list_uploads() if "uploads" in self.query else self._list()
        elif "uploads" in self.query:
            name = f"upload-{len(self.s3.requests)}"
            self.s3.uploads[name] = (self.key, {}, datetime.now(UTC))
            self.s3.headers[self.key] = dict(self.headers)
            self._say(200, _xml("InitiateMultipartUploadResult", f"<UploadId>{name}</UploadId>"))
        elif "uploadId" in self.query:
            self._multipart(self.query["uploadId"], body)
        elif self.command == "PUT":
            self.s3.objects[self.key] = body
            self.s3.headers[self.key] = dict(self.headers)
            self._say(200, b"", etag=_etag(body))
        elif self.command == "DELETE":
            self._delete()
        else:
            self._give()

    def _delete(self) -> None:
        gone = self.s3.objects.pop(self.key, None)
        if gone is None and self.s3.google:
            self._refuse(404, "NoSuchKey", "The specified key does not exist.")
        else:
            self._say(204, b"")

    def _multipart(self, upload: str, body: bytes) -> None:
        if upload not in self.s3.uploads:
            return self._refuse(404, "NoSuchUpload", "The specified upload does not exist.")
        key, parts, _ = self.s3.uploads[upload]
        if self.command == "PUT":
            parts[int(self.query["partNumber"])] = body
            return self._say(200, b"", etag=_etag(body))
        if self.command == "DELETE":
            del self.s3.uploads[upload]
            return self._say(204, b"")
        if self.fault == "half 200":
            # S3 begins its answer before it knows, and then has only the body to say it.
            error = b"<Error><Code>InternalError</Code><Message>Try again.</Message></Error>"
            return self._say(200, error)
        numbers = [int(number) for number in re.findall(rb"<PartNumber>(\d+)<", body)]
        if numbers != sorted(parts):
            return self._refuse(400, "InvalidPart", "Parts are missing.")
        self.s3.objects[key] = b"".join(parts[number] for number in numbers)
        del self.s3.uploads[upload]
        etag = escape(_etag(self.s3.objects[key]))
        return self._say(200, _xml("CompleteMultipartUploadResult", f"<ETag>{etag}</ETag>"))

    def _give(self) -> None:
        content = self.s3.objects.get(self.key)
        if content is None:
            return self._refuse(404, "NoSuchKey", "The specified key does not exist.")
        wanted = self.headers.get("If-Match")
        if wanted and wanted != _etag(content):
            return self._refuse(412, "PreconditionFailed", "It is another one.")
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if not span:
            return self._say(200, content, etag=_etag(content))
        start, end = int(span[1]), min(int(span[2]), len(content) - 1)
        place = f"bytes {start}-{end}/{len(content)}"
        part = content[start : end + 1]
        return self._say(206, part, etag=_etag(content), content_range=place)

    def _list(self) -> None:
        prefix = self.query.get("prefix", "")
        after = self.query.get("continuation-token") or self.query.get("start-after", "")
        keys = sorted(k for k in self.s3.objects if k.startswith(prefix) and k > after)
        page = keys[: int(self.query.get("max-keys", "1000"))]
        more = len(keys) > len(page)
        rows = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.s3.objects[key])}</Size>"
            "<LastModified>2026-11-21T02:30:00.000Z</LastModified>"
            f"<ETag>{escape(_etag(self.s3.objects[key]))}</ETag></Contents>"
            for key in page
        ]
        rows.append(f"<IsTruncated>{str(more).lower()}</IsTruncated>")
        if more:
            rows.append(f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>")
        self._say(200, _xml("ListBucketResult", "".join(rows)))

    def _list_uploads(self) -> None:
        """One on a page, so that there are pages."""
        after = self.query.get("upload-id-marker", "")
        found = sorted(
            (name, key, began)
            for name, (key, _, began) in self.s3.uploads.items()
            if key.startswith(self.query.get("prefix", "")) and name > after
        )
        rows = [
            f"<Upload><Key>{escape(key)}</Key><UploadId>{name}</UploadId>"
            f"<Initiated>{began:%Y-%m-%dT%H:%M:%S.000Z}</Initiated></Upload>"
            for name, key, began in found[:1]
        ]
        rows.append(f"<IsTruncated>{str(len(found) > 1).lower()}</IsTruncated>")
        if found:
            rows.append(f"<NextKeyMarker>{escape(found[0][1])}</NextKeyMarker>")
            rows.append(f"<NextUploadIdMarker>{found[0][0]}</NextUploadIdMarker>")
        self._say(200, _xml("ListMultipartUploadsResult", "".join(rows)))

    def _token_is_wrong(self, google: RSAPublicKey) -> tuple[str, str] | None:
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        text, _, signature = token.rpartition(".")
        try:
            google.verify(_unpacked(signature), text.encode(), PKCS1v15(), SHA256())
            said = json.loads(_unpacked(text.partition(".")[2]))
        except (InvalidSignature, ValueError):
            return "AccessDenied", "The token is not signed by the account."
        now = (datetime.now(UTC) + self.s3.ahead).timestamp()
        if scheme != "Bearer" or not said["iat"] - 300 < now < said["exp"]:
            return "AccessDenied", "The token is not of this time."
        return None

    def _wrongly_signed(self, path: str, query: str, body: bytes) -> tuple[str, str] | None:
        if self.s3.google is not None:
            return self._token_is_wrong(self.s3.google)
        said = re.match(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/s3/aws4_request, "
            r"SignedHeaders=([^,]+), Signature=(\w+)",
            self.headers.get("Authorization") or "",
        )
        if not said or said[1] != ACCESS_KEY:
            return "InvalidAccessKeyId", "The access key does not exist in our records."
        moment = self.headers["x-amz-date"]
        at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(at - datetime.now(UTC) - self.s3.ahead) > timedelta(minutes=15):
            return "RequestTimeTooSkewed", "The difference is too large."
        names = said[4].split(";")
        lines = [f"{name}:{' '.join((self.headers[name] or '').split())}\n" for name in names]
        words = "&".join(
            sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part)
        )
        digest = self.headers["x-amz-content-sha256"]
        if digest != "UNSIGNED-PAYLOAD" and digest != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch", "The body is another one."
        request = f"{self.command}\n{path}\n{words}\n{''.join(lines)}\n{said[4]}\n{digest}"
        key = b"AWS4" + SECRET_KEY.encode()
        for part in (said[2], said[3], "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), "sha256").digest()
        scope = f"{said[2]}/{said[3]}/s3/aws4_request"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}"
        if hmac.new(key, text.encode(), "sha256").hexdigest() != said[5]:
            return "SignatureDoesNotMatch", "The signature we calculated is another one."
        return None

    def _refuse(self, status: int, code: str, message: str) -> None:
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        self._say(status, b"" if self.command == "HEAD" else error.encode())

    def _say(self, status: int, body: bytes, etag: str = "", content_range: str = "") -> None:
        if self.fault == "late reset":
            return self._reset()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 02:30:00 GMT")
        if etag:
            self.send_header("ETag", etag)
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        if self.command == "HEAD":
            return None
        if self.fault == "truncate":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            return self._reset()
        self.wfile.write(body)
        return None

    def _reset(self) -> None:
        """End the connection as a machine that is gone does: with RST."""
        linger = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            self.wfile.flush()
            time.sleep(0.005)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True


def _unpacked(words: str) -> bytes:
    return base64.urlsafe_b64decode(words + "=" * (-len(words) % 4))


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _xml(root: str, inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}>{inner}</{root}>'.encode()
