"""`opsgenie_configs`"""

from hashlib import sha256
from typing import Any

import pytest
from pydantic import ValidationError

from tests.alerts.notifiers.catcher import Catcher, answer
from tests.alerts.notifiers.contract import HttpContract, Settings
from tests.alerts.notifiers.notices import GROUP_KEY, failure, notice, send

KEY = "s3cret-genie-key"
ALIAS = sha256(GROUP_KEY.encode()).hexdigest()


class TestOpsgenie(HttpContract):
    kind = "opsgenie"
    secrets = (KEY,)
    accepted = answer(202, '{"requestId": "43a29c5c"}', "application/json")

    def at(self, port: int) -> Settings:
        return {"api_key": KEY, "api_url": f"http://127.0.0.1:{port}/"}

    async def created(self, catcher: Catcher, **settings: Any) -> dict[str, Any]:
        await send(self.entry(catcher.port, **settings))
        posted: dict[str, Any] = catcher.caught[0].json()
        return posted

    async def test_it_creates_an_alert(self, catcher: Catcher) -> None:
        created = await self.created(catcher)
        request = catcher.caught[0]
        assert (request.method, request.path) == ("POST", "/v2/alerts")
        assert request.headers["authorization"] == f"GenieKey {KEY}"
        assert created["alias"] == ALIAS
        assert created["message"] == "[FIRING:2] Disk full (critical)"
        assert created["details"] == {"alertname": "Disk full", "severity": "critical"}
        assert created["source"].startswith("http://opsbook.example/")

    async def test_it_closes_the_alert_when_the_group_is_resolved(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port, source="ops"), notice(resolved=True))
        request = catcher.caught[0]
        path = f"/v2/alerts/{ALIAS}/close?identifierType=alias"
        assert (request.method, request.path) == ("POST", path)
        assert request.json() == {"source": "ops"}

    async def test_what_it_says_is_made_of_templates(self, catcher: Catcher) -> None:
        settings = {
            "description": "{{ .CommonAnnotations.summary }}",
            "tags": "{{ .CommonLabels.severity }},,disk",
            "actions": "restart,{{ .Status }}",
            "note": "n",
            "entity": "e",
            "priority": '{{ if eq .CommonLabels.severity "critical" }}P1{{ end }}',
            "details": {"severity": "high", "more": "{{ .Status }}"},
        }
        created = await self.created(catcher, **settings)
        assert created["description"] == "grün & <voll>"
        assert created["tags"] == ["critical", "disk"]
        assert created["actions"] == ["restart", "firing"]
        assert (created["note"], created["entity"], created["priority"]) == ("n", "e", "P1")
        assert created["details"] == {
            "alertname": "Disk full",
            "severity": "high",
            "more": "firing",
        }

    async def test_responders_that_expand_to_nobody_are_left_out(self, catcher: Catcher) -> None:
        responders = [
            {"name": "{{ .CommonLabels.severity }}", "type": "team"},
            {"name": "a,b", "type": "teams"},
            {"name": "{{ .CommonLabels.none }}", "type": "teams"},
            {"username": "{{ .CommonLabels.none }}", "type": "user"},
        ]
        created = await self.created(catcher, responders=responders)
        assert created["responders"] == [
            {"name": "critical", "type": "team"},
            {"name": "a", "type": "team"},
            {"name": "b", "type": "team"},
        ]

    async def test_it_changes_an_alert_that_is_there_where_it_is_told_to(
        self, catcher: Catcher
    ) -> None:
        await self.created(catcher, update_alerts=True, message="m", description="d")
        said = [(each.method, each.path, each.json()) for each in catcher.caught[1:]]
        query = "?identifierType=alias"
        assert said == [
            ("PUT", f"/v2/alerts/{ALIAS}/message{query}", {"message": "m"}),
            ("PUT", f"/v2/alerts/{ALIAS}/description{query}", {"description": "d"}),
        ]

    async def test_a_change_that_fails_fails_the_notice(self, catcher: Catcher) -> None:
        catcher.then(self.accepted, answer(503))
        assert not (await failure(self.entry(catcher.port, update_alerts=True))).permanent

    async def test_a_long_message_is_cut(self, catcher: Catcher) -> None:
        assert (await self.created(catcher, message="ü" * 200))["message"] == "ü" * 129 + "…"

    def test_an_alert_that_is_sent_twice_shows_once(self) -> None:
        assert self.entry(1).takes_key

    @pytest.mark.parametrize(
        "responder", [{"type": "team"}, {"name": "a", "type": "gang"}, {"name": "a", "x": 1}]
    )
    def test_a_responder_that_cannot_be_is_refused(self, responder: Settings) -> None:
        with pytest.raises(ValidationError):
            self.entry(1, responders=[responder])
