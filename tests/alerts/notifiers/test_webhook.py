"""`webhook_configs`"""

from pathlib import Path

import pytest
from pydantic import ValidationError

from opsbook.alerts.notifier import notifier_kinds
from tests.alerts.notifiers.catcher import Catcher, silence
from tests.alerts.notifiers.contract import HttpContract, Settings
from tests.alerts.notifiers.notices import (
    GROUP_KEY,
    KEY,
    alert,
    failure,
    notice,
    notifier,
    send,
)


class TestWebhook(HttpContract):
    kind = "webhook"
    lost = "temporary"
    secrets = ("s3cret-path", "s3cret-query")

    def at(self, port: int) -> Settings:
        return {"url": f"http://127.0.0.1:{port}/s3cret-path?token=s3cret-query"}

    async def test_it_posts_version_4(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port))
        assert catcher.caught[0].headers["content-type"] == "application/json"
        posted = catcher.caught[0].json()
        first = posted.pop("alerts")[0]
        assert posted == {
            "version": "4",
            "groupKey": GROUP_KEY,
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "team-x",
            "groupLabels": {"alertname": "Disk full"},
            "commonLabels": {"alertname": "Disk full", "severity": "critical"},
            "commonAnnotations": {"summary": "grün & <voll>"},
            "externalURL": "http://opsbook.example",
        }
        assert first == {
            "status": "firing",
            "labels": {"alertname": "Disk full", "severity": "critical", "instance": "a"},
            "annotations": {"summary": "grün & <voll>"},
            "startsAt": "2023-11-14T22:12:19.75Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus:9090/graph?g0.expr=up&g0.tab=1",
            "fingerprint": alert(instance="a").fingerprint,
        }

    async def test_it_says_when_an_alert_ended(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port), notice(alert(), alert(instance="b", resolved=True)))
        posted = catcher.caught[0].json()
        assert posted["status"] == "firing"
        assert [each["status"] for each in posted["alerts"]] == ["firing", "resolved"]
        assert posted["alerts"][1]["endsAt"] == "2023-11-14T22:13:10Z"

    async def test_alerts_beyond_the_most_are_counted(self, catcher: Catcher) -> None:
        alerts = [alert(instance=str(number)) for number in range(5)]
        await send(self.entry(catcher.port, max_alerts=2), notice(*alerts))
        posted = catcher.caught[0].json()
        assert len(posted["alerts"]) == 2
        assert posted["truncatedAlerts"] == 3

    async def test_a_storm_is_told_as_a_whole(self, catcher: Catcher) -> None:
        alerts = [alert(instance=f"machine-{number}") for number in range(10_000)]
        await send(self.entry(catcher.port), notice(*alerts))
        assert len(catcher.caught[0].json()["alerts"]) == 10_000

    async def test_the_same_notice_has_the_same_key(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port))
        await send(self.entry(catcher.port))
        assert [each.headers["idempotency-key"] for each in catcher.caught] == [KEY, KEY]

    def test_a_program_may_be_said_to_heed_the_key(self) -> None:
        assert not self.entry(1).takes_key
        assert self.entry(1, idempotent=True).takes_key

    async def test_it_waits_no_longer_than_it_is_told(self, catcher: Catcher) -> None:
        catcher.then(silence)
        error = await failure(self.entry(catcher.port, timeout="200ms"))
        assert "no answer within 0.2 s" in str(error)
        assert not error.uncertain

    async def test_the_url_may_stand_in_a_file(self, catcher: Catcher, tmp_path: Path) -> None:
        file = tmp_path / "url"
        file.write_text(f"{catcher.url}/from-a-file\n")
        await send(notifier(self.kind, {"url_file": str(file)}))
        assert catcher.caught[0].path == "/from-a-file"

    async def test_a_file_that_is_missing_is_named(self, tmp_path: Path) -> None:
        error = await failure(notifier(self.kind, {"url_file": str(tmp_path / "none")}))
        assert error.permanent
        assert str(tmp_path / "none") in str(error)

    async def test_the_url_may_be_a_template(self, catcher: Catcher) -> None:
        url = catcher.url + "/{{ .CommonLabels.severity }}"
        await send(notifier(self.kind, {"url": url}))
        assert catcher.caught[0].path == "/critical"

    async def test_a_user_in_the_url_signs_in(self, catcher: Catcher) -> None:
        url = catcher.url.replace("//", "//ops:s3cret-word@")
        to = notifier(self.kind, {"url": url})
        await send(to)
        assert catcher.caught[0].headers["authorization"].startswith("Basic ")
        assert "s3cret-word" not in to.target

    @pytest.mark.parametrize("url", ["ftp://a-host/", "some.where/else", "http://a b/"])
    def test_what_is_no_url_is_refused_and_not_repeated(self, url: str) -> None:
        with pytest.raises(ValidationError, match="not an http or https URL") as caught:
            notifier(self.kind, {"url": url})
        assert url not in str(caught.value)

    def test_in_a_book_the_url_stands_as_text(self) -> None:
        kind = notifier_kinds.load(self.kind)
        assert kind.model_validate({"url": "http://127.0.0.1:5001/"}).target.endswith(":5001")
