#!/bin/bash
# SPDX-License-Identifier: MIT
# A MySQL server that answers every statement with a request for a file of the client's (LOAD DATA LOCAL) gets
# none, not even with an option file that allows it. The server is a script; what it received is its own log.
. "$(dirname "$0")/lib.sh"
plan 3

server() { # port file: prints what it asked for and got; becomes the server
	exec setpriv --pdeathsig TERM python3 -c '
import socket, sys

def packet(number, payload):
    return len(payload).to_bytes(3, "little") + bytes([number]) + payload

def receive(stream):
    head = stream.read(4)
    return (head[3], stream.read(int.from_bytes(head[:3], "little"))) if len(head) == 4 else None

GREETING = (b"\x0a8.0.0\0" + (1).to_bytes(4, "little") + b"12345678\0" + b"\xff\xf7" + b"\x21" +
            b"\x02\0" + b"\x0f\x80" + b"\x15" + bytes(10) + b"123456789012\0" + b"mysql_native_password\0")
OK = b"\0\0\0\x02\0\0\0"
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))

def serve(client):
    stream = client.makefile("rb")
    client.sendall(packet(0, GREETING))
    login = receive(stream)
    if not login: # of somebody who only looks whether we are there
        return
    client.sendall(packet(2, OK))
    while (got := receive(stream)) and got[1][:1] != b"\x01":
        client.sendall(packet(1, b"\xfb" + sys.argv[2].encode()))
        answer = receive(stream)
        print("asked; got", answer[1] if answer else "the end", flush=True)
        client.sendall(packet(answer[0] + 1 if answer else 1, OK))

while True:
    client, _ = listener.accept()
    try:
        serve(client)
    except OSError as error:
        print("ended:", error, flush=True)
    client.close()' "$1" "$2"
}

port=$(free_port)
echo 'a secret of this machine' > "$tmp/secret"
printf '[client]\nlocal-infile=1\n' > "$tmp/my.cnf"
server "$port" "$tmp/secret" > "$tmp/server.log" 2>&1 &
started+=("$!")
eventually answers "$port" || bail "$(cat "$tmp/server.log")"
cat > "$tmp/map.conf" << EOF
connect = host=127.0.0.1 port=$port user=u password=p dbname=d option_file=$tmp/my.cnf
map {
  pattern = shared/last-login/\$service/\$user
  table = last_login
  value_field = last_access
  value_type = uint
  fields {
    userid = \$user
    service = \$service
  }
}
EOF
check 'a lookup fails' fails_with 69 'mysql(127.0.0.1)' "$dovetap" lookup u@example.com \
	--dict "mysql:$tmp/map.conf" --key 'last-login/%s/%u'
check 'the server has asked' grep -q '^asked' "$tmp/server.log"
got_nothing() {
	cat "$tmp/server.log"
	! grep -q secret "$tmp/server.log" && grep -qE "got (b''|the end)" "$tmp/server.log"
}
check 'and got nothing' got_nothing
