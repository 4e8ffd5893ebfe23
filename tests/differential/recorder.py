# SPDX-License-Identifier: MIT
"""A Redis that writes nothing down but who asked for what: for comparing two clients' words."""
import socket
import socketserver
import threading

ANSWERS = {b'PING': b'+PONG\r\n', b'EXPIRE': b'+QUEUED\r\n', b'SET': b'+QUEUED\r\n',
           b'EXEC': b'*1\r\n+OK\r\n'}


class Conversation(socketserver.StreamRequestHandler):
    def command(self):
        line = self.rfile.readline()
        if not line.startswith(b'*'):
            return None
        words = []
        for _ in range(int(line[1:])):
            length = int(self.rfile.readline()[1:])
            words.append(self.rfile.read(length + 2)[:-2])
        return words

    def handle(self):
        with self.server.changed:
            self.server.begun += 1
        said = []
        queued = 0
        while words := self.command():
            name = words[0].upper()
            queued = 0 if name == b'MULTI' else queued + (name in (b'SET', b'EXPIRE'))
            answer = ANSWERS.get(name, b'+OK\r\n')
            if name == b'EXEC':
                answer = b'*%d\r\n' % queued + b'+OK\r\n' * queued
            self.wfile.write(answer)
            said.append(words)
        with self.server.changed:
            self.server.conversations.append(said)
            self.server.ended += 1
            self.server.changed.notify_all()


class Recorder(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Conversation)
        self.conversations, self.begun, self.ended = [], 0, 0
        self.changed = threading.Condition()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def settle(self):
        """Waits for the end of all that has been said: connections are accepted in their order."""
        with socket.create_connection(self.server_address) as last:
            last.sendall(b'*1\r\n$4\r\nPING\r\n')
            last.recv(100)
        with self.changed:
            self.changed.wait_for(lambda: self.begun == self.ended, 60)

    def take(self):
        """What was said since the last time: a list of texts, one for each connection that wrote,
        with the count of digits for each time."""
        self.settle()
        taken, self.conversations = self.conversations, []
        return sorted(filter(None, map(self.describe, taken)))

    @staticmethod
    def describe(said):
        words = {}
        for command in said:
            name = command[0].upper().decode()
            if name == 'SET':
                words['SET'] = '%r %d digits' % (command[1], len(command[2]))
            elif name in ('AUTH', 'SELECT'):
                words[name] = '%r' % command[-1]
            elif name == 'EXPIRE':
                words[name] = '%r %r' % (command[1], command[2])
        if 'SET' not in words:
            return None
        words.setdefault('SELECT', "b'0'")
        return ' '.join('%s=%s' % word for word in sorted(words.items()))
