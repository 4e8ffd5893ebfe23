# SPDX-License-Identifier: MIT
"""Random configurations: of 2.4 with each setting of a dict somewhere, blocks given again, groups,
short and full names; of 2.3 with URIs in any block; of both with variables in the settings."""

SPELLINGS = ['1 hour', '1week', '5 minutes', '10s', '10 secs', '3 SECONDS', '2 mins', '2m', '2 d',
             '1 day', 'infinite', '0', '1500 ms', '2000 msecs', '7000ms', '5', 'x', '1 fortnight',
             '1 minute', '30 second', '2 hour', '4 Weeks', '99999 weeks', '90 sec', '1 m ', '10 mi',
             '60 millisecs', '3000 millisecs', 'unlimited', '-1s', '1.5h', '12 h']
PASSWORDS = ['secret', 'a b', 'x%y', '50%%', 'q"q', "it's", '$x', 'p:w', 'a=b', '%%{user}',
             'h-%{system:hostname}']
PREFIXES = ['', 'pf/', 'a/b/', '100%/', '$p/', 'x y/', '%{user | domain}/', 'x%{service}%y',
            '%{system:hostname}/%{user | username | upper}-', '%%{user}/', '%{remote_ip}/',
            '%{master_user | default("none")}/']
PASSWORDS_23 = ['secret', 'a b', '50%%', "it's", '$x', 'a=b', '%%u']
PREFIXES_23 = ['', 'pf/', 'a/b/', '100%%/', '$p/', 'x y/', '%d/', '%{user}-', 'x/%Lu/', '%n@%s/',
               '%{sha1:user}/', '%{if;%s;eq;imap;a;b}/', '%{domain}/%%/', '%4.3u/']
REMOTES = ['192.0.2.0/24', '192.0.2.7', '192.0.0.0/16', '198.51.100.0/24']
LOCALS = ['203.0.113.9', '203.0.113.0/24', '10.0.0.0/8']
PRECISIONS = ['s', 'ms', 'us', 'ns']


class Config24:
    """One configuration: lines are added to blocks, which are then written in a random order, each
    in one piece or in two."""

    def __init__(self, rng, ports):
        self.rng, self.ports = rng, ports
        self.name = rng.choice(['redis', 'redis', 'other'])
        self.groups = []

    def setting(self):
        rng = self.rng
        name = rng.choice(['redis_port', 'redis_port', 'redis_db_id', 'redis_key_prefix',
                           'redis_password', 'redis_expire', 'last_login_key',
                           'last_login_precision'])
        value = {
            'redis_port': lambda: str(rng.choice(self.ports)),
            'redis_db_id': lambda: str(rng.randint(0, 9)),
            'redis_key_prefix': lambda: self.quote(rng.choice(PREFIXES)),
            'redis_password': lambda: self.quote(rng.choice(PASSWORDS)),
            'redis_expire': lambda: rng.choice(SPELLINGS[:11] if rng.random() < 0.8 else SPELLINGS),
            'last_login_key': lambda: self.quote('k%d/%%{user}' % rng.randint(0, 99)),
            'last_login_precision': lambda: rng.choice(PRECISIONS),
        }[name]()
        return name, value

    @staticmethod
    def quote(text):
        return '"%s"' % text.replace('\\', '\\\\').replace('"', '\\"')

    def short(self, name, block):
        prefix = block + '_'
        if name.startswith(prefix) and self.rng.random() < 0.5:
            return name[len(prefix):]
        return name

    def settings(self, block, most=2, only=None):
        lines = []
        for _ in range(self.rng.randint(0, most)):
            name, value = self.setting()
            if only and not name.startswith(only):
                continue
            lines.append('%s = %s' % (self.short(name, block), value))
        if self.groups and self.rng.random() < 0.15:
            lines.append('@stores = %s' % self.rng.choice(self.groups))
        return lines

    def dict(self):
        driver = []
        if self.name != 'redis':
            driver = [self.rng.choice(['driver = redis', 'dict_driver = redis'])]
        return ['dict %s {' % self.name, *driver, *self.settings('dict', 2, 'redis_'), '}']

    def last_login(self):
        inside = self.settings('last_login')
        if self.rng.random() < 0.6:
            inside += self.dict()
        if self.rng.random() < 0.2:
            inside += self.dict()
        return ['last_login {', *inside, *self.settings('last_login', 1), '}']

    def inside(self, most=2):
        lines = self.settings('', most)
        if self.rng.random() < 0.3:
            lines += self.last_login()
        return lines

    def filter(self, outer=()):
        rng = self.rng
        kinds = [kind for kind in ('local', 'remote', 'protocol') if kind not in outer]
        kind = rng.choice(kinds)
        name = rng.choice({'local': LOCALS, 'remote': REMOTES,
                           'protocol': ['imap', 'imap', 'pop3', '!pop3']}[kind])
        inside = self.inside()
        if kind != 'protocol' and rng.random() < 0.2:
            # Dovecot nests local { remote { protocol { } } } in this order only.
            inside += self.filter(('local',) if kind == 'local' else ('local', 'remote'))
        return ['%s %s {' % (kind, name), *inside, '}']

    def group(self):
        name = 'g%d' % len(self.groups)
        lines = ['group @stores %s {' % name, *self.settings('', 3)]
        if self.rng.random() < 0.3:
            lines += ['dict %s {' % self.name, *self.settings('dict', 2, 'redis_'), '}']
        return name, lines + ['}']

    def text(self):
        rng = self.rng
        groups = []
        for _ in range(rng.choice([0, 0, 1, 2])):
            name, lines = self.group()
            groups.append(lines)
            self.groups.append(name)
        pieces = [['last_login {', *self.dict(), '}']] if rng.random() < 0.9 else []
        pieces += [self.filter() for _ in range(rng.randint(0, 4))]
        pieces += [self.inside() for _ in range(rng.randint(0, 2))]
        pieces += groups
        rng.shuffle(pieces)
        pieces.insert(0, ['redis_port = %d' % rng.choice(self.ports)])
        return '\n'.join(line for piece in pieces for line in piece) + '\n'


class Config23:
    """plugin { } at the top and for protocols."""

    def __init__(self, rng, ports):
        self.rng, self.ports = rng, ports

    def uri(self):
        rng = self.rng
        words = ['host=127.0.0.1', 'port=%d' % rng.choice(self.ports)]
        if rng.random() < 0.6:
            words.append('prefix=' + rng.choice(PREFIXES_23))
        if rng.random() < 0.4:
            words.append('password=' + rng.choice(PASSWORDS_23))
        if rng.random() < 0.3:
            words.append('db=%d' % rng.randint(0, 9))
        if rng.random() < 0.3:
            words.append('expire_secs=%s' % rng.choice(['1', '60', '2147483647', '4294967295']))
        rng.shuffle(words)
        return 'redis:' + ':'.join(words)

    def plugin(self, most=2):
        lines = []
        for _ in range(self.rng.randint(0, most)):
            lines.append(self.rng.choice([
                lambda: 'last_login_dict = ' + Config24.quote(self.uri()),
                lambda: 'last_login_key = k%d/%%u' % self.rng.randint(0, 99),
                lambda: 'last_login_precision = ' + self.rng.choice(PRECISIONS)])())
        return ['plugin {', *lines, '}']

    def filter(self):
        # Without a server around it, a process of 2.3 gets no remote and local blocks.
        return ['protocol %s {' % self.rng.choice(['imap', 'imap', 'pop3', '!pop3']),
                *self.plugin(), '}']

    def text(self):
        rng = self.rng
        pieces = [self.filter() for _ in range(rng.randint(0, 4))] + [self.plugin()]
        rng.shuffle(pieces)
        pieces.insert(0, ['plugin {', 'last_login_dict = ' + Config24.quote(self.uri()), '}'])
        return '\n'.join(line for piece in pieces for line in piece) + '\n'
