#!/bin/bash
# SPDX-License-Identifier: MIT
# A layout is proved by one login, which is recorded at once; the proof outlives a restart. One that
# lies is refused by name, none of what it read is stored, each login is counted, and the operator is
# told what to do. A host where nobody logs in and mail is only delivered is served as well.
. "$(dirname "$0")/lib.sh"
plan 21

abi='2.3.ABIv19(2.3.19.1)'
mkdir "$tmp/layouts"
echo "dovetap { layout_dir = $tmp/layouts }" | sed 's/{/{\n/; s/}/\n}/' > "$tmp/dovetap.conf"
harness_start bookworm

start() {
	dovetap_start_recording --config "$tmp/dovetap.conf" "$@"
}

checked() { # text: "check" prints it
	"$dovetap" check --config "$tmp/dovetap.conf" --state-dir "$tmp/state" --root "$harness_root" \
		--control "$tmp/state/control.sock" > "$tmp/checked" 2>&1 || true
	grep -qF -- "$1" "$tmp/checked" || { cat "$tmp/checked"; return 1; }
}

layouts_are() { # state, number
	metric_is "dovetap_layouts{state=\"$1\"}" "$2"
}

three_log_in() {
	login imap ann@example.com bob@example.com cyd@example.com > "$tmp/logins"
}

status_has() { # pattern
	"$dovetap" status --control "$tmp/state/control.sock" > "$tmp/status"
	grep -qE -- "$1" "$tmp/status" || { cat "$tmp/status"; return 1; }
}

nothing_is_stored() {
	[[ ! -e $tmp/state/db ]] || recorded
}

start
check 'no layout is proved before a login' layouts_are proved_by_login 0
check 'as check prints' checked 'not proved by a login yet'
check 'somebody logs in' login imap ann@example.com
check 'and is recorded' eventually recorded imap/ann@example.com
check 'by which two layouts are proved' layouts_are proved_by_login 2
check 'as check prints, too' checked 'proved by a login'
check 'nothing waits' metric_is dovetap_layout_waiting 0
dovetap_stop

start
check 'the next one has the proof' eventually layouts_are proved_by_login 2
dovetap_stop

rm "$tmp/state/layouts"
start --service imap,lmtp
check 'mail is delivered' login lmtp eve@example.com
check 'that waits for a proof' eventually metric_is dovetap_layout_waiting 1
check 'its form is one after a while' eventually recorded lmtp/eve@example.com
check 'as the metric shows' layouts_are proved_by_form 1
dovetap_stop

"$dovetap" layout show "$abi" > "$tmp/layout"
"$top/tests/harness/shift-layout" mail_user username... 8 < "$tmp/layout" \
	> "$tmp/layouts/lie.layouts"
start
check 'a layout in the place of another is warned of' grep -qF \
	"lie.layouts takes the place of the built-in layout of Dovecot ABI $abi" "$tmp/dovetap.log"
check 'three log in' three_log_in
check 'the layout is refused' eventually layouts_are refused 1
check 'status names the member and what to do' eventually status_has \
	"session_id is not where .* 'dovetap layout make'"
check 'so does check' checked 'REFUSED: session_id is not where it should be'
check 'nothing is stored' nothing_is_stored
check 'they are lost by that' eventually metric_is \
	'dovetap_events_lost_total{stage="proof",reason="layout_refused"}' 3
check 'the accounts balance' accounts_balance
check 'the probe is gone' eventually metric_is dovetap_probes_attached 2
