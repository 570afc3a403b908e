"""`pagerduty_configs`"""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.alerts.notifier import notifier_kinds
from tests.alerts.notifiers.catcher import Catcher, answer
from tests.alerts.notifiers.contract import HttpContract, Settings
from tests.alerts.notifiers.notices import GROUP_KEY, alert, failure, notice, notifier, send

KEY = "s3cret-routing-key-00000000000"
INCIDENT = sha256(GROUP_KEY.encode()).hexdigest()


class TestPagerDuty(HttpContract):
    kind = "pagerduty"
    secrets = (KEY,)
    accepted = answer(202, '{"status": "success"}', "application/json")

    def at(self, port: int) -> Settings:
        return {"routing_key": KEY, "url": f"http://127.0.0.1:{port}/v2/enqueue"}

    async def event(self, catcher: Catcher, **settings: Any) -> dict[str, Any]:
        await send(self.entry(catcher.port, **settings))
        posted: dict[str, Any] = catcher.caught[0].json()
        return posted

    @pytest.fixture
    def first_api(self, catcher: Catcher, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setattr(notifier_kinds.load(self.kind), "v1_url", f"{catcher.url}/v1")
        return {"service_key": KEY}

    async def test_it_opens_an_incident(self, catcher: Catcher) -> None:
        event = await self.event(catcher)
        assert event["routing_key"] == KEY
        assert event["event_action"] == "trigger"
        assert event["client"] == "Opsbook"
        assert event["client_url"].startswith("http://opsbook.example/")
        assert event["payload"]["summary"] == "[FIRING:2] Disk full (critical)"
        assert event["payload"]["severity"] == "error"
        assert event["payload"]["source"] == "Opsbook"
        assert event["payload"]["custom_details"]["num_firing"] == "2"

    async def test_the_same_group_is_the_same_incident_until_it_is_resolved(
        self, catcher: Catcher
    ) -> None:
        entry = self.entry(catcher.port)
        await send(entry)
        await send(entry, notice(alert("Other")))
        await send(entry, notice(resolved=True))
        events = [each.json() for each in catcher.caught]
        assert [each["event_action"] for each in events] == ["trigger", "trigger", "resolve"]
        assert {each["dedup_key"] for each in events} == {INCIDENT}

    def test_an_event_that_is_sent_twice_shows_once(self) -> None:
        assert self.entry(1).takes_key

    async def test_what_it_says_is_made_of_templates(self, catcher: Catcher) -> None:
        settings = {
            "severity": "{{ .CommonLabels.severity }}",
            "class": "{{ .Status }}",
            "component": "disk",
            "group": "{{ .GroupLabels.alertname }}",
            "source": "{{ .Receiver }}",
            "details": {"runbook": "{{ .ExternalURL }}/run", "num_firing": "many"},
        }
        payload = (await self.event(catcher, **settings))["payload"]
        details = payload.pop("custom_details")
        assert payload == {
            "summary": "[FIRING:2] Disk full (critical)",
            "severity": "critical",
            "class": "firing",
            "component": "disk",
            "group": "Disk full",
            "source": "team-x",
        }
        assert set(details) == {"firing", "resolved", "num_firing", "num_resolved", "runbook"}
        assert details["num_firing"] == "many"

    async def test_images_and_links_without_an_address_are_left_out(self, catcher: Catcher) -> None:
        image = {"src": "http://x/{{ .Status }}.png", "alt": "a"}
        event = await self.event(
            catcher,
            images=[image, {"src": "", "alt": "b"}],
            links=[{"href": "{{ .CommonLabels.none }}", "text": "c"}],
        )
        assert event["images"] == [{"src": "http://x/firing.png", "alt": "a", "href": ""}]
        assert "links" not in event

    async def test_a_long_summary_is_cut(self, catcher: Catcher) -> None:
        event = await self.event(catcher, description="ü" * 2_000)
        assert event["payload"]["summary"] == "ü" * 1_023 + "…"

    async def test_details_that_are_too_large_are_left_out(self, catcher: Catcher) -> None:
        event = await self.event(catcher, details={"log": "x" * 600_000})
        assert list(event["payload"]["custom_details"]) == ["error"]
        assert len(catcher.caught[0].body) < 512_000

    async def test_a_key_of_the_first_api_goes_there(
        self, catcher: Catcher, first_api: Settings
    ) -> None:
        catcher.then(answer(200, '{"status": "success"}', "application/json"))
        entry = notifier(self.kind, first_api)
        await send(entry)
        await send(entry, notice(resolved=True))
        opened, closed = (each.json() for each in catcher.caught)
        assert opened.keys() - closed.keys() == {"client", "client_url"}
        assert opened["service_key"] == KEY
        assert (opened["event_type"], closed["event_type"]) == ("trigger", "resolve")
        assert {opened["incident_key"], closed["incident_key"]} == {INCIDENT}

    async def test_the_first_api_says_403_to_who_asks_too_often(
        self, catcher: Catcher, first_api: Settings
    ) -> None:
        catcher.then(answer(403))
        assert not (await failure(notifier(self.kind, first_api))).permanent
        assert (await failure(self.entry(catcher.port))).permanent

    async def test_a_key_that_expands_to_nothing_is_a_failure(self, catcher: Catcher) -> None:
        to = self.entry(catcher.port, routing_key="{{ .CommonLabels.none }}")
        error = await failure(to)
        assert error.permanent
        assert "routing_key is empty" in str(error)

    async def test_the_key_may_stand_in_a_file(self, catcher: Catcher, tmp_path: Path) -> None:
        file = tmp_path / "key"
        file.write_text("from-a-file\n")
        settings = {"routing_key_file": str(file), "url": catcher.url}
        await send(notifier(self.kind, settings))
        assert catcher.caught[0].json()["routing_key"] == "from-a-file"

    def test_one_key_is_enough(self) -> None:
        with pytest.raises(ValidationError, match="keep one"):
            self.entry(1, service_key="another")
