"""What Alertmanager's configuration can say and Opsbook does not carry out, and what to do
instead."""

from collections.abc import Mapping

from opsbook.metrics.scraping.left_out import LeftOut

_APPRISE = "use apprise_configs with the URL {}"

RECEIVERS: Mapping[str, str] = {
    "incidentio": "use webhook_configs with the address that incident.io has for Alertmanager",
    "jira": "use webhook_configs with the address of an automation rule of Jira",
    "mattermost": _APPRISE.format("mmosts://HOST/TOKEN"),
    "rocketchat": _APPRISE.format("rockets://USER:PASSWORD@HOST/#CHANNEL"),
    "victorops": _APPRISE.format("splunk://ROUTING_KEY@API_KEY"),
    "webex": _APPRISE.format("wxteams://TOKEN"),
    "wechat": _APPRISE.format("wecombot://BOT_KEY"),
}
"""Kinds of receivers' entries, by their keys without `_configs`."""

_NO_KIND = LeftOut("no receiver of a kind that Opsbook carries reads it")

GLOBAL: Mapping[str, LeftOut] = dict.fromkeys(
    (
        "jira_api_url",
        "mattermost_webhook_url",
        "mattermost_webhook_url_file",
        "rocketchat_api_url",
        "rocketchat_token",
        "rocketchat_token_file",
        "rocketchat_token_id",
        "rocketchat_token_id_file",
        "victorops_api_key",
        "victorops_api_key_file",
        "victorops_api_url",
        "webex_api_url",
        "wechat_api_corp_id",
        "wechat_api_secret",
        "wechat_api_secret_file",
        "wechat_api_url",
    ),
    _NO_KIND,
)

TOP: Mapping[str, LeftOut] = {
    "tracing": LeftOut("Opsbook sends no traces"),
}
