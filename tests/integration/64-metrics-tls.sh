#!/bin/bash
# SPDX-License-Identifier: MIT
# metrics_listen on an address that others reach: refused without TLS and a way to know who asks; with
# a token, a client's certificate or both, a real Prometheus gets the metrics and nobody else a word.
# Clients that connect and say nothing keep nobody out.
. "$(dirname "$0")/lib.sh"
plan 28

packages=$("$top/tools/packages" prometheus)/usr/bin || bail 'no Prometheus'
port=$(free_port)
token=0123456789abcdef-of-Prometheus

# ca signs server and client, other signs stranger; "mail" is a client's certificate that may only
# be a server's.
certificates() {
	local new='openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2' name
	for name in ca other; do
		$new -keyout "$name.key" -out "$name.pem" -subj "/CN=$name"
	done
	$new -keyout server.key -out server.pem -subj /CN=x -CA ca.pem -CAkey ca.key \
		-addext subjectAltName=IP:127.0.0.1
	$new -keyout client.key -out client.pem -subj /CN=client -CA ca.pem -CAkey ca.key \
		-addext extendedKeyUsage=clientAuth
	$new -keyout mail.key -out mail.pem -subj /CN=mail -CA ca.pem -CAkey ca.key \
		-addext extendedKeyUsage=serverAuth
	$new -keyout stranger.key -out stranger.pem -subj /CN=client -CA other.pem -CAkey other.key
}
(cd "$tmp" && certificates > certificates.log 2>&1) || bail "$(tail -n 3 "$tmp/certificates.log")"
printf '# of Prometheus\nsha256:%s\n' "$(printf %s "$token" | sha256sum | cut -d' ' -f1)" > "$tmp/tokens"
chmod 0600 "$tmp/tokens" "$tmp/certificates.log"

conf() { # line...: metrics_listen = 0.0.0.0:$port and these, in $tmp/conf
	{ echo 'dovetap {' && printf '  %s\n' "metrics_listen = 0.0.0.0:$port" "$@" && echo '}'; } > "$tmp/conf"
}
tls=("metrics_tls_cert = $tmp/server.pem" "metrics_tls_key = $tmp/server.key")

refused() { # line of the file, text, settings...
	local line=$1 text=$2
	shift 2
	conf "$@"
	fails_with 78 "$tmp/conf:$line: $text" "$dovetap" run --config "$tmp/conf" \
		--state-dir "$tmp/state" --control "$tmp/state/control.sock"
}

check 'nobody else is served without TLS' refused 2 'metrics_listen: others than this machine reach it'
check 'nor with a token alone' refused 2 'metrics_listen: others than this machine reach it' \
	"metrics_token_file = $tmp/tokens"
check 'nor with TLS alone' refused 2 'metrics_listen: others than this machine reach it' "${tls[@]}"
check 'a key without its certificate is a mistake' refused 3 'metrics_tls_key: a certificate and its key' \
	"metrics_tls_key = $tmp/server.key" "metrics_token_file = $tmp/tokens"
check 'and with that of another' refused 4 'metrics_tls_key: no certificate with its key' \
	"metrics_tls_cert = $tmp/server.pem" "metrics_tls_key = $tmp/client.key" "metrics_token_file = $tmp/tokens"
check 'so is a CA that is none' refused 5 'metrics_tls_client_ca: no certificate of a CA' "${tls[@]}" \
	"metrics_tls_client_ca = $tmp/server.key"
check 'a file of tokens that is none is named' refused 5 'metrics_token_file: line 1: no token' "${tls[@]}" \
	"metrics_token_file = $tmp/certificates.log"
check 'and one that is not there' refused 5 "metrics_token_file: $tmp/nowhere: No such file" "${tls[@]}" \
	"metrics_token_file = $tmp/nowhere"
chmod 0644 "$tmp/server.key"
check 'a key that everybody may read is refused' refused 4 \
	"metrics_tls_key: $tmp/server.key: everybody may read this secret" "${tls[@]}" "metrics_token_file = $tmp/tokens"
chmod 0600 "$tmp/server.key"

ask() { # arguments of curl: prints the status, and what came to $tmp/page
	: > "$tmp/page"
	curl -s --max-time 10 -o "$tmp/page" -w '%{http_code}' --cacert "$tmp/ca.pem" "$@"
}

answers_with() { # status, arguments of curl; without 200 there is not a word of it
	local want=$1
	shift
	same "$want" "$(ask "$@")"
	if [[ $want == 200 ]]; then
		grep -q '^dovetap_build_info' "$tmp/page"
	else
		[[ ! -s $tmp/page ]]
	fi
}

no_handshake() { # arguments of curl: TLS itself fails (35, 56), or what is there is no HTTP (1, 52)
	local status=0
	ask "$@" > "$tmp/status" || status=$?
	[[ " 1 35 52 56 " == *" $status "* ]]
	same 000 "$(cat "$tmp/status")"
}

url=https://127.0.0.1:$port/metrics
bearer=(-H "Authorization: Bearer $token")
client() { # name: curl's options
	printf '%s\n' --cert "$tmp/$1.pem" --key "$tmp/$1.key"
}
mapfile -t client < <(client client)
mapfile -t stranger < <(client stranger)
mapfile -t mail < <(client mail)

conf "${tls[@]}" "metrics_token_file = $tmp/tokens"
harness_start bookworm
dovetap_start_recording --config "$tmp/conf"
login imap good@example.com > "$tmp/out"
check 'with its token a client gets the metrics' answers_with 200 "${bearer[@]}" "$url"
check 'without one it gets nothing' answers_with 401 "$url"
check 'nor with a wrong one' answers_with 401 -H "Authorization: Bearer ${token}x" "$url"
check 'nor a word about which pages there are' answers_with 401 "https://127.0.0.1:$port/nowhere"
check 'a client without TLS gets nothing' no_handshake "${bearer[@]}" "http://127.0.0.1:$port/metrics"
check 'nor one with TLS 1.1' no_handshake "${bearer[@]}" --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "$url"
check 'the control socket is as it was' metric_is 'dovetap_dict_up{dict="sqlite"}' 1

# Far more than may be connected, some with half a handshake; the one that asks is answered each time.
silent_keep_nobody_out() {
	local i fd
	local -a fds=()
	for ((i = 0; i < 60; i++)); do
		exec {fd}<> "/dev/tcp/127.0.0.1/$port"
		fds+=("$fd")
		[[ $((i % 2)) -eq 0 ]] || printf '\x16\x03\x01' >&"$fd"
		[[ $((i % 20)) -ne 19 ]] || answers_with 200 "${bearer[@]}" "$url"
	done
	for fd in "${fds[@]}"; do
		exec {fd}>&-
	done
	answers_with 200 "${bearer[@]}" "$url"
}
check 'who says nothing keeps nobody out' silent_keep_nobody_out

prometheus_start() {
	prometheus_port=$(free_port)
	! alone || return 0
	printf '%s' "$token" > "$tmp/token"
	cat > "$tmp/prometheus.yml" << END
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: dovetap
    scheme: https
    tls_config: {ca_file: $tmp/ca.pem}
    authorization: {credentials_file: $tmp/token}
    static_configs: [{targets: ["127.0.0.1:$port"]}]
END
	run_in_background "$tmp/prometheus.log" "$packages/prometheus" --config.file="$tmp/prometheus.yml" \
		--storage.tsdb.path="$tmp/tsdb" --web.listen-address="127.0.0.1:$prometheus_port"
}

prometheus_has() { # query
	same true "$(curl -sf --max-time 10 --data-urlencode "query=$1" "http://127.0.0.1:$prometheus_port/api/v1/query" |
		jq '.status == "success" and (.data.result | length > 0)')"
}
prometheus_start
check 'a real Prometheus scrapes it, with TLS and its token' eventually prometheus_has 'dovetap_logins_recorded_total == 1'

# The new token beside the old one, then alone.
printf '%s\n' "another-token-of-16-or-more" > "$tmp/tokens"
kill -HUP "$dovetap_pid"
check 'the new one is taken' eventually answers_with 200 -H 'Authorization: Bearer another-token-of-16-or-more' "$url"
check 'the old one no more' answers_with 401 "${bearer[@]}" "$url"

# What a start refuses changes nothing at a reload either: the endpoint stays, with its old files.
bearer=(-H 'Authorization: Bearer another-token-of-16-or-more')
kept=0
keeps() { # file, text of the log: the file is broken for one reload
	cp -p "$1" "$tmp/good"
	printf 'short\n' > "$1"
	kill -HUP "$dovetap_pid"
	eventually grep -qF "the old configuration stays: $tmp/conf:$2" "$tmp/dovetap.log"
	cp -p "$tmp/good" "$1"
	same $((kept += 1)) "$(grep -c 'the old configuration stays' "$tmp/dovetap.log")"
	answers_with 200 "${bearer[@]}" "$url"
}
check 'a broken file of tokens takes no endpoint away' keeps "$tmp/tokens" '5: metrics_token_file: line 1: no token'
check 'nor does a broken certificate' keeps "$tmp/server.pem" '4: metrics_tls_key: no certificate with its key'
check 'nor a broken key' keeps "$tmp/server.key" '4: metrics_tls_key: no certificate with its key'
others_unserved() { # the address stays, the certificate is gone
	conf "metrics_token_file = $tmp/tokens"
	kill -HUP "$dovetap_pid"
	eventually grep -qF "$tmp/conf:2: metrics_listen: others than this machine" "$tmp/dovetap.log"
	answers_with 200 "${bearer[@]}" "$url"
}
check 'nor an address that would be open to all' others_unserved
dovetap_stop

conf "${tls[@]}" "metrics_tls_client_ca = $tmp/ca.pem"
dovetap_start_recording --config "$tmp/conf"
check 'a client with a certificate of the CA gets the metrics' answers_with 200 "${client[@]}" "$url"
check 'one without gets nothing' answers_with 403 "$url"
check 'nor one of another CA' answers_with 403 "${stranger[@]}" "$url"
check 'nor a server with its own' answers_with 403 "${mail[@]}" "$url"
dovetap_stop
