# SPDX-License-Identifier: MIT
"""The stores of stores.py: made before, read after, by their own clients.

A record is a text: what identifies it, and its time in the words of "clock", for the two sides do not
log in at the same moment. The greatest numbers of 32 bits stand as they are: a server cut a time.
"""
import socket
import sqlite3
import subprocess
from pathlib import Path

SERVERS = Path(__file__).resolve().parent.parent / 'servers'
SIDES = ['plugin', 'dovetap']
DATABASES = {'plugin': 1, 'dovetap': 2}
# Dovecot's packages have no driver of Cassandra: there the plugin writes by the same map to MySQL.
IN_PLACE_OF_CASSANDRA = {
    'plugin': {
        '@DRIVER@': 'mysql',
        '@CONNECT@': 'host=@TOP@/mysql/socket user=dovecot password=pass dbname=@SIDE@',
        '@BLOCK@': 'mysql here {\nhost = @TOP@/mysql/socket\nuser = dovecot\npassword = pass\ndbname = @SIDE@\n}',
        '@LONG@': 'mysql @TOP@/mysql/socket {\nmysql_user = dovecot\nmysql_password = pass\nmysql_dbname = @SIDE@\n}',
    },
    'dovetap': {
        '@DRIVER@': 'cassandra',
        '@CONNECT@': 'host=127.0.0.1 port=@CASSANDRA@ dbname=logins',
        '@BLOCK@': 'cassandra {\nhosts = 127.0.0.1\nport = @CASSANDRA@\nkeyspace = logins\n}',
        '@LONG@': 'cassandra_hosts = 127.0.0.1\ncassandra_port = @CASSANDRA@\ncassandra_keyspace = logins',
    },
}


def masked(value, clock):
    return clock(value) if value.isdigit() and value not in ('2147483647', '4294967295') else value


def script(name, *arguments, text=''):
    done = subprocess.run([SERVERS / name, *arguments], input=text.encode(), stdout=subprocess.PIPE,
                          check=True)
    return done.stdout.decode('utf-8', 'surrogateescape')


class Sql:
    """One server with a database for each side, and a table there for each job."""

    def __init__(self, name, directory, maps):
        self.name, self.directory, self.maps = name, directory, maps
        self.kind = {'mysql': 'mariadb.sh', 'pgsql': 'pgsql.sh'}[name]
        if maps:
            script(self.kind, 'init', directory)
            self.sql(self.preparation())

    def use(self, side):
        return '\\connect %s\n' % side if self.name == 'pgsql' else 'USE %s;\n' % side

    def preparation(self):
        tables = '\n'.join(one.create() for one in self.maps)
        texts = []
        if self.name == 'mysql':
            texts = ["CREATE USER dovecot@localhost IDENTIFIED BY 'pass';",
                     'GRANT ALL ON *.* TO dovecot@localhost;']
            made = 'CREATE DATABASE %s CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n'
        else:
            texts = ["CREATE ROLE dovecot LOGIN SUPERUSER PASSWORD 'pass';"]
            made = 'CREATE DATABASE %s;\n'
        texts += [made % side + self.use(side) + tables for side in SIDES]
        return '\n'.join(texts)

    def sql(self, text):
        return script(self.kind, 'sql', self.directory, text=text)

    def dump(self, side):
        """Of all tables: a dict from table to records."""
        records = {one.table: [] for one in self.maps}
        if self.maps:
            for line in self.sql(self.use(side) + '\n'.join(one.select() for one in self.maps)).splitlines():
                table, *words = line.split('\t')
                records[table].append(words)
        return records

    def stop(self):
        if self.maps:
            script(self.kind, 'stop', self.directory)


class Cassandra:
    """One node, with our side of each job."""

    def __init__(self, directory, maps):
        self.directory, self.maps, self.port = directory, maps, 0
        if maps:
            self.port = int(script('cassandra.sh', 'init', directory))
            script('cassandra.sh', 'start', directory, '1')
            self.cql("CREATE KEYSPACE logins WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
            self.cql(''.join(one.create_cql() for one in maps), '--keyspace', 'logins')

    def cql(self, text, *options):
        return script('cassandra-cql', *options, '127.0.0.1', str(self.port), 'run', text=text)

    def dump(self):
        return {one.table: self.rows(one) for one in self.maps}

    def rows(self, one):
        """In the words of MySQL's client, which writes NULL and \\\\."""
        text = self.cql(one.select(cql=True), '--keyspace', 'logins').replace('\\', '\\\\')
        return [['NULL' if word == 'None' else word for word in line.split('\t')] for line in text.splitlines()]

    def stop(self):
        if self.maps:
            script('cassandra.sh', 'destroy', self.directory)


def sql_records(one, rows, clock):
    keys = len(one.shown())
    return sorted(' '.join(map(repr, words[:keys])) + ' ' + ' '.join(masked(word, clock) for word in words[keys:])
                  for words in rows)


class Sqlite:
    @staticmethod
    def make(one, job):
        for side in SIDES:
            path = job / (side + '.db')
            with sqlite3.connect(path) as database:
                database.execute(one.create())
            path.chmod(0o666)

    @staticmethod
    def rows(one, job, side):
        with sqlite3.connect(job / (side + '.db')) as database:
            database.text_factory = lambda data: data.decode('utf-8', 'surrogateescape')
            return [[str(word) for word in row[1:]] for row in database.execute(one.select())]


def file_records(path, clock):
    if not path.exists():
        return []
    lines = path.read_bytes().decode('utf-8', 'surrogateescape').split('\n')[:-1]
    return sorted('%r %s' % (key, masked(value, clock)) for key, value in zip(lines[::2], lines[1::2]))


def fs_records(root, clock):
    paths = [path for path in root.rglob('*') if path.is_file()] if root.exists() else []
    return sorted('%r %s' % (str(path.relative_to(root)), masked(path.read_text(), clock)) for path in paths)


def own_records(path, clock):
    """What a server of somebody's own was told: the last word for each key counts."""
    last = {}
    lines = path.read_bytes().decode('utf-8', 'surrogateescape').split('\n') if path.exists() else []
    for line in lines:
        words = line.split('\t')
        if words[0][:1] == 'S':
            last[words[1]] = masked(words[2], clock)
        elif words[0][:1] not in 'HBC':
            last[line] = 'said'
    return sorted('%r %s' % word for word in last.items())


class Redis:
    def __init__(self, directory):
        self.directory = directory
        script('redis.sh', 'single', directory)
        self.port = int((directory / '1' / 'port').read_text())

    def stop(self):
        script('redis.sh', 'destroy', self.directory)

    def dump(self, side):
        """All records: key, time, whether it expires."""
        with socket.create_connection(('127.0.0.1', self.port)) as connection:
            self.stream = connection.makefile('rwb')
            self.ask(b'SELECT', b'%d' % DATABASES[side])
            return [(key.decode('utf-8', 'surrogateescape'), self.ask(b'GET', key).decode(),
                     self.expiry(int(self.ask(b'TTL', key)))) for key in self.ask(b'KEYS', b'*')]

    @staticmethod
    def expiry(seconds):
        """Rounded, for the sides do not write at the same moment."""
        return '' if seconds < 0 else ' for %d' % (-(-seconds // 3600))

    def ask(self, *words):
        self.stream.write(b'*%d\r\n' % len(words) +
                          b''.join(b'$%d\r\n%s\r\n' % (len(word), word) for word in words))
        self.stream.flush()
        return self.answer()

    def answer(self):
        line = self.stream.readline()
        if line[:1] == b'*':
            return [self.answer() for _ in range(int(line[1:]))]
        if line[:1] == b'$':
            return self.stream.read(int(line[1:]) + 2)[:-2]
        return line[1:-2]
