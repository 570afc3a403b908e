"""What every answer tells browsers."""

from pathlib import Path

from tests.web.signing import signing

WANTED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}


async def test_every_answer_has_them_errors_too(tmp_path: Path) -> None:
    async with signing(tmp_path) as scene:
        answers = {
            "/api/status": await scene.browser.get("/api/status"),
            "/metrics": await scene.browser.get("/metrics"),
            "/": await scene.browser.get("/"),
            "no such path": await scene.browser.get("/api/none"),
            "refused": await scene.browser.post("/api/silences", json={}),
            "another name": await scene.browser.get("/", headers={"Host": "evil.example"}),
        }
    for path, answer in answers.items():
        found = {name: answer.headers.get(name) for name in WANTED}
        assert found == WANTED, path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert "strict-transport-security" not in answer.headers, path
