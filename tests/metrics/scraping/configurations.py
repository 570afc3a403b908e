"""Configurations of Prometheus, good and bad, and the few on which it and Opsbook disagree.

Each is called by what it is about. `job` stands for a job that has a name and the rest.
"""


def job(rest: str) -> str:
    return f"scrape_configs: [{{job_name: a, {rest}}}]"


def rule(rest: str) -> str:
    return job(f"relabel_configs: [{{{rest}}}]")


TAKEN = {
    "nothing but a section": "global:",
    "yes": job("honor_labels: yes"),
    "on": job("honor_labels: on"),
    "y": job("honor_labels: y"),
    "a flag of nothing": job("honor_timestamps: null"),
    "a limit with an exponent": job("sample_limit: 1e3"),
    "a limit of nothing": job("sample_limit: null"),
    "a size of 0": job("body_size_limit: 0"),
    "a size": job("body_size_limit: 10MB"),
    "a broken size": job("body_size_limit: 1.5GB"),
    "a size of parts": job("body_size_limit: 10B5KB"),
    "a size of nothing": job("body_size_limit: null"),
    "an interval of 0": job("scrape_interval: 0"),
    "an interval of nothing": job("scrape_interval: null"),
    "an interval of years": job("scrape_interval: 1y2w"),
    "a group of nothing": job("static_configs: [{}]"),
    "a number as a target": job("static_configs: [{targets: [9090]}]"),
    "a number as a label": job("static_configs: [{targets: [a], labels: {v: 1.10}}]"),
    "a label of nothing": job("static_configs: [{targets: [a], labels: {v: }}]"),
    "a URL that is relabelled": job(
        "static_configs: [{targets: ['http://a']}], "
        "relabel_configs: [{target_label: __address__, replacement: b}]"
    ),
    "a number as a name": "scrape_configs: [{job_name: 5}]",
    "a name of any letters": "scrape_configs: [{job_name: 測試 1}]",
    "a scheme of any kind": job("scheme: ftp"),
    "parameters of nothing": job("params: {a: }"),
    "numbers as parameters": job("params: {a: [1, 1.10, true]}"),
    "a regex of nothing": rule("regex: , target_label: a"),
    "an action in capitals": rule("action: REPLACE, target_label: a"),
    "labeldrop and what is so anyway": rule("action: labeldrop, replacement: $1, regex: a"),
    "files of targets": job("file_sd_configs: [{files: [a.yml, b*.JSON], refresh_interval: 1m}]"),
    "rules that are not there": "rule_files: ['none*.yml']",
    "a password's file that is not there": job("basic_auth: {username: a, password_file: none}"),
    "basic_auth of nothing": job("basic_auth: , bearer_token: a"),
    "a CA's file that is not there": job("tls_config: {ca_file: none}"),
    "external labels": "global: {external_labels: {a: 1.10, b: $HOME}}",
    "an evaluation interval of 0": "global: {evaluation_interval: 0}",
    "an alias": "global: {scrape_interval: &a 5m, evaluation_interval: *a}",
    "a merged mapping": """
        scrape_configs:
        - &first {job_name: a, scheme: https, static_configs: [{targets: [h]}]}
        - {<<: *first, job_name: b}
    """,
    "sections that Opsbook leaves to others": """
        remote_write: [{url: "http://localhost/write"}]
        remote_read: [{url: "http://localhost/read"}]
        alerting: {alertmanagers: [{static_configs: [{targets: [localhost:9093]}]}]}
        tracing: {endpoint: localhost:4317}
        storage: {exemplars: {max_exemplars: 1}}
    """,
    "discoveries that Opsbook leaves to others": """
        scrape_configs:
        - job_name: a
          dns_sd_configs: [{names: [example.org], type: A, port: 9100}]
          http_sd_configs: [{url: "http://localhost/targets"}]
          proxy_url: http://localhost:3128
          enable_http2: false
    """,
}
"""promtool takes them, and so does Opsbook."""

REFUSED = {
    "true in quotes": (job("honor_labels: 'true'"), "not a boolean (got 'true')"),
    "1 as a flag": (job("honor_labels: 1"), "not a boolean (got 1)"),
    "a limit in quotes": (job("sample_limit: '5'"), "not a whole number (got '5')"),
    "a limit below 0": (job("sample_limit: -1"), "should be greater than or equal to 0"),
    "a size without a unit": (job("body_size_limit: 100"), "not a size (got 100)"),
    "a size in kB": (job("body_size_limit: 10kB"), "not a size (got '10kB')"),
    "a size with a space": (job("body_size_limit: 10 MB"), "not a size (got '10 MB')"),
    "a size of two kinds": (job("body_size_limit: 1GB5MiB"), "not a size (got '1GB5MiB')"),
    "an interval without a unit": (job("scrape_interval: 15"), "not a duration (got 15)"),
    "an empty interval": (job("scrape_interval: ''"), "not a duration (got '')"),
    "an interval out of order": (job("scrape_interval: 1s1m"), "not a duration (got '1s1m')"),
    "a broken interval": (job("scrape_interval: 1.5m"), "not a duration (got '1.5m')"),
    "an endless interval": (job("scrape_interval: 400y"), "a duration of more than 292 years"),
    "no group": (job("static_configs: [null]"), "static_configs[0]: input should be a valid"),
    "a URL": (job("static_configs: [{targets: ['http://a']}]"), "the target 'http://a' has a"),
    "a URL that stays one": (
        job("static_configs: [{targets: ['http://a']}], relabel_configs: [{target_label: b}]"),
        "static_configs[0]: 'http://a' is no address",
    ),
    "an address that is relabelled away": (
        job(
            "static_configs: [{targets: [a]}], "
            "relabel_configs: [{target_label: __address__, replacement: ''}]"
        ),
        "static_configs[0]: no address",
    ),
    "one target without a list": (
        job("static_configs: [{targets: a}]"),
        "targets: input should be a valid list (got 'a')",
    ),
    "a list as a label": (
        job("static_configs: [{targets: [a], labels: {v: [a]}}]"),
        "labels.v: input should be a valid string",
    ),
    "a name of nothing": ("scrape_configs: [{job_name: }]", "a job needs a name"),
    "no name": ("scrape_configs: [{scheme: http}]", "job_name: is missing"),
    "no job": ("scrape_configs: [null]", "scrape_configs[0]: input should be a valid"),
    "a name twice": (
        "scrape_configs: [{job_name: a}, {job_name: a}]",
        "scrape_configs[1].job_name: not a name of its own",
    ),
    "a parameter without a list": (job("params: {a: b}"), "params.a: input should be a valid list"),
    "a timeout above the interval": (
        job("scrape_interval: 5s, scrape_timeout: 6s"),
        "scrape_timeout: scrape_timeout 6s is longer than scrape_interval 5s",
    ),
    "a timeout above the global interval": (
        job("scrape_timeout: 61s"),
        "scrape_timeout: scrape_timeout 1m1s is longer than scrape_interval 1m",
    ),
    "a global timeout above the interval": (
        "global: {scrape_timeout: 2m}",
        "global: scrape_timeout 2m is longer",
    ),
    "a list": ("- a", "input should be a valid dictionary"),
    "a key twice": (
        "global: {scrape_interval: 1m, scrape_interval: 2m}",
        "global.scrape_interval: duplicate key",
    ),
    "an unknown section": ("scrape: []", "scrape: unknown key"),
    "an unknown key": (job("scrape_intervall: 1m"), "did you mean scrape_interval?"),
    "an unknown global key": ("global: {evaluation: 1m}", "global.evaluation: unknown key"),
    "an unknown discovery": (
        job("kubernetes_sd_config: [{role: pod}]"),
        "did you mean kubernetes_sd_configs?",
    ),
    "an unknown key of a rule": (rule("target: a"), "target: unknown key"),
    "an unknown key of a group": (job("static_configs: [{target: [a]}]"), "did you mean targets?"),
    "one source without a list": (
        rule("source_labels: a, target_label: b"),
        "source_labels: input should be a valid list",
    ),
    "no rule": (job("relabel_configs: [null]"), "relabel_configs[0]: input should be a valid"),
    "an empty rule": (rule(""), "replace needs a target_label"),
    "an unknown action": (rule("action: explode"), "action: input should be 'replace'"),
    "an action of nothing": (rule("action: , target_label: a"), "action: input should be"),
    "no regex": (rule("regex: '(', target_label: a"), "error parsing regexp"),
    "hashmod without a modulus": (
        rule("action: hashmod, target_label: a"),
        "hashmod needs a modulus",
    ),
    "hashmod without a target": (
        rule("action: hashmod, modulus: 2"),
        "hashmod needs a target_label",
    ),
    "uppercase and a replacement": (
        rule("action: uppercase, target_label: a, replacement: b"),
        "uppercase takes no replacement",
    ),
    "labelmap without a replacement": (
        rule("action: labelmap, replacement: ''"),
        "labelmap needs a replacement",
    ),
    "labeldrop and sources": (
        rule("action: labeldrop, source_labels: [], regex: a"),
        "labeldrop takes only regex, remove source_labels",
    ),
    "dropequal and a regex": (
        rule("action: dropequal, regex: (.*), source_labels: [a], target_label: b"),
        "dropequal takes only source_labels and target_label, remove regex",
    ),
    "a wrong rule for series": (
        job("metric_relabel_configs: [{action: keepequal}]"),
        "metric_relabel_configs[0]: keepequal needs a target_label",
    ),
    "a file of targets of no kind": (
        job("file_sd_configs: [{files: [a.txt]}]"),
        "not a name of target files (got 'a.txt')",
    ),
    "no file of targets": (
        job("file_sd_configs: [{files: []}]"),
        "files: list should have at least",
    ),
    "no files of targets": (job("file_sd_configs: [null]"), "file_sd_configs[0]: input should be"),
    "files of targets in any directory": (
        job("file_sd_configs: [{files: ['*/a.yml']}]"),
        "not a name of target files (got '*/a.yml')",
    ),
    "files of rules in any directory": (
        "rule_files: ['*/*.yml']",
        "rule_files[0]: not a name of rule files",
    ),
    "a file of rules that is not there": (
        "rule_files: ['none.yml']",
        "rule_files[0]: no such file",
    ),
    "a token's file that is not there": (
        job("bearer_token_file: none"),
        "bearer_token_file: no such file",
    ),
    "a credentials' file that is not there": (
        job("authorization: {credentials_file: none}"),
        "authorization.credentials_file: no such file",
    ),
    "a certificate's file that is not there": (
        job("tls_config: {cert_file: none, key_file: none}"),
        "tls_config.cert_file: no such file",
    ),
    "two tokens": (job("bearer_token_file: none, bearer_token: a"), "both bearer_token and"),
    "a token and a user": (
        job("basic_auth: {}, bearer_token: a"),
        "both basic_auth and bearer_token are given",
    ),
    "an authorization of type basic": (
        job("authorization: {type: Basic, credentials: a}"),
        "the type cannot be basic",
    ),
    "two authorizations": (
        job("authorization: {credentials: a}, basic_auth: {username: a}"),
        "both basic_auth and authorization are given",
    ),
    "two passwords": (
        job("basic_auth: {password: a, password_file: b}"),
        "both password and password_file are given",
    ),
    "two credentials": (
        job("authorization: {credentials: a, credentials_file: b}"),
        "both credentials and credentials_file are given",
    ),
    "a certificate without a key": (
        job("tls_config: {cert_file: prometheus.yml}"),
        "a client's certificate and its key belong together",
    ),
    "an unknown version of TLS": (job("tls_config: {min_version: TLS14}"), "min_version: input"),
    "Opsbook's own key": (job("json: {a: {path: b}}"), "json: unknown to Prometheus"),
    "a tab": ("global:\n\tscrape_interval: 1m", "not YAML"),
}
"""promtool refuses them, and so does Opsbook; with a part of what it says."""

STRICTER = {
    "an empty file": ("", "nothing would be scraped, and nobody would know"),
    "no document": ("~", "as an empty file"),
    "a second document": ("global:\n---\nglobal:\n", "Prometheus does not read it, silently"),
    "a broken limit": (job("sample_limit: 1.5"), "Prometheus makes 1 of it"),
    "a limit in base 16": (job("sample_limit: 0x10"), "it is text in YAML 1.2"),
    "a limit in base 8": (job("sample_limit: 010"), "it is 8 in YAML 1.1 and 10 in YAML 1.2"),
    "a size below 0": (job("body_size_limit: -5B"), "Prometheus takes it for no limit"),
}
"""promtool takes them, and Opsbook does not: why."""

LAXER = {
    "yes in quotes": (job("honor_labels: 'yes'"), "our reader does not tell it from a bare yes"),
    "a label of any letters": (
        job("static_configs: [{targets: [a], labels: {v.x: a}}]"),
        "Prometheus 3 takes it",
    ),
    "an external label of any letters": (
        "global: {external_labels: {a-b: 1}}",
        "Prometheus 3 takes it",
    ),
    "a target_label of any letters": (rule("target_label: a.b"), "Prometheus 3 takes it"),
    "global limits": ("global: {sample_limit: 5}", "Prometheus 3 takes it"),
    "certificates written out": (job("tls_config: {ca: abc}"), "Prometheus 3 takes it"),
    "protocols": (job("scrape_protocols: [PrometheusText0.0.4]"), "Prometheus 3 takes it"),
    "OTLP": ("otlp: {translation_strategy: NoTranslation}", "Prometheus 3 takes it"),
    "half an oauth2": (
        job("oauth2: {client_id: a}"),
        "what is not carried out is remarked on, and not looked into",
    ),
}
"""promtool 2 refuses them, and Opsbook does not: why."""
