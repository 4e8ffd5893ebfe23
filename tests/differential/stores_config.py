# SPDX-License-Identifier: MIT
"""Random configurations with a store of every driver that the plugin has, behind the dict server or
not, in the syntaxes of 2.3 and 2.4; and the tables that they lead to.

A configuration is a text in which @JOB@ is the directory of its job, @TOP@ that of all jobs, @SIDE@
plugin or dovetap, and @REDIS@, @DB@ the port and the database: what differs between the two sides.
"""

PRECISIONS = ['s', 's', 'ms', 'us', 'ns']
COLUMNS = {
    'mysql': ['BIGINT', 'BIGINT UNSIGNED', 'INT', 'INT(11)', 'INT UNSIGNED', 'VARCHAR(20)', 'DECIMAL(20,0)'],
    'pgsql': ['BIGINT', 'INTEGER', 'INT', 'VARCHAR(20)', 'TEXT', 'NUMERIC(20,0)'],
    'sqlite': ['BIGINT', 'INTEGER', 'INT', 'TEXT', ''],
    # In CQL and, for the plugin, which has no such driver here, in MySQL; value_type; precision, if it decides.
    'cassandra': [('BIGINT', 'BIGINT', 'uint', None), ('BIGINT', 'BIGINT', 'int', None), ('INT', 'INT', 'uint', 's'),
                  ('TEXT', 'VARCHAR(20)', 'string', None), ('VARCHAR', 'VARCHAR(20)', None, None),
                  ('TIMESTAMP', 'BIGINT', 'uint', 'ms')],
}
# In turns, so that a few configurations have all of them. "own" is a server of somebody's own.
BACKENDS = ['mysql', 'pgsql', 'sqlite', 'file', 'mysql', 'redis', 'pgsql', 'fs', 'mysql', 'own', 'sqlite', 'redis',
            'mysql', 'pgsql', 'cassandra']
VALUE_TYPES = ['uint', 'uint', 'int', 'string', None]
# Parts of a key: variable of the map, in 2.3, in 2.4.
USER = [('$user', '%u', '%{user}'), ('$user', '%{user}', '%{user}'), ('$user', '%Lu', '%{user | lower}')]
DOMAIN = [('$domain', '%d', '%{user | domain}'), ('$domain', '%{domain}', '%{user|domain}')]
SERVICE = [('$service', '%s', '%{service}'), ('$service', '%{service}', '%{service}'),
           ('$service', '%{service}', '%{protocol}')]
REMOTE = [('$remote_ip', '%r', '%{remote_ip}'), ('$remote_ip', '%{rip}', '%{remote_ip}')]
LOCAL = [('$local_ip', '%l', '%{local_ip}')]
NAMES = {'$user': 'userid', '$domain': 'domain', '$service': 'service', '$remote_ip': 'last_ip',
         '$local_ip': 'local_ip'}


class Map:
    """One pattern of a map: where its key comes from, and the columns that it leads to."""

    def __init__(self, rng, driver, table, style):
        self.table, self.driver = table, driver
        choose = rng.choice
        if style == 'row':
            parts = [choose(SERVICE), choose(USER)]
            parts += [choose(part) for part in (DOMAIN, REMOTE, LOCAL) if rng.random() < 0.4]
        else:
            parts = [choose(USER), choose(DOMAIN)][:rng.randint(1, 2)]
        rng.shuffle(parts)
        self.parts = parts
        self.columns = [NAMES[variable] for variable, _, _ in parts]
        self.services = {'imap': 'imap', 'pop3': 'pop3'} if style == 'columns' else {'': 'last_access'}
        self.type = choose(VALUE_TYPES)
        self.column_type, self.precision = choose(COLUMNS[driver]), None
        if driver == 'cassandra':
            self.cql_type, self.column_type, self.type, self.precision = self.column_type
        self.key = self.key_columns(rng)

    def key_columns(self, rng):
        """What the plugin needs is a key of all the map's columns, except in MySQL."""
        few = [name for name in self.columns if name in ('userid', 'service')]
        return rng.choice([self.columns, self.columns, few])

    def patterns(self):
        """(pattern, column of the time)"""
        tail = '/'.join(variable for variable, _, _ in self.parts)
        return [('/'.join(filter(None, ['shared/last-login', service, tail])), column)
                for service, column in self.services.items()]

    def template(self, syntax, service):
        nth = 1 if syntax == '2.3' else 2
        head = [] if '' in self.services else [service]
        return '/'.join(['last-login', *head, *(part[nth] for part in self.parts)])

    def create(self):
        name = 'VARCHAR(100)' if self.driver != 'sqlite' else 'TEXT'
        columns = ["%s %s NOT NULL DEFAULT ''" % (column, name) for column in self.columns]
        columns += ['%s %s' % (column, self.column_type) for column in self.services.values()]
        return 'CREATE TABLE %s (%s, PRIMARY KEY (%s));' % (self.table, ', '.join(columns),
                                                            ', '.join(self.key))

    def create_cql(self):
        # The first part of the key decides the node, which must not be empty, or all of it.
        key = ', '.join(self.key) if self.key[0] == 'userid' else '(%s)' % ', '.join(self.key)
        columns = ['%s TEXT' % column for column in self.columns]
        columns += ['%s %s' % (column, self.cql_type) for column in self.services.values()]
        return 'CREATE TABLE %s (%s, PRIMARY KEY (%s));' % (self.table, ', '.join(columns), key)

    def shown(self):
        """Of a row the plugin's first write decides all but the time, in MySQL; ours need not send that
        one where more come together (docs/compatibility.md)."""
        return self.key

    def select(self, cql=False):
        times = list(self.services.values())
        if cql and self.cql_type == 'TIMESTAMP':  # as a number
            times = ['blobAsBigint(timestampAsBlob(%s))' % time for time in times]
        table = [] if cql else ["'%s'" % self.table]
        return 'SELECT %s FROM %s;' % (', '.join(table + self.shown() + times), self.table)


class Stores:
    """What both syntaxes have in common. map is None for a store without one."""

    def __init__(self, rng, number, version):
        self.rng = rng
        self.backend = BACKENDS[number % len(BACKENDS)]
        if self.backend == 'cassandra' and version == '2.3.13':
            self.backend = 'mysql'  # one server less
        self.map = None
        # A plain INSERT: the first stays, and ours writes the newest of those that come together.
        self.keeps_first = version == '2.3.13' and self.backend in ('pgsql', 'sqlite')
        if self.backend in COLUMNS:
            styles = ['row', 'row', 'single'] + ['columns'] * (not self.keeps_first)
            self.map = Map(rng, self.backend, 't%04d' % number, rng.choice(styles))
            self.map.key = self.map.columns if self.keeps_first else self.map.key
        self.proxied = self.map is not None or (self.backend != 'own' and rng.random() < 0.4)
        self.strict = self.map is not None or rng.random() < 0.5
        self.precision = self.map and self.map.precision or rng.choice(PRECISIONS)
        if self.backend == 'pgsql' and 'INT' in self.map.column_type and self.map.column_type != 'BIGINT':
            self.precision = 's'  # after a refusal the dict server of 2.3 hangs for half a minute at times
        self.name = rng.choice(['lastlogin', 'sql', 'll-%d' % number, 'x'])

    def key(self, syntax, service):
        if self.map:
            return self.map.template(syntax, service)
        # With files a record must not be the directory of another: whose is first would decide.
        with_address = 0 if self.backend == 'fs' else 1
        if syntax == '2.3':
            return self.rng.choice(['last-login/%u', 'last-login/%{service}/%u', 'll/%d/%n', '%u/%s'] +
                                   ['last-login/%s/%u/%r'] * with_address)
        return self.rng.choice(['last-login/%{user}', 'last-login/%{service}/%{user}',
                                'll/%{user | domain}/%{user | username}', '%{user}/%{service}'] +
                               ['last-login/%{service}/%{user}/%{remote_ip}'] * with_address)


class Stores23(Stores):
    def uri(self):
        rng = self.rng
        if self.backend == 'redis':
            words = ['host=127.0.0.1', 'port=@REDIS@', 'db=@DB@']
            if rng.random() < 0.5:
                words.append('prefix=' + rng.choice(['pf/', 'a b/', '%d/' if not self.proxied else 'd/',
                                                     '%%/' if not self.proxied else 'p/']))
            if rng.random() < 0.3:
                words.append('expire_secs=%d' % rng.choice([1000, 86400]))
            rng.shuffle(words)
            return 'redis:' + ':'.join(words)
        return {
            'own': 'proxy:@JOB@/@SIDE@.socket:' + self.name,
            'file': 'file:@JOB@/@SIDE@.dict',
            'fs': 'fs:posix:prefix=@JOB@/@SIDE@.fs/',
            'cassandra': '@DRIVER@:@JOB@/@SIDE@.map',
        }.get(self.backend) or '%s:@JOB@/@SIDE@.map' % self.backend

    def map_text(self):
        connect = {
            'cassandra': '@CONNECT@',
            'mysql': 'host=@TOP@/mysql/socket user=dovecot password=pass dbname=@SIDE@',
            'pgsql': 'host=@TOP@/pgsql user=dovecot password=pass dbname=@SIDE@',
            'sqlite': '@JOB@/@SIDE@.db',
        }[self.backend]
        lines = ['connect = ' + connect]
        for pattern, column in self.map.patterns():
            lines += ['map {', '  pattern = ' + pattern, '  table = ' + self.map.table,
                      '  value_field = ' + column]
            if self.map.type:
                lines.append('  value_type = ' + self.map.type)
            lines.append('  fields {')
            lines += ['    %s = %s' % (NAMES[variable], variable) for variable, _, _ in self.map.parts]
            lines += ['  }', '}']
        return '\n'.join(lines) + '\n'

    def text(self):
        rng = self.rng
        dict_uri = 'proxy::' + self.name if self.proxied else self.uri()
        plugin = [['last_login_dict = ' + dict_uri], ['last_login_precision = ' + self.precision]]
        pieces = [['plugin {', *lines, '}'] for lines in plugin]
        keys = [['plugin {', 'last_login_key = ' + self.key('2.3', '%s'), '}']]
        if self.map is None and rng.random() < 0.3:
            keys.append(['protocol pop3 {', 'plugin {', 'last_login_key = p/' + self.key('2.3', 'pop3'), '}', '}'])
        pieces += keys
        if self.proxied:
            pieces.append(['dict {', '%s = %s' % (self.name, self.uri()), '}'])
        if rng.random() < 0.3:
            pieces.append(['dict {', 'other = file:/nowhere/other', '}'])
        rng.shuffle(pieces)
        return '\n'.join(line for piece in pieces for line in piece) + '\n'


class Stores24(Stores):
    """Each setting stands in one of the blocks of which a dict inherits; blocks may come in pieces."""

    def map_text(self):
        return ''

    def server(self):
        """The settings of the SQL server, each a list of lines."""
        rng = self.rng
        pieces = [['sql_driver = ' + {'cassandra': '@DRIVER@'}.get(self.backend, self.backend)]]
        if self.backend == 'cassandra':
            return pieces + [[rng.choice(['@BLOCK@', '@LONG@'])]]
        if self.backend == 'sqlite':
            return pieces + [['sqlite_path = @JOB@/@SIDE@.db']]
        inside = ['dbname = @SIDE@', 'user = dovecot', 'password = pass']
        host = 'host = @TOP@/' + {'mysql': 'mysql/socket', 'pgsql': 'pgsql'}[self.backend]
        label = rng.choice(['main', 'mail-db', 'db.example.com'])
        if self.backend == 'pgsql':
            parameters = ['parameters {', *inside, '}']
            # Opened again, a block has its name for a host again.
            first, second = rng.choice([[parameters, [host]], [[host], parameters], [[host, *parameters], []]])
            pieces.append(['pgsql %s {' % label, *first, '}'])
            return pieces[:-1] + [pieces[-1] + (['pgsql %s {' % label, *second, '}'] if second else [])]
        long = ['mysql_' + line if rng.random() < 0.3 else line for line in [host, *inside]]
        rng.shuffle(long)
        middle = rng.randint(0, len(long))
        if middle in (0, len(long)) or rng.random() < 0.5:
            return pieces + [['mysql %s {' % label, *long, '}']]
        return pieces + [['mysql %s {' % label, *long[:middle], '}', 'mysql %s {' % label,
                          *long[middle:], '}']]

    def map_block(self, pattern, column):
        rng = self.rng
        long = rng.random() < 0.3
        lines = ['dict_map %s {' % pattern,
                 ('dict_map_sql_table' if rng.random() < 0.2 else 'sql_table') + ' = ' + self.map.table]
        value = '%svalue_field %s {' % ('dict_map_' if long else '', column)
        lines += [value, 'type = ' + self.map.type, '}'] if self.map.type else [value, '}']
        for variable, _, _ in self.map.parts:
            lines += ['%skey_field %s {' % ('dict_map_' if long else '', NAMES[variable]),
                      'value = ' + variable, '}']
        return lines + ['}']

    def backend_lines(self, name):
        """Of a dict whose driver is not SQL, in its block: a word may leave out the block's type and,
        where that is the driver, its name."""
        rng = self.rng

        def word(driver, short):
            return rng.choice(['dict_%s_%s' % (driver, short), '%s_%s' % (driver, short)] +
                              [short] * (2 * (name == driver)))
        if self.backend == 'redis':
            lines = ['redis_port = @REDIS@', 'redis_db_id = @DB@']
            if rng.random() < 0.5:
                prefix = rng.choice(['pf/', '%{user | domain}/', '%%/']) if not self.proxied else 'pf/'
                lines.append('redis_key_prefix = ' + prefix)
            if rng.random() < 0.3:
                lines.append('redis_expire = ' + rng.choice(['1 day', '1000 secs', '1h']))
            return lines
        if self.backend == 'file':
            return [word('file', 'path') + ' = @JOB@/@SIDE@.dict']
        if self.backend == 'fs':
            return ['fs posix {', rng.choice(['prefix', 'fs_posix_prefix', 'posix_prefix']) +
                    ' = @JOB@/@SIDE@.fs/', '}']
        return [word('proxy', 'name') + ' = ' + self.name,
                word('proxy', 'socket_path') + ' = @JOB@/@SIDE@.socket']

    def spread(self, pieces, places):
        """Lines of each place; inheritance makes all places equal."""
        spread = [[] for _ in range(places)]
        for piece in pieces:
            self.rng.choice(spread).extend(piece)
        return spread

    def sql_dict(self):
        """The lines at the top, and those of dict_server, in one or two pieces."""
        top, server, inside = self.spread(self.server(), 3)
        maps = [self.map_block(*pattern) for pattern in self.map.patterns()]
        driver = [self.rng.choice(['driver = sql', 'dict_driver = sql'])]
        first, second = self.spread(maps, 2)
        if self.name == 'sql' and self.rng.random() < 0.5:
            driver = []
        blocks = [['dict_server {', *server, 'dict %s {' % self.name, *driver, *inside, *first, '}', '}']]
        if second:
            blocks.append(['dict_server {', 'dict %s {' % self.name, *second, '}', '}'])
        return [top], blocks

    def plain_dict(self, block):
        """A dict with another driver: its block, whose settings may be inherited."""
        driver = {'own': 'proxy'}.get(self.backend, self.backend)
        name = self.name if block == 'dict_server' else self.rng.choice([driver, driver, 'here'])
        words = [] if name == driver else [self.rng.choice(['driver', 'dict_driver']) + ' = ' + driver]
        return [block + ' {', 'dict %s {' % name, *words, *self.backend_lines(name), '}', '}']

    def text(self):
        rng = self.rng
        tops, blocks = [], []
        if self.map:
            tops, blocks = self.sql_dict()
        elif self.proxied:
            blocks = [self.plain_dict('dict_server')]
        if self.proxied:
            ours = ['dict proxy {', rng.choice(['name', 'dict_proxy_name', 'proxy_name']) + ' = ' + self.name, '}']
            blocks.append(['last_login {', *ours, '}'])
        else:
            blocks.append(self.plain_dict('last_login'))
        if self.proxied and rng.random() < 0.2:  # inherited
            blocks[-1] = ['last_login {', 'dict proxy {', '}', '}']
            tops.append(['dict_proxy_name = ' + self.name])
        key, precision = self.key('2.4', '%{service}'), 'last_login_precision = ' + self.precision
        words = [['last_login_key = ' + key], [precision]]
        if rng.random() < 0.3:
            words.append(['protocol pop3 {', precision, '}', 'protocol pop3 {', 'last_login_key = ' + key, '}'])
        if rng.random() < 0.5:
            words = [['last_login {', *(line.replace('last_login_', '') for line in piece), '}']
                     if not piece[0].startswith('protocol') else piece for piece in words]
        pieces = tops + blocks + words
        if rng.random() < 0.7:
            rng.shuffle(pieces)
        return '\n'.join(line for piece in pieces for line in piece) + '\n'
