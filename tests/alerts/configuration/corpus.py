"""Configurations of Alertmanager, good and bad, and those on which amtool 0.25 and Opsbook
disagree. Each is called by what it is about."""

A = "receivers: [{name: a}]"


def route(rest: str) -> str:
    """A root route that says more."""
    return f"route: {{receiver: a, {rest}}}\n{A}"


def below(rest: str) -> str:
    """A route below the root."""
    return route(f"routes: [{{{rest}}}]")


def receiver(rest: str, common: str = "") -> str:
    return f"global: {{{common}}}\nroute: {{receiver: a}}\nreceivers: [{{name: a, {rest}}}]"


def rule(rest: str) -> str:
    return f"route: {{receiver: a}}\n{A}\ninhibit_rules: [{{{rest}}}]"


def interval(rest: str) -> str:
    return (
        f"route: {{receiver: a}}\n{A}\ntime_intervals: [{{name: x, time_intervals: [{{{rest}}}]}}]"
    )


TAKEN = {
    "the least": f"route: {{receiver: a}}\n{A}",
    "sections of nothing": f"global:\ntemplates:\nroute: {{receiver: a}}\n{A}\ninhibit_rules:",
    "all of a route": route(
        "group_by: [cluster, alertname], group_wait: 30s, group_interval: 5m, repeat_interval: 4h"
    ),
    "no wait": route("group_wait: 0s"),
    "a wait of 0": route("group_wait: 0"),
    "a wait of nothing": route("group_wait: null"),
    "an interval of days": route("repeat_interval: 1d12h"),
    "every label": route("group_by: ['...']"),
    "every label twice": route("group_by: ['...', '...']"),
    "no labels": route("group_by: []"),
    "labels of nothing": route("group_by: null"),
    "no matchers at the root": route("matchers: [], match: {}, match_re: {}"),
    "no continue at the root": route("continue: false"),
    "no at the root": route("continue: no"),
    "routes of nothing": route("routes: null"),
    "a receiver of nothing": below("receiver: ''"),
    "yes": below("continue: yes"),
    "a matcher": below("matchers: ['a=b']"),
    "matchers of each kind": below(
        "matchers: ['a=\"b\"', 'c!=d', 'e=~\"f|g\"', 'h!~i.*'], match: {j: k}, match_re: {l: m.*}"
    ),
    "matchers in braces": below('matchers: [\'{a="b", c=~"d"}\']'),
    "matchers with a comma behind": below("matchers: ['{a=\"b\",}']"),
    "matchers with a comma inside": below("matchers: ['a=\"b,c\"']"),
    "matchers without quotes": below("matchers: [ foo = bar, dings != bums ]"),
    "matchers with a quote": below("""matchers: ['{quote=~"She said: \\"Hi!\\""}']"""),
    "a matcher of an empty value": below("matchers: ['a=']"),
    "a matcher of an empty text": below("matchers: ['']"),
    "half a brace": below("matchers: ['{a=b']"),
    "numbers as matched values": below("match: {a: 1, b: 1.10, c: true}, match_re: {d: 5}"),
    "an empty matched value": below("match: {a: null}"),
    "routes in routes": below("match: {a: b}, routes: [{match: {c: d}, continue: true}, {}]"),
    "an interval for a route": (
        "route: {receiver: a, routes: [{mute_time_intervals: [x], active_time_intervals: [y]}]}"
        f"\n{A}\ntime_intervals: [{{name: x}}]\nmute_time_intervals: [{{name: y}}]"
    ),
    "times": interval(
        "times: [{start_time: 09:00, end_time: 17:00}, {start_time: '22:30', end_time: '24:00'}]"
    ),
    "weekdays": interval("weekdays: ['monday:wednesday', Saturday, SUNDAY]"),
    "days": interval("days_of_month: ['1:5', '-3:-1', 15, '-1', '1:-1']"),
    "months": interval("months: ['1:3', 'may:August', december, 7]"),
    "years": interval("years: ['2020:2022', 2030]"),
    "a place": interval("location: Australia/Sydney"),
    "the machine's place": interval("location: Local"),
    "UTC": interval("location: 'UTC'"),
    "an interval of nothing": interval(""),
    "an empty rule": rule(""),
    "a rule": rule("source_matchers: [a=b], target_matchers: [c=~d], equal: [e, f]"),
    "an old rule": rule(
        "source_match: {a: b}, source_match_re: {c: d}, "
        "target_match: {e: f}, target_match_re: {g: h}"
    ),
    "a rule with an equal label twice": rule("equal: [a, a]"),
    "a resolve timeout": receiver("", "resolve_timeout: 10m"),
    "no resolve timeout": receiver("", "resolve_timeout: 0"),
    "a number as a name": "route: {receiver: 5}\nreceivers: [{name: 5}]",
    "a name of any letters": "route: {receiver: 'größe 1/2'}\nreceivers: [{name: 'größe 1/2'}]",
    "a webhook": receiver("webhook_configs: [{url: 'http://localhost/'}]"),
    "webhooks of nothing": receiver("webhook_configs: null"),
    "Slack": receiver("slack_configs: [{api_url: 'http://localhost/'}]"),
    "Slack's address from above": receiver(
        "slack_configs: [{channel: x}]", "slack_api_url: 'http://localhost/'"
    ),
    "Slack's address from a file above": receiver(
        "slack_configs: [{channel: x}]", "slack_api_url_file: address"
    ),
    "a file against an address above": receiver(
        "slack_configs: [{api_url_file: x}]", "slack_api_url: 'http://localhost/'"
    ),
    "an address against a file above": receiver(
        "slack_configs: [{api_url: 'http://localhost/'}]", "slack_api_url_file: x"
    ),
    "mail": receiver(
        "email_configs: [{to: a@localhost, headers: {Subject: x}, send_resolved: on}]",
        "smtp_smarthost: 'localhost:25', smtp_require_tls: off, smtp_from: b@localhost",
    ),
    "PagerDuty": receiver(
        "pagerduty_configs: [{routing_key: x}, {service_key: y, url: 'http://a'}]"
    ),
    "Opsgenie": receiver(
        "opsgenie_configs: [{responders: [{type: team, name: x}], update_alerts: true}]",
        "opsgenie_api_key: y",
    ),
    "Pushover": receiver("pushover_configs: [{user_key: x, token: y, retry: 1m, expire: 1h}]"),
    "Telegram": receiver("telegram_configs: [{bot_token: x, chat_id: -5}]"),
    "Discord": receiver("discord_configs: [{webhook_url: 'http://localhost'}]"),
    "SNS": receiver(
        "sns_configs: [{topic_arn: 'arn:aws:sns:us-east-2:123456789012:x', "
        "sigv4: {region: us-east-2}}]"
    ),
    "nothings": receiver(
        "pagerduty_configs: [{routing_key: a, url: null, severity: , details: , images: }]"
    ),
    "HTTP": receiver(
        "webhook_configs: [{url: 'http://a', http_config: {basic_auth: {username: b, "
        "password: c}, tls_config: {insecure_skip_verify: true}, follow_redirects: false, "
        "proxy_url: 'http://d'}, max_alerts: 5}]",
        "http_config: {authorization: {credentials: e}}",
    ),
    "OAuth 2": receiver(
        "webhook_configs: [{url: 'http://a', http_config: {oauth2: {client_id: b, "
        "client_secret: c, token_url: 'http://d', scopes: [e]}}}]",
    ),
    "mail with all of it": receiver(
        "email_configs: [{to: 'a@b, c@d', from: e@f, hello: g, auth_username: h, "
        "auth_password: i, auth_secret: j, auth_identity: k, require_tls: false, "
        "tls_config: {server_name: l}, html: '', text: m, smarthost: 'n:465'}]"
    ),
    "Slack with all of it": receiver(
        "slack_configs: [{channel: '#a', fields: [{title: b, value: c, short: true}], "
        "actions: [{type: button, text: d, url: 'http://e', confirm: {text: f}}], "
        "color: g, short_fields: true, mrkdwn_in: [text], link_names: yes}]",
        "slack_api_url: 'http://a'",
    ),
    "keys above that nobody takes": receiver(
        "",
        "victorops_api_key: x, wechat_api_secret: y, smtp_auth_password: z, "
        "webex_api_url: 'http://localhost'",
    ),
    "templates that are not there": f"templates: ['none/*.tmpl']\nroute: {{receiver: a}}\n{A}",
    "a template's file that is not there": f"templates: [none.tmpl]\nroute: {{receiver: a}}\n{A}",
    "a repeat before a turn": route("group_interval: 5m, repeat_interval: 1m"),
    "an alias": f"route: &r {{receiver: a, group_wait: &w 5s, group_interval: *w}}\n{A}",
    "a merged mapping": f"""
        route:
          receiver: a
          routes:
          - &first {{match: {{a: b}}, group_wait: 5s}}
          - {{<<: *first, match: {{c: d}}}}
        {A}
    """,
}
"""amtool takes them, and so does Opsbook."""

REFUSED = {
    "no route": (A, "the route is missing"),
    "an empty route": (f"route: {{}}\n{A}", "the root route needs a receiver"),
    "no receivers": ("route: {receiver: a}", "unknown receiver (got 'a'), known: none"),
    "an unknown receiver": (f"route: {{receiver: b}}\n{A}", "unknown receiver (got 'b'), known: a"),
    "an unknown receiver below": (below("receiver: b"), "route.routes[0].receiver: unknown"),
    "a receiver twice": (
        "route: {receiver: a}\nreceivers: [{name: a}, {name: a}]",
        "receivers[1].name: not a name of its own (got 'a')",
    ),
    "a receiver without a name": (
        "route: {receiver: a}\nreceivers: [{name: a}, {}]",
        "receivers[1].name: is missing",
    ),
    "a receiver with an empty name": (
        "route: {receiver: a}\nreceivers: [{name: a}, {name: ''}]",
        "a receiver needs a name",
    ),
    "no receiver": ("route: {receiver: a}\nreceivers: [{name: a}, null]", "receivers[1]: input"),
    "one receiver without a list": ("route: {receiver: a}\nreceivers: {name: a}", "valid list"),
    "no route below": (route("routes: [null]"), "route.routes[0]: input should be"),
    "one route without a list": (route("routes: {receiver: a}"), "route.routes: input should be"),
    "matchers at the root": (route("matchers: [a=b]"), "the root route has no matchers"),
    "a match at the root": (route("match: {a: b}"), "route.match: the root route has no"),
    "a pattern at the root": (route("match_re: {a: b}"), "route.match_re: the root route has no"),
    "continue at the root": (route("continue: true"), "the root route has nothing behind it"),
    "a muting interval at the root": (
        route("mute_time_intervals: [x]") + "\ntime_intervals: [{name: x}]",
        "the root route has no time intervals",
    ),
    "an active interval at the root": (
        route("active_time_intervals: [x]") + "\ntime_intervals: [{name: x}]",
        "the root route has no time intervals",
    ),
    "an unknown interval": (
        below("mute_time_intervals: [nigths]") + "\ntime_intervals: [{name: nights}]",
        "unknown time interval (got 'nigths'), did you mean nights?",
    ),
    "an unknown active interval": (
        below("active_time_intervals: [x]"),
        "unknown time interval (got 'x'), known: none",
    ),
    "an interval twice": (
        route("") + "\ntime_intervals: [{name: x}, {name: x}]",
        "time_intervals[1].name: not a name of its own",
    ),
    "an interval in both sections": (
        route("") + "\ntime_intervals: [{name: x}]\nmute_time_intervals: [{name: x}]",
        "time_intervals[0].name: not a name of its own",
    ),
    "an interval without a name": (
        route("") + "\ntime_intervals: [{time_intervals: []}]",
        "time_intervals[0].name: is missing",
    ),
    "an interval with an empty name": (
        route("") + "\nmute_time_intervals: [{name: ''}]",
        "a time interval needs a name",
    ),
    "a time of one digit": (
        interval("times: [{start_time: 9:00, end_time: 10:00}]"),
        "not a time of day (got '9:00')",
    ),
    "a time of 25 hours": (
        interval("times: [{start_time: '00:00', end_time: '25:00'}]"),
        "not a time of day",
    ),
    "a time after the day": (
        interval("times: [{start_time: '00:00', end_time: '24:01'}]"),
        "not a time of day",
    ),
    "a time without an end": (interval("times: [{start_time: '09:00'}]"), "end_time: is missing"),
    "a time of no length": (
        interval("times: [{start_time: '09:00', end_time: '09:00'}]"),
        "ends before it begins",
    ),
    "a night": (interval("times: [{start_time: '22:00', end_time: '06:00'}]"), "for a night write"),
    "an unknown weekday": (interval("weekdays: [monady]"), "not a weekday (got 'monady')"),
    "a number as a weekday": (interval("weekdays: ['1']"), "not a weekday"),
    "a weekday with a space": (interval("weekdays: ['monday: friday']"), "not a weekday"),
    "a week backwards": (interval("weekdays: ['friday:monday']"), "ends before it begins"),
    "day 0": (interval("days_of_month: ['0']"), "not a day of the month"),
    "day 32": (interval("days_of_month: ['32']"), "not a day of the month"),
    "days backwards": (interval("days_of_month: ['15:5']"), "ends before it begins"),
    "days from the end backwards": (interval("days_of_month: ['-1:-5']"), "ends before it begins"),
    "days from the end to the start": (interval("days_of_month: ['-5:3']"), "count both alike"),
    "days that no month has": (interval("days_of_month: ['5:-30']"), "ends before it begins"),
    "an unknown month": (interval("months: [janury]"), "not a month (got 'janury')"),
    "months backwards": (interval("months: ['december:january']"), "ends before it begins"),
    "a year in words": (interval("years: [now]"), "not a year (got 'now')"),
    "years backwards": (interval("years: ['2030:2020']"), "ends before it begins"),
    "an unknown place": (
        interval("location: Nowhere/Land"),
        "not a time zone (got 'Nowhere/Land')",
    ),
    "an unknown key of an interval": (interval("weekday: [monday]"), "did you mean weekdays?"),
    "an empty label": (route("group_by: ['']"), "a label's name is empty"),
    "a label twice": (route("group_by: [a, a]"), "the label a is there twice"),
    "a label beside all": (route("group_by: [a, '...']"), "`...` stands for every label"),
    "one label without a list": (route("group_by: a"), "group_by: input should be a valid list"),
    "no turn": (route("group_interval: 0s"), "group_interval: cannot be zero"),
    "no repeat": (route("repeat_interval: 0"), "repeat_interval: cannot be zero"),
    "a wait without a unit": (route("group_wait: 5"), "group_wait: not a duration (got 5"),
    "an empty wait": (route("group_wait: ''"), "group_wait: not a duration (got '')"),
    "a wait out of order": (route("group_wait: 1s1m"), "not a duration (got '1s1m')"),
    "a wait in words": (route("group_wait: soon"), "not a duration (got 'soon')"),
    "true in quotes": (below("continue: 'true'"), "not a boolean (got 'true')"),
    "no matcher": (below("matchers: [foo]"), "matchers[0]: not matchers (got 'foo')"),
    "a matcher without a name": (below("matchers: ['=b']"), "not matchers (got '=b')"),
    "a matcher without an end": (below("matchers: ['a=\"b']"), "not matchers"),
    "a matcher with a quote inside": (below("matchers: ['a=b\"c']"), "not matchers"),
    "a matcher of no pattern": (below("matchers: ['a=~\"(\"']"), "error parsing regexp"),
    "a matcher of a pattern that looks behind": (below("matchers: ['a=~(?<=b)c']"), "regexp"),
    "two commas": (below("matchers: ['a=b,,c=d']"), "not matchers"),
    "one matcher without a list": (
        below("matchers: a=b"),
        "matchers: input should be a valid list",
    ),
    "a number as a matcher": (below("matchers: [5]"), "not matchers (got 5)"),
    "no pattern": (below("match_re: {a: '('}"), "match_re.a: error parsing regexp"),
    "a pattern of nothing": (below("match_re: {a: null}"), "match_re.a: no pattern"),
    "a list as a match": (below("match: [a]"), "match: input should be a valid dictionary"),
    "an unknown key of a route": (
        below("matcher: [a=b]"),
        "unknown key (got 'matcher'), did you mean match",
    ),
    "an unknown section": (
        route("") + "\nreciever: []",
        "reciever: unknown key (got 'reciever'), did you mean receivers?",
    ),
    "an unknown key above": (receiver("", "resolve_timout: 5m"), "did you mean resolve_timeout?"),
    "an unknown kind": (receiver("webhok_configs: []"), "did you mean webhook_configs?"),
    "an unknown key of an entry": (
        receiver("email_configs: [{to: a, subject: x}]", "smtp_smarthost: 'a:25', smtp_from: b"),
        "unknown key (got 'subject'), write it as Subject under headers",
    ),
    "no entry": (receiver("webhook_configs: [null]"), "webhook_configs[0]: input should be"),
    "one entry without a list": (receiver("webhook_configs: {url: 'http://a'}"), "valid list"),
    "no address for a webhook": (receiver("webhook_configs: [{}]"), "url is missing"),
    "no address for Slack": (receiver("slack_configs: [{channel: x}]"), "api_url is missing"),
    "no smarthost": (receiver("email_configs: [{to: a}]", "smtp_from: a"), "smarthost: is missing"),
    "no key for PagerDuty": (receiver("pagerduty_configs: [{}]"), "pagerduty_configs[0]"),
    "no key for Opsgenie": (receiver("opsgenie_configs: [{}]"), "opsgenie_configs[0]"),
    "a responder without a name": (
        receiver("opsgenie_configs: [{api_key: a, responders: [{type: team}]}]"),
        "responders[0]",
    ),
    "a responder of no type": (
        receiver("opsgenie_configs: [{api_key: a, responders: [{type: x, name: y}]}]"),
        "responders[0]",
    ),
    "no user for Pushover": (receiver("pushover_configs: [{token: a}]"), "user_key"),
    "no token for Pushover": (receiver("pushover_configs: [{user_key: a}]"), "token"),
    "no chat for Telegram": (receiver("telegram_configs: [{bot_token: a}]"), "chat_id"),
    "no address for Discord": (receiver("discord_configs: [{}]"), "webhook_url"),
    "no topic for SNS": (receiver("sns_configs: [{sigv4: {region: a}}]"), "sns_configs[0]"),
    "a field without a title": (
        receiver("slack_configs: [{api_url: 'http://a', fields: [{value: b}]}]"),
        "fields[0]",
    ),
    "a button without a text": (
        receiver("slack_configs: [{api_url: 'http://a', actions: [{type: b, url: c}]}]"),
        "actions[0]",
    ),
    "a header twice": (
        receiver("email_configs: [{to: a, from: b, smarthost: 'c:1', headers: {x: d, X: e}}]"),
        "headers",
    ),
    "a smarthost without a port": (receiver("", "smtp_smarthost: a"), "global.smtp_smarthost"),
    "a webhook of another kind": (receiver("webhook_configs: [{url: 'ftp://a'}]"), "url"),
    "a webhook without a host": (receiver("webhook_configs: [{url: 'http:'}]"), "url"),
    "no mail": (receiver("email_configs: [{from: a, smarthost: 'b:1'}]"), "to: is missing"),
    "two ways in": (
        receiver("", "http_config: {basic_auth: {username: a}, bearer_token: b}"),
        "global.http_config",
    ),
    "an unknown version of TLS": (
        receiver("", "http_config: {tls_config: {min_version: TLS14}}"),
        "global.http_config.tls_config.min_version",
    ),
    "an address and a file": (
        receiver("slack_configs: [{api_url: 'http://a', api_url_file: b}]"),
        "both api_url and api_url_file are given",
    ),
    "an address and a file above": (
        receiver("", "slack_api_url: 'http://a', slack_api_url_file: b"),
        "both slack_api_url and slack_api_url_file are given",
    ),
    "a password and its file above": (
        receiver("", "smtp_auth_password: a, smtp_auth_password_file: b"),
        "both smtp_auth_password and smtp_auth_password_file are given",
    ),
    "a rule with an unknown key": (rule("source_matcher: [a=b]"), "did you mean source_match"),
    "a rule with a wrong matcher": (rule("source_matchers: [a]"), "not matchers"),
    "a rule with an empty label": (rule("equal: ['']"), "a label's name is empty"),
    "a rule with a wrong pattern": (rule("target_match_re: {a: '*'}"), "error parsing regexp"),
    "a list": ("- a", "input should be a valid dictionary"),
    "a tab": (f"route:\n\treceiver: a\n{A}", "not YAML"),
    "an empty file": ("", "the file is empty"),
    "a broken template": (
        f"templates: [broken.tmpl]\nroute: {{receiver: a}}\n{A}",
        "templates[0]: template",
    ),
}
"""amtool refuses them, and so does Opsbook; with a part of what it says."""

STRICTER = {
    "a kind that is not carried": (
        receiver("victorops_configs: [{api_key: x, routing_key: y}]"),
        "use apprise_configs",
    ),
    "month 13": (interval("months: ['13']"), "it would never come"),
    "no rule": (
        f"route: {{receiver: a}}\n{A}\ninhibit_rules: [null]",
        "it would stand for nothing",
    ),
    "no interval": (
        f"route: {{receiver: a}}\n{A}\ntime_intervals: [{{name: x, time_intervals: [null]}}]",
        "it would stand for every time",
    ),
    "a text that is no template": (
        receiver("slack_configs: [{api_url: 'http://a', text: '{{ if }}'}]"),
        "every notice would fail",
    ),
    "a template that is not there": (
        receiver("""slack_configs: [{api_url: 'http://a', text: '{{ template "none" . }}'}]"""),
        "every notice would fail",
    ),
    "a second document": (f"route: {{receiver: a}}\n{A}\n---\nfoo: bar", "it would be dropped"),
}
"""amtool takes them and Opsbook refuses them, with the reason why."""

LAXER = {
    "labels of any letters": (below("matchers: ['größe=klein']"), "since 0.27"),
    "labels in quotes": (below("""matchers: ['"a b"="c"']"""), "since 0.27"),
    "a group by any letters": (route("group_by: ['a-b']"), "since 0.27"),
    "equal labels of any letters": (rule("equal: ['a-b']"), "since 0.27"),
    "a match of any letters": (below("match: {'a-b': x}"), "as everywhere else"),
    "a pattern for any letters": (below("match_re: {'a-b': x}"), "as everywhere else"),
    "a rule's name": (rule("name: x"), "of a later version"),
    "a fallback": (
        "route: {receiver: a}\nreceivers: [{name: a, fallback: b}, {name: b}]",
        "Opsbook's own",
    ),
    "tracing": (route("") + "\ntracing: {endpoint: 'localhost:4317'}", "of a later version"),
}
"""amtool 0.25 refuses them and Opsbook takes them, with the reason why."""
