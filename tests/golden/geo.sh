#!/bin/bash
# SPDX-License-Identifier: MIT
# Country and network of recorded events, from databases made here: in the audit stream and in keys,
# and what is said of databases that are none. No rights needed.
cd "$(dirname "$0")/../.."
. tests/checks.sh
plan 12
dovetap=${DOVETAP:-.output/dovetap}
golden=tests/golden
export TZ=UTC LC_ALL=C DOVETAP_NODE=mail1
trap 'checks_end $?' EXIT

replay() { # settings... -- arguments of dovetap replay
	printf 'dovetap {\n' > "$tmp/conf"
	while [[ $1 != -- ]]; do
		printf '  %s\n' "$1" >> "$tmp/conf"
		shift
	done
	printf '}\n' >> "$tmp/conf"
	"$dovetap" replay --config "$tmp/conf" "${@:2}" "$tmp/events"
}

both=("geoip_country = $tmp/country.mmdb" "geoip_asn = $tmp/asn.mmdb")

stream_is() { # lines of "user country asn" of those that have one
	diff <(printf '%s\n' "$@") <(replay "${both[@]}" 'audit_mask_ip = yes' -- --audit |
		jq -r 'select(.country or .asn) | [.remote_ip, .country // "-", .asn // "-"] | join(" ")' | sort -u)
}

schema_allows() {
	replay "${both[@]}" -- --audit > "$tmp/stream" &&
		$golden/audit-schema.py docs/audit.schema.json "$tmp/stream"
}

keys_have_it() { # key template, then the keys of logins
	local key=$1
	shift
	diff <(printf 'shared/%s\n' "$@") <(replay "${both[@]}" 'mask_ip = yes' -- --dict debug:memory: \
		--key "$key" 2>&1 | grep -o 'shared/[^ ]*' | sort -u)
}

refused() { # text settings... -- arguments
	fails_with 78 "$1" replay "${@:2}"
}

"$golden/make-recording.py" < "$golden/audit.in" > "$tmp/events"
"$golden/make-mmdb" Country "$tmp/country.mmdb" << 'END'
::192.0.2.0/122 DE
::192.0.2.64/122 FR
2001:db8::/32 SE
END
"$golden/make-mmdb" ASN "$tmp/asn.mmdb" << 'END'
::192.0.2.0/124 64496
2001:db8:1::/48 4200000001
END
"$golden/make-mmdb" Registered "$tmp/registered.mmdb" <<< '::192.0.2.0/120 NL'
"$golden/make-mmdb" Registered "$tmp/hostile.mmdb" <<< '::192.0.2.0/120 ../../x'
head -c 300 "$tmp/country.mmdb" > "$tmp/cut.mmdb"

# Of addresses that are masked in the stream, by which both were found all the same.
check 'the stream has country and network' stream_is \
	'192.0.2.0 DE 64496' '192.0.2.0 FR -' '2001:db8:1:: SE 4200000001' '::ffff:192.0.2.0 FR -'
check 'which its schema allows' schema_allows
check 'so have keys' keys_have_it '%{country}/%{asn}/%{remote_ip}' '//' 'DE/64496/192.0.2.0'
both[0]="geoip_country = $tmp/registered.mmdb"
check 'the country that an address is registered in does it, too' keys_have_it '%{country}' '' NL
both[0]="geoip_country = $tmp/hostile.mmdb"
check 'what is no country is unknown' keys_have_it 'x%{country}' x
check 'without a database there is no such key' refused \
	'%{country} needs the setting geoip_country' -- --key '%{country}'
check 'nor with the other one' refused '%{asn} needs the setting geoip_asn' \
	"geoip_country = $tmp/country.mmdb" -- --key '%{country}/%{asn}'
check 'strictly, Dovecot has none' refused "dovetap's own" \
	"geoip_country = $tmp/country.mmdb" 'compat = strict' -- --key '%{country}'
check 'a missing database is told' refused 'none.mmdb: No such file' "geoip_country = $tmp/none.mmdb" -- --audit
check 'and one that is none' refused 'conf: ' "geoip_country = $tmp/conf" -- --audit
check 'and half of one' refused 'cut.mmdb: ' "geoip_country = $tmp/cut.mmdb" -- --audit
check 'and one of another kind' refused 'a database of type "Test-ASN" does not contain that' \
	"geoip_country = $tmp/asn.mmdb" -- --audit
