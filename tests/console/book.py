"""HelixFlow's book with everything that the console has a page for."""

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from opsbook.platforms.helixflow.home import prepare
from opsbook.platforms.helixflow.ports import Ports
from tests.console.trouble import doubtful_set, drills, runbooks


def whole_book(home: Path, hook: str) -> Path:
    """In `home`, with the platform itself. `hook`: a webhook that takes the notices."""
    place = prepare(home, Ports.free())
    book: dict[str, Any] = YAML(typ="safe").load(place)
    (home / "kept").mkdir(exist_ok=True)
    book |= {
        "alerts": _alerts(hook),
        "incidents": {
            "contacts": {"ada": {"receiver": "duty"}},
            "escalation": [{"name": "L1", "contacts": ["ada"]}],
        },
        "databases": {
            "requests": {
                "description": "one row for each request",
                "sqlite": {"path": "data/helixflow.db"},
                "maintain": [{"integrity": {}}, {"optimise": {}}],
            }
        },
        "backups": {
            "destinations": {"disk": {"local": {"directory": "kept", "minimum_free": "1 MB"}}},
            "sets": {
                "requests": {
                    "description": "the record of all requests",
                    "sqlite": {"path": "data/helixflow.db"},
                    "to": ["disk"],
                    "drill": {"within": "1h"},
                },
                "doubtful": doubtful_set(),
                "configuration": {
                    "files": {"paths": ["config", "certs"]},
                    "to": ["disk"],
                },
            },
        },
    }
    book["runbooks"] |= {"open-the-gate": _approved(), **runbooks()}
    book["drills"] |= drills()
    book["services"]["api-gateway-grpc"]["production"] = True
    whole = home / "whole.yaml"
    whole.write_text(json.dumps(book))
    return whole


def _alerts(hook: str) -> dict[str, Any]:
    quick = {"group_wait": "0s", "group_interval": "2s"}
    return {
        "route": {"receiver": "team", "group_by": ["alertname"], **quick},
        "receivers": [
            {"name": "team", "webhook_configs": [{"url": f"{hook}/team"}]},
            {"name": "duty", "webhook_configs": [{"url": f"{hook}/duty"}]},
        ],
    }


def _approved() -> dict[str, Any]:
    """A run of it waits for a second person."""
    return {
        "description": "Nothing passes until a second person has said so.",
        "parameters": {"note": {"type": "text", "default": "none", "longest": 40}},
        "steps": [
            {
                "name": "open",
                "class": 3,
                "command": {"argv": ["sh", "-c", "echo opening; touch gate; sleep 1; echo open"]},
                "verify": {
                    "steps": [{"class": 0, "command": {"argv": ["test", "-e", "gate"]}}],
                },
                "rollback": [
                    {
                        "class": 1,
                        "command": {"argv": ["rm", "gate"]},
                        "verify": {
                            "steps": [
                                {"class": 0, "command": {"argv": ["test", "!", "-e", "gate"]}}
                            ]
                        },
                        "no_rollback": "it takes back",
                    }
                ],
            }
        ],
    }
