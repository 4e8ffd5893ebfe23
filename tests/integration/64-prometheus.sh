#!/bin/bash
# SPDX-License-Identifier: MIT
# A real Prometheus scrapes dovetap: its own tool takes the metrics and the alerts, each alert has a
# section of the runbook, each query of the dashboard gives data, and the alert of a store that is
# down becomes pending when the store is stopped.
. "$(dirname "$0")/lib.sh"
plan 15

packages=$("$top/tools/packages" prometheus)/usr/bin || bail 'no Prometheus'
alerts=$top/deploy/prometheus dashboard=$top/deploy/grafana/dovetap.json

metrics_used() { # file: the names of dovetap's metrics in it
	grep -oE '\b(dovetap_[a-z_]+|process_[a-z]+_[a-z_]+)' "$1" | sed 's/_seconds_bucket$/_seconds/' | sort -u
}

all_documented() { # file: each metric in it is in the table of docs/metrics.md
	local name
	[[ $(metrics_used "$1" | wc -l) -ge 10 ]]
	while read -r name; do
		grep -q "\`$name\`" "$top/docs/metrics.md" || { echo "$name is no metric"; return 1; }
	done < <(metrics_used "$1")
}

runbook_has_each() {
	local name
	local -a names
	mapfile -t names < <(sed -n 's/^ *- alert: //p' "$alerts/alerts.yml")
	[[ ${#names[@]} -ge 10 ]]
	for name in "${names[@]}"; do
		grep -qx "## $name" "$top/docs/runbook.md" || { echo "$name has no section"; return 1; }
		grep -qx " *runbook: docs/runbook.md#${name,,}" "$alerts/alerts.yml" || { echo "$name: no link"; return 1; }
	done
	same "$(printf '%s\n' "${names[@]}" | sort)" "$(sed -n 's/^## //p' "$top/docs/runbook.md" | sort)"
}

query() { # PromQL: the answer's JSON
	curl -sf --max-time 10 --data-urlencode "query=$1" "http://127.0.0.1:$prometheus_port/api/v1/query"
}

gives_data() { # PromQL
	same true "$(query "$1" | jq '.status == "success" and (.data.result | length > 0)')" ||
		{ echo "no data: $1"; return 1; }
}

# Grafana's variables as it would fill them in. Rates need two scrapes with something between.
dashboard_gives_data() {
	local expression
	local -a expressions
	mapfile -t expressions < <(jq -r '.panels[].targets[].expr' "$dashboard" |
		sed -e 's/\$instance/.*/g' -e 's/\$__rate_interval/5m/g' -e 's/ > 0$//')
	[[ ${#expressions[@]} -ge 12 ]]
	for expression in "${expressions[@]}"; do
		gives_data "$expression" || return 1
	done
}

scrape() { # type, file: the head goes to FILE.head
	curl -sf --max-time 10 -H "Accept: $1" -D "$2.head" -o "$2" "http://127.0.0.1:$port/metrics"
}

# Between two scrapes a series may begin.
openmetrics_is_sound() {
	scrape 'application/openmetrics-text;version=1.0.0' "$tmp/openmetrics"
	grep -qi '^content-type: application/openmetrics-text; version=1.0.0; charset=utf-8' "$tmp/openmetrics.head"
	scrape text/plain "$tmp/text"
	grep -qi '^content-type: text/plain; version=0.0.4' "$tmp/text.head"
	"$top/tests/integration/openmetrics.py" "$tmp/openmetrics" "$tmp/text"
}

# It asks for OpenMetrics, and has no other reason to find no type of a counter by the name with
# _total.
takes_openmetrics() {
	same counter "$(curl -sf --max-time 10 "http://127.0.0.1:$prometheus_port/api/v1/targets/metadata" |
		jq -r '.data[] | select(.metric == "dovetap_events") | .type')"
}

alerts_are() { # name=state... or none
	same "$*" "$(curl -sf --max-time 10 "http://127.0.0.1:$prometheus_port/api/v1/alerts" |
		jq -r '[.data.alerts[] | "\(.labels.alertname)=\(.state)"] | if length == 0 then "none" else join(" ") end')"
}

# Without dovetap there would be none for five minutes, either.
all_is_well() {
	gives_data 'dovetap_dict_up == 1'
	alerts_are none
}

prometheus_start() {
	prometheus_port=$(free_port)
	! alone || return 0
	printf 'global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%s]\n' "$alerts/alerts.yml" > "$tmp/prometheus.yml"
	printf 'scrape_configs: [{job_name: dovetap, static_configs: [{targets: ["127.0.0.1:%s"]}]}]\n' "$port" >> "$tmp/prometheus.yml"
	run_in_background "$tmp/prometheus.log" "$packages/prometheus" --config.file="$tmp/prometheus.yml" \
		--storage.tsdb.path="$tmp/tsdb" --web.listen-address="127.0.0.1:$prometheus_port"
	eventually gives_data up || bail "prometheus: $(tail -n 3 "$tmp/prometheus.log")"
}

check 'the alerts are well formed' "$packages/promtool" check rules "$alerts/alerts.yml"
check 'each fires on its fault, none on a quiet day' "$packages/promtool" test rules "$alerts/alerts.test.yml"
check 'each has a section of the runbook' runbook_has_each
check 'the alerts name metrics that exist' all_documented "$alerts/alerts.yml"
check 'the dashboard as well' all_documented "$dashboard"

harness_start bookworm
redis_start
port=$(free_port)
printf 'dovetap {\n  metrics_listen = 127.0.0.1:%s\n}\n' "$port" > "$tmp/conf"
dovetap_start --config "$tmp/conf" --root "$harness_root" --dict "redis:host=127.0.0.1:port=$redis_port"
prometheus_start
login imap good@example.com > "$tmp/out"
printf '{"service": "imap", "user": "bad@example.com", "password": "wrong"}\n' | login - --fails > "$tmp/out"
check "Prometheus' own tool takes the metrics" \
	eval "curl -sf http://127.0.0.1:$port/metrics | '$packages/promtool' check metrics"
check 'OpenMetrics is as its parser wants it, with the same series' eventually openmetrics_is_sound
check 'Prometheus takes it, too' takes_openmetrics
check 'the login is in it' eventually gives_data 'dovetap_logins_recorded_total == 1'
check 'when the store last took records is known' eventually gives_data \
	'time() - dovetap_dict_last_success_timestamp_seconds < 600'
check 'and how long a login takes to get there' gives_data \
	'histogram_quantile(0.99, dovetap_dict_store_latency_seconds_bucket) < 60'
check 'every query of the dashboard gives data' eventually dashboard_gives_data
check 'no alert while all is well' all_is_well
stop "$redis_pid"
login imap good@example.com > "$tmp/out"
check 'a store that is down is an alert that waits' eventually alerts_are DovetapDictDown=pending
# By Prometheus' clock and not by ours.
check 'the record waits longer and longer' eventually gives_data \
	'dovetap_dict_oldest_waiting_seconds > 2 < time() - dovetap_dict_last_success_timestamp_seconds'
