"""The terminals of somebody who follows a page."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.docs.page import Block, Step, steps
from tests.servers.loopback import free_port

ROOT = Path(__file__).parents[2]
_GOES_ON = re.compile(r"opsbook up |opsbook demo helixflow(?!.*--exit)")
"""Commands that end when they are told to."""
_COPIED = ("src", "tests", "scripts", "docs", "pyproject.toml")
_SHOWN_HOME = "/home/ada"
_SHOWN_PORTS = ("7070", "8000")
Shown = Callable[[str], str]
_WITHIN = 60.0
"""Seconds for a command, or for what a page says that one prints."""


class Session:
    """Carries out the blocks of one page in a directory of its own."""

    def __init__(self, directory: Path, *, checkout: bool) -> None:
        """With `checkout` the directory is a copy of the source, to be added to."""
        self._directory = directory / "work"
        self._directory.mkdir()
        self._home = directory / "home"
        self._home.mkdir()
        self._ports = {shown: str(free_port()) for shown in _SHOWN_PORTS}
        self._pids: dict[str, str] = {}
        self._running: list[_Running] = []
        self._books: list[str] = []
        if checkout:
            self._copy_source()

    def write(self, block: Block) -> None:
        assert block.file is not None
        file = self._directory / block.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self._real(block.text), encoding="utf-8")

    def follow(self, block: Block) -> None:
        for step in steps(block):
            if step.command is None:
                self._learn(step.output, self._running[-1].prints(step.output, self._shown))
            elif step.command == "^C":
                self._running[-1].interrupt(step.output, self._shown)
            elif _GOES_ON.match(step.command):
                self._begin(step)
            else:
                self._run(step)

    def close(self) -> None:
        """End what still runs, and the services of every book that was watched."""
        for running in self._running:
            running.end()
        for book in self._books:
            command = ["opsbook", "down", book]
            subprocess.run(
                command, cwd=self._directory, env=self._environment(), capture_output=True
            )

    def _begin(self, step: Step) -> None:
        assert step.command is not None
        if "opsbook up " in step.command:
            self._books.append(step.command.split()[2])
        real = self._real(step.command)
        port = f" --port {self._ports['7070']}" if "opsbook up " in real else ""
        running = _Running(real + port, self._directory, self._environment())
        self._running.append(running)
        self._learn(step.output, running.prints(step.output, self._shown))

    def _run(self, step: Step) -> None:
        assert step.command is not None
        ran = subprocess.run(
            ["bash", "-c", self._real(step.command)],
            cwd=self._directory,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_WITHIN,
        )
        said = self._shown(ran.stdout)
        assert re.fullmatch(pattern(step.output), normal(said), re.DOTALL), (
            f"$ {step.command}\nsays\n{said}\nthe page says\n{step.output}"
        )

    def _learn(self, expected: str, said: str) -> None:
        """Which process is meant when the page speaks of `pid 4711` later on."""
        shown, real = (re.findall(r"\bpid (\d+)", text) for text in (expected, said))
        if len(shown) == len(real):
            self._pids |= dict(zip(shown, real, strict=True))

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        kept = {name: os.environ[name] for name in ("LANG", "CI") if name in os.environ}
        own = {"HOME": str(self._home), "PATH": path, "PYTHONPATH": str(self._directory / "src")}
        return kept | own

    def _copy_source(self) -> None:
        for name in _COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self._directory / name)
            else:
                shutil.copy(ROOT / name, self._directory / name)
        (self._directory / ".venv").symlink_to(Path(sys.executable).parents[1])

    def _real(self, text: str) -> str:
        """A text of the page with ports that are free here, and processes that run here."""
        for shown, real in self._pids.items():
            text = re.sub(rf"\b{shown}\b", real, text)
        for shown, real in self._ports.items():
            text = text.replace(shown, real)
        return text

    def _shown(self, text: str) -> str:
        """What was printed, with the ports and the home that the page speaks of."""
        for shown, real in self._ports.items():
            text = text.replace(real, shown)
        return text.replace(str(self._home), _SHOWN_HOME)


class _Running:
    """A command that goes on, and what it printed since it was last looked at."""

    def __init__(self, command: str, directory: Path, environment: dict[str, str]) -> None:
        self._command = command
        self._output = directory / f"output-{time.monotonic_ns()}.txt"
        self._seen = 0
        with self._output.open("w") as stream:
            self._process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=directory,
                env={**environment, "PYTHONUNBUFFERED": "1"},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def prints(self, expected: str, shown: Shown) -> str:
        """Wait until all that it printed since is what is expected, and return that."""
        deadline = time.monotonic() + _WITHIN
        while True:
            text = self._output.read_text(encoding="utf-8")
            new = shown(text[self._seen :])
            if re.fullmatch(pattern(expected), normal(new), re.DOTALL):
                self._seen = len(text)
                return new
            assert time.monotonic() < deadline, (
                f"{self._command}\nsays\n{new}\nthe page says\n{expected}"
            )
            time.sleep(0.02)

    def interrupt(self, expected: str, shown: Shown) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=_WITHIN)
        self.prints(expected, shown)

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=_WITHIN)


def normal(text: str) -> str:
    """A text without what differs each time: numbers, times, hashes, the width of columns."""
    text = re.sub(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{4,}(?=…)", "#", text)
    text = re.sub(r"\d[\d.]*(?: ?(?:µs|ms|s|min|h|d)\b)?", "#", text)
    return re.sub(r"[ \t]+", " ", text).strip()


def pattern(expected: str) -> str:
    """What a page says as a regular expression for `normal`: `…` stands for anything."""
    return ".*".join(re.escape(part) for part in normal(expected).split("…"))
