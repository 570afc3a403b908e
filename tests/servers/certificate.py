"""A certificate for 127.0.0.1 that is its own CA."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.requirement import needs_program


class Certificate(NamedTuple):
    """Two PEM files; trusting the first is trusting the server."""

    certificate: Path
    key: Path


def self_signed(directory: Path) -> Certificate:
    """Make one in a directory."""
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    argv = [needs_program("openssl"), "req", "-x509", "-newkey", "ec", "-noenc", "-days", "2"]
    argv += ["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=test"]
    argv += ["-addext", "subjectAltName=IP:127.0.0.1"]
    argv += ["-out", str(made.certificate), "-keyout", str(made.key)]
    subprocess.run(argv, check=True, capture_output=True)
    return made
