"""A directory → a HelixFlow that can be run in it, and the book that runs it."""

import json
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from string import Template

import opsbook
from opsbook.platforms.helixflow.certificates import ensure_certificates
from opsbook.platforms.helixflow.files import replace
from opsbook.platforms.helixflow.ports import Ports
from opsbook.platforms.helixflow.requests_table import open_database

SERVICES = ("api-gateway", "api-gateway-grpc", "auth-service", "inference-pool", "monitoring")

_PROGRAMS = (
    *SERVICES,
    "count-inference-workers",
    "count-recent-errors",
    "heal",
    "hurt",
    "scale-inference-pool",
)
_PACKAGES = Path(opsbook.__file__).parents[1]
_TEMPLATE = Path(__file__).with_name("helixflow.template.yaml")
_DASHBOARDS = Path(__file__).with_name("dashboards")
_LAUNCHER = Template("""\
#!${python} -I
\"\"\"HelixFlow ${name}.\"\"\"

import sys
from pathlib import Path

sys.path.append(${packages})

from opsbook.platforms.helixflow.programs.${module} import main

main(Path(__file__).resolve().parents[1])
""")
"""`-I` keeps PYTHONPATH, the user's packages and the working directory out of the program."""


def prepare(home: Path, ports: Ports | None = None) -> Path:
    """Make or renew a HelixFlow in `home`; returns its book.

    Data, the access token, MAX_WORKERS and certificates that are still valid stay as they are.
    A book that was changed by hand is set aside as `helixflow.yaml.old`.
    Raises BadInputError for impossible ports.
    """
    home, ports = home.resolve(), ports or Ports()
    ports.check()
    for name in ("bin", "certs", "config", "dashboards", "data", "logs", "hurt"):
        (home / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_programs(home / "bin")
    _write_config(home / "config", ports)
    for file in _DASHBOARDS.glob("*.json"):
        replace(home / "dashboards" / file.name, file.read_text(encoding="utf-8"))
    ensure_certificates(home / "certs")
    database = home / "data/helixflow.db"
    if not database.exists():
        open_database(database).close()
    return _write_book(home, ports)


def _write_programs(directory: Path) -> None:
    for name in _PROGRAMS:
        text = _LAUNCHER.substitute(
            python=sys.executable,
            name=name,
            module=name.replace("-", "_"),
            packages=repr(str(_PACKAGES)),
        )
        replace(directory / name, text, mode=0o700)


def _write_config(directory: Path, ports: Ports) -> None:
    ports.write(directory / "ports.json")
    token, workers = directory / "token", directory / "MAX_WORKERS"
    if not token.exists():
        replace(token, secrets.token_hex(24) + "\n")
    if not workers.exists():
        replace(workers, "4\n")


def _write_book(home: Path, ports: Ports) -> Path:
    book = home / "helixflow.yaml"
    quoted = json.dumps(str(home), ensure_ascii=False)[1:-1]
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    text = template.substitute(asdict(ports), home=quoted)
    if book.exists() and book.read_text(encoding="utf-8") != text:
        book.replace(book.with_name("helixflow.yaml.old"))
    replace(book, text)
    return book
