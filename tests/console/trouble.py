"""What goes wrong in the book of the tests, as often as a test wants it."""

from typing import Any


def runbooks() -> dict[str, Any]:
    """One that asks what becomes of a step that failed, one that never ends, one for a drill."""
    return {
        "mend-the-gate": {
            "description": "It fails until there is a key.",
            "approve_within": "10m",
            "steps": [
                _made("hinge"),
                {
                    "name": "key",
                    "class": 0,
                    "command": {"argv": ["test", "-e", "key"]},
                    "on_failure": "ask",
                },
                _made("bolt"),
            ],
        },
        "wait-at-the-gate": {
            "description": "It stands there until it is sent away, and then takes its time.",
            "steps": [
                {
                    "name": "stand",
                    "class": 0,
                    "command": {
                        "argv": ["sh", "-c", "trap '' TERM; echo $$ > standing; sleep 300"],
                        "grace": "3s",
                    },
                    "within": "10m",
                },
                _made("bolt"),
            ],
        },
        "oil-the-gate": {"description": "It is oiled, and wiped.", "steps": [_made("oil")]},
    }


def drills() -> dict[str, Any]:
    """One that fails, one that is overdue soon, and one that a second person has to approve."""
    nothing = {"command": {"inject": ["true"], "undo": ["true"]}, "lasts": "2s"}
    expect = {"detected": {"within": "1s"}, "recovered": {"within": "10s"}}
    return {
        "nobody-notices": {**nothing, "service": "monitoring", "expect": expect},
        "soon-again": {
            "service": "monitoring",
            "runbook": {"name": "oil-the-gate"},
            "lasts": "30s",
            "expect": {"recovered": {"within": "10s"}},
            "every": "8s",
        },
        "in-production": {**nothing, "service": "api-gateway-grpc", "expect": expect},
    }


def doubtful_set() -> dict[str, Any]:
    """A backup that can be made, and whose restore is never as it should be."""
    answer = {"query": "SELECT count(*) FROM inference_requests", "value": {"at_least": 1e12}}
    return {
        "description": "it never has as many rows as it should",
        "sqlite": {"path": "data/helixflow.db"},
        "to": ["disk"],
        "drill": {"within": "1h", "assertions": [answer]},
    }


def _made(name: str) -> dict[str, Any]:
    """A step that makes a file, and takes it away again."""
    there = {"class": 0, "command": {"argv": ["test", "-e", name]}}
    gone = {"class": 0, "command": {"argv": ["test", "!", "-e", name]}}
    return {
        "name": name,
        "class": 1,
        "command": {"argv": ["touch", name]},
        "verify": {"steps": [there]},
        "rollback": [
            {
                "class": 1,
                "command": {"argv": ["rm", name]},
                "verify": {"steps": [gone]},
                "no_rollback": "it takes back",
            }
        ],
    }
