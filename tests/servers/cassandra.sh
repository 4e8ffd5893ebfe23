#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs throwaway Cassandra nodes on loopback, from the artifacts on Maven Central.
#
#   cassandra.sh fetch                 puts the artifacts into the cache, unless they are there
#   cassandra.sh init DIR [auth] [tls] makes the directory of a cluster; prints its CQL port
#   cassandra.sh start DIR N           starts node N (on 127.0.0.N) and waits until it serves CQL
#   cassandra.sh stop DIR N            ends it, and waits
#   cassandra.sh kill DIR N            as a crash would, and waits
#   cassandra.sh pause DIR N           makes it hang: it accepts and never answers
#   cassandra.sh resume DIR N
#   cassandra.sh destroy DIR           kills what runs and removes the directory
#
# Cache: ${DOVETAP_CACHE:-/var/cache/dovetap}/maven. Node 1 is the seed. With "auth" the user is
# cassandra, password cassandra; with "tls" DIR/ca.pem signs every node, for its address and for
# the name cassandra.test.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=5.0.4
cache=${DOVETAP_CACHE:-/var/cache/dovetap}/maven
jars=$cache/cassandra-$version
heap=${CASSANDRA_HEAP:-512m}
storepass=throwaway

die() {
	echo "cassandra.sh: $*" >&2
	exit 1
}

java_17() { # the path of a Java 17, which is what this Cassandra runs on
	local java
	for java in "${JAVA_HOME:-/nonexistent}/bin/java" /usr/lib/jvm/java-17-openjdk-*/bin/java; do
		[[ -x $java ]] && echo "$java" && return
	done
	die "no Java 17; apt-get install openjdk-17-jre-headless"
}

fetch() { # a download that was cut off leaves nothing behind that looks complete
	[[ -e $jars/cassandra-all-$version.jar ]] && return
	command -v mvn > /dev/null || die "no mvn; apt-get install maven"
	local new
	mkdir -p "$cache"
	new=$(mktemp -d "$cache/new.XXXXXX")
	mvn --batch-mode --quiet -f "$here/cassandra-pom.xml" -Dcassandra.version=$version \
		-Dmaven.repo.local="$cache/repo" dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$new" >&2 || { rm -rf "$new"; die "mvn failed"; }
	rm -rf "$jars"
	mv "$new" "$jars"
}

make_certificates() { # DIR: a CA, and one certificate for three nodes
	local dir=$1
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=dovetap test CA' \
		-keyout "$dir/ca.key" -out "$dir/ca.pem" 2> /dev/null
	openssl req -newkey rsa:2048 -nodes -subj '/CN=cassandra.test' \
		-keyout "$dir/node.key" -out "$dir/node.csr" 2> /dev/null
	openssl x509 -req -in "$dir/node.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
		-days 2 -out "$dir/node.pem" -extfile <(echo \
		'subjectAltName=DNS:cassandra.test,IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3') 2> /dev/null
	openssl pkcs12 -export -in "$dir/node.pem" -inkey "$dir/node.key" -name node \
		-passout "pass:$storepass" -out "$dir/node.p12"
}

init() { # DIR [auth] [tls]
	local dir=$1
	shift
	mkdir -p "$dir"
	read -r cql_port storage_port < <("$here/../harness/free-ports" 2 | paste -sd ' ')
	printf 'cql_port=%s\nstorage_port=%s\nauth=%s\ntls=%s\n' "$cql_port" "$storage_port" \
		"$([[ " $* " == *' auth '* ]] && echo yes)" "$([[ " $* " == *' tls '* ]] && echo yes)" \
		> "$dir/cluster"
	[[ " $* " != *' tls '* ]] || make_certificates "$dir"
	echo "$cql_port"
}

write_yaml() { # DIR N
	local dir=$1 node=$1/$2 authenticator=AllowAllAuthenticator authorizer=AllowAllAuthorizer
	if [[ -n $auth ]]; then
		authenticator=PasswordAuthenticator authorizer=CassandraAuthorizer
	fi
	cat <<- YAML
		cluster_name: dovetap-test
		num_tokens: 8
		auto_bootstrap: false
		partitioner: org.apache.cassandra.dht.Murmur3Partitioner
		endpoint_snitch: SimpleSnitch
		seed_provider:
		  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
		    parameters:
		      - seeds: "127.0.0.1:$storage_port"
		listen_address: 127.0.0.$2
		rpc_address: 127.0.0.$2
		storage_port: $storage_port
		native_transport_port: $cql_port
		data_file_directories: [$node/data]
		commitlog_directory: $node/commitlog
		hints_directory: $node/hints
		saved_caches_directory: $node/caches
		cdc_raw_directory: $node/cdc
		commitlog_sync: periodic
		commitlog_sync_period: 1000ms
		commitlog_segment_size: 4MiB
		commitlog_total_space: 64MiB
		memtable_heap_space: 64MiB
		memtable_offheap_space: 64MiB
		file_cache_size: 32MiB
		networking_cache_size: 32MiB
		concurrent_reads: 4
		concurrent_writes: 8
		concurrent_compactors: 1
		auto_snapshot: false
		hinted_handoff_enabled: true
		authenticator: $authenticator
		authorizer: $authorizer
	YAML
	if [[ -n $tls ]]; then
		cat <<- YAML
			client_encryption_options:
			  enabled: true
			  optional: false
			  keystore: $dir/node.p12
			  keystore_password: $storepass
			  store_type: PKCS12
		YAML
	fi
}

jvm_options() { # DIR N: what Cassandra's own start script passes for Java 17, and a small heap
	local module
	for module in java.base/jdk.internal.misc java.management.rmi/com.sun.jmx.remote.internal.rmi \
		java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql \
		java.base/java.lang.ref jdk.unsupported/sun.misc; do
		echo --add-exports "$module=ALL-UNNAMED"
	done
	for module in java.lang.module jdk.internal.loader jdk.internal.ref jdk.internal.reflect \
		jdk.internal.math jdk.internal.module jdk.internal.util.jar sun.nio.ch java.io java.lang \
		java.math java.util java.util.concurrent java.util.concurrent.atomic java.nio java.net; do
		echo --add-opens "java.base/$module=ALL-UNNAMED"
	done
	echo --add-opens jdk.management/com.sun.management.internal=ALL-UNNAMED
	echo --add-opens java.rmi/sun.rmi.transport.tcp=ALL-UNNAMED
	echo -Djdk.attach.allowAttachSelf=true -Djava.net.preferIPv4Stack=true
	echo "-Xms$heap" "-Xmx$heap" -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC -Xss512k
	echo -XX:TieredStopAtLevel=1 -XX:CICompilerCount=1 -XX:-UsePerfData
	echo "-Dcassandra.config=file://$1/$2/cassandra.yaml" "-Dcassandra.storagedir=$1/$2"
	echo "-Dlogback.configurationFile=file://$1/$2/logback.xml" "-Djava.io.tmpdir=$1/$2"
	echo -Dcassandra.superuser_setup_delay_ms=0 -Dcassandra.skip_wait_for_gossip_to_settle=0
	echo -Dcassandra.ring_delay_ms=2000 -Dcassandra.reset_bootstrap_progress=false
	echo -Dcassandra-foreground=yes
}

write_logback() { # a log per node; standard output stays quiet
	cat <<- 'XML'
		<configuration>
		  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
		    <encoder><pattern>%-5level %date{HH:mm:ss.SSS} %logger{0} - %msg%n</pattern></encoder>
		  </appender>
		  <root level="INFO"><appender-ref ref="OUT"/></root>
		</configuration>
	XML
}

serves() { # PORT N: it listens only once it serves
	(exec 3<> "/dev/tcp/127.0.0.$2/$1") 2> /dev/null
}

start() { # DIR N
	local dir=$1 n=$2 java pid waited
	local -a options
	java=$(java_17)
	fetch
	. "$dir/cluster"
	mkdir -p "$dir/$n"
	write_yaml "$dir" "$n" > "$dir/$n/cassandra.yaml"
	write_logback > "$dir/$n/logback.xml"
	mapfile -t options < <(jvm_options "$dir" "$n" | tr ' ' '\n')
	"$java" "-javaagent:$jars/jamm-0.4.0.jar" "${options[@]}" -cp "$jars/*" \
		org.apache.cassandra.service.CassandraDaemon > "$dir/$n/log" 2>&1 < /dev/null &
	pid=$!
	echo $pid > "$dir/$n/pid"
	for ((waited = 0; waited < ${CASSANDRA_START_SECS:-240}; waited++)); do
		serves "$cql_port" "$n" && return
		kill -0 $pid 2> /dev/null || break
		sleep 1
	done
	tail -n 30 "$dir/$n/log" >&2
	die "node $n did not start"
}

end() { # DIR N SIGNAL
	local pid
	pid=$(cat "$1/$2/pid" 2> /dev/null) || return 0
	kill "-$3" "$pid" 2> /dev/null || true
	while kill -0 "$pid" 2> /dev/null; do sleep 0.2; done
	rm -f "$1/$2/pid"
}

signal() { # DIR N SIGNAL
	kill "-$3" "$(cat "$1/$2/pid")"
}

destroy() { # DIR
	local n
	for n in 1 2 3; do
		end "$1" $n KILL
	done
	rm -rf "$1"
}

[[ $# -gt 0 ]] || { sed -n '3,17s/^# \{0,1\}//p' "$0" && exit 64; }
command=$1
shift
case $command in
fetch | init | start | destroy) "$command" "$@" ;;
stop) end "$1" "$2" TERM ;;
kill) end "$1" "$2" KILL ;;
pause) signal "$1" "$2" STOP ;;
resume) signal "$1" "$2" CONT ;;
*) die "no command '$command'" ;;
esac
