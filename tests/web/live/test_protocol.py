"""Hanging up on who does not read; on a real server it is tried in test_socket.py."""

from opsbook.web.live.protocol import cut


def test_a_server_that_cannot_says_so() -> None:
    assert not cut({"type": "websocket", "extensions": {}}, 1013, "too slow")
    assert not cut({"type": "websocket"}, 1013, "too slow")


def test_who_can_is_told_why() -> None:
    told: list[tuple[int, str]] = []

    def note(code: int, reason: str) -> None:
        told.append((code, reason))

    assert cut({"type": "websocket", "extensions": {"opsbook.cut": note}}, 1013, "too slow")
    assert told == [(1013, "too slow")]
