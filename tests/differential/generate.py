# SPDX-License-Identifier: MIT
"""Random templates of both languages, the same for the same seed, nearly all of them valid."""

LITERALS = ['a', 'last-login/', '-', '/', ':', 'x', 'yy', ' ', '_x', '.', '|', ',', '~', '"', "'",
            '\\', 'ü', '(', ')', '=', '{', '}', ';', '1']
LITERALS_24 = LITERALS + ['y']  # which 2.4.1 swallows where it stands alone
OPERATORS = ['==', '<', '<=', '>', '>=', '!=', 'eq', 'lt', 'le', 'gt', 'ge', 'ne',
             '*', '!*', '~', '!~']
NUMERIC = OPERATORS[:6]
PATTERNS = ['^u[0-9]+', '[A-Z]+', '(a|e)(.)', '@(.*)$', '^$', '.', '(x)?m', '[[:alpha:]]+', 'a+b*']
MASKS = ['*', '*@*', 'u?*', '*.com', '??*', '', '*a*e*', 'imap', '*@*@*']
HASHES_23 = ['md5', 'sha1', 'sha256', 'sha384', 'sha512', 'sha3-256', 'sha3-512', 'size']
HASHES_24 = HASHES_23


class V23:
    """% [-][0][width][.[0][-]width] [modifiers] name, and the functions in braces."""

    short = 'undslrpih'
    long = ['user', 'username', 'domain', 'service', 'home', 'lip', 'rip', 'pid', 'uid', 'gid',
            'session', 'auth_user', 'auth_username', 'auth_domain', 'hostname', 'local_ip',
            'remote_ip']
    modifiers = 'LUEXRTDMHN'

    def __init__(self, rng):
        self.rng = rng

    def slicing(self):
        rng = self.rng
        number = rng.choice(['0', '1', '2', '3', '4', '5', '7', '8', '10', '16', '20', '40', '99',
                             '256', '1000'])
        if rng.random() < 0.5:
            return rng.choice(['', '', '-', '0', '-0']) + number
        return rng.choice(['', '', '-', '0']) + number + '.' + rng.choice(['', '0', '-', '0-']) + \
            rng.choice(['', number, '1', '2', '3', '5', '12'])

    def literal(self, inside):
        rng = self.rng
        text = ''.join(rng.choice(LITERALS) for _ in range(rng.randint(0, 3)))
        if inside:  # of a function: what would end a parameter is escaped
            # Every level takes its backslashes away, and a brace without its other half sends
            # Dovecot behind the end of its text.
            text = ''.join('\\' + c if c in ';:\\' else c for c in text if c not in '{}')
        return text + ('%%' if rng.random() < 0.05 else '')

    def parameter(self, depth):
        rng = self.rng
        text = ''.join(rng.choice([self.literal(True), self.field(depth + 1)])
                       for _ in range(rng.randint(0, 2)))
        return text or rng.choice('abcx0123')

    def number(self):
        return self.rng.choice(['%p', '%i', '%{gid}', '0', '1', '-5', '999', '65534', '14'])

    def condition(self, depth):
        rng = self.rng
        operator = rng.choice(OPERATORS)
        if operator in NUMERIC:
            a, b = self.number(), self.number()
        else:
            a = rng.choice(['%u', '%n', '%d', '%s', '%Lu', 'abc', '%{user}'])
            b = rng.choice({'*': MASKS, '!*': MASKS, '~': PATTERNS, '!~': PATTERNS}.get(
                operator, ['%u', '%s', 'imap', 'abc', 'u']))
            b = ''.join('\\' + c if c in ';:\\' else c for c in b)
        if rng.random() < 0.02:
            operator = '%{if;1;==;1;' + operator + '}'
        parameters = [a, operator, b, self.parameter(depth)]
        if rng.random() < 0.8:
            parameters.append(self.parameter(depth))
        name = 'if' if rng.random() < 0.95 else 'IF'
        return name + ';' + ';'.join(parameters)

    def hash(self, depth):
        rng = self.rng
        name = rng.choice(HASHES_23 + ['pkcs5'])
        options = []
        if rng.random() < 0.4 or name == 'pkcs5':
            options.append('rounds=%d' % rng.randint(1, 9))
        if rng.random() < 0.3:
            options.append('truncate=%d' % rng.choice([1, 3, 7, 8, 12, 32, 33, 64, 128, 999]))
        if rng.random() < 0.3:
            options.append('format=' + rng.choice(['hex', 'hexuc', 'base64']))
        if rng.random() < 0.1:
            options.append(rng.choice(['nosuch=1', 'rounds', '']))
        rng.shuffle(options)
        if rng.random() < 0.3:
            options.append('salt=' + rng.choice(['s', '%u', 's%d', '%Lu%s', '', '=x', '%%']))
        inner = self.name(depth + 1) if rng.random() < 0.2 else rng.choice(self.long)
        return name + (';' + ','.join(options) if options else '') + ':' + inner

    def name(self, depth):
        rng = self.rng
        if depth > 2 or rng.random() < 0.6:
            return rng.choice(self.long)
        return self.condition(depth) if rng.random() < 0.5 else self.hash(depth)

    def field(self, depth=0):
        rng = self.rng
        text = '%'
        if rng.random() < 0.4:
            text += self.slicing()
        if rng.random() < 0.4:
            text += ''.join(rng.choice(self.modifiers) for _ in range(rng.choice([1, 1, 1, 2, 3])))
        if rng.random() < 0.4:
            return text + (rng.choice(self.short) if rng.random() < 0.95 else '%')
        return text + '{' + self.name(depth) + '}'

    def template(self):
        rng = self.rng
        return ''.join(self.literal(False) + self.field() for _ in range(rng.randint(1, 3))) + \
            self.literal(False)

    # Refused, or without a value for this login: nothing must be written.
    invalid = ['%a', '%{lport}', '%{user', '%{}', '%{sha1}', '%{SHA1:user}', '%{if;a;eq;b}',
               '%{if;a;=;b;c}', '%{if;%u;==;1;a;b}', '%{if;a;~;(;b}', '%{sha1;rounds=0:user}',
               '%{sha1;rounds=x:user}', '%{sha1;format=x:user}', '%{sha1;truncate=x:user}',
               '%LLLLLLLLLLLu', '%{if;a;eq;b;c;d;e}', '%{if}', '%{if;1;==;1;a;%{nosuch}}',
               '%{md5:nosuch}', '%{real_rip}', '%{protocol}', '%{master_user}', '%{encrypt;a:user}',
               '%b', '%{if;1x;==;1;a}', '%{if;99999999999999999999;==;1;a}', '%ü']


class V24:
    """%{ program }: a variable or function, then filters."""

    variables = ['user', 'service', 'protocol', 'local_ip', 'remote_ip', 'local_port',
                 'remote_port', 'session', 'auth_user', 'master_user', 'owner_user', 'hostname',
                 'local_name', 'home', 'owner_home', 'process:pid', 'process:uid', 'process:gid',
                 'system:hostname', 'event:user', 'event:session', 'event:service']
    numbers = ['process:pid', 'process:uid', 'process:gid']

    def __init__(self, rng):
        self.rng = rng

    def quoted(self, text):
        quote = self.rng.choice('\'"')
        text = text.replace('\\', '\\\\').replace(quote, '\\' + quote)
        if self.rng.random() < 0.1:
            text += self.rng.choice(['\\t', '\\x41', '\\101', '\\\\', '\\"', "\\'", '\\n'])
        return quote + text + quote

    def quoted_pattern(self):
        """No backslash ends it: we refuse what is no regular expression when we read it, Dovecot
        when a user logs in, and then a later function may hide that."""
        text = self.quoted(self.rng.choice(PATTERNS))
        return text[:-1] + '.' + text[-1] if text[:-1].endswith('\\\\') else text

    def literal(self):
        rng = self.rng
        text = ''.join(rng.choice(LITERALS_24) for _ in range(rng.randint(0, 3)))
        return text + rng.choice(['', '', '', '', '', '%', '%%', '100% ', '%u', '%%{x}'])

    def text(self):
        rng = self.rng
        if rng.random() < 0.4:
            return rng.choice(self.variables)
        return self.quoted(''.join(rng.choice(LITERALS_24) for _ in range(rng.randint(0, 3))))

    def any(self):
        # 2.4.1 hands numbers from process to process in a form in which some of them, 9 or 7338,
        # break the template.
        return str(self.rng.choice([0, 5, 14, 99, -1])) if self.rng.random() < 0.1 else self.text()

    def number(self):
        if self.rng.random() < 0.15:
            return self.rng.choice(self.numbers)
        return str(self.rng.choice([0, 1, 2, 3, 4, 7, 8, 10, 16, 20, 100, -1, -2, -3, -5]))

    def size(self):
        return str(self.rng.choice([0, 1, 2, 3, 4, 8, 12]))

    def hash_options(self):
        rng = self.rng
        options = []
        if rng.random() < 0.4:
            options.append('rounds=%d' % rng.randint(0, 5))
        if rng.random() < 0.3:
            options.append('salt=' + self.text())
        if rng.random() < 0.1:
            options.append('Rounds=2')
        rng.shuffle(options)
        return options

    def call(self, name, parameters):
        space = self.rng.choice(['', '', ' '])
        return name + ('(' + (',' + space).join(parameters) + ')' if parameters else '')

    def condition(self, first):
        rng = self.rng
        operator = rng.choice(OPERATORS)
        if operator in NUMERIC:
            a, b = rng.choice(self.numbers + ['5', '-7']), rng.choice(self.numbers + ['5', '14'])
        else:
            a = self.text()
            if operator in ('~', '!~'):
                b = self.quoted_pattern()
            else:
                b = self.quoted(rng.choice(MASKS)) if operator in ('*', '!*') else self.text()
        return self.call('if', ([a] if first else []) + ["'" + operator + "'", b, self.any(),
                                                         self.any()])

    def filter(self):
        rng = self.rng
        return rng.choice([
            lambda: rng.choice(['lower', 'upper', 'reverse', 'username', 'domain', 'ldap_dn',
                                'text', 'list', 'unbase64', 'hexlify', 'safe']),
            lambda: rng.choice(['md5', 'sha1', 'sha256', 'sha384', 'sha512']) + rng.choice(
                ['', '', '(' + ', '.join(self.hash_options() or ['rounds=1']) + ')']),
            lambda: self.call('hash', [self.quoted_plain(rng.choice(HASHES_24))] +
                              self.hash_options()),
            lambda: self.call('concat', [self.any() for _ in range(rng.randint(1, 3))]),
            lambda: self.call('default', [self.any()] if rng.random() < 0.8 else []),
            lambda: self.call('literal', [self.any()]),
            lambda: 'lookup(' + self.quoted_plain(rng.choice(self.variables)) + ')',
            lambda: self.call('substr', [self.number()] + ([self.number()] if rng.random() < 0.6
                                                           else [])),
            # To more bytes than there are, 2.4.1 brings in NULs or aborts.
            lambda: 'lfill(4) | truncate(%s)' % rng.choice(['0', '1', '2', '3', '4']),
            lambda: 'truncate(bits=%s)' % rng.choice(['0', '3', '7', '8', '12', '16', '300']),
            lambda: self.call('index', [self.quoted_plain(rng.choice(['@', '.', 'e', '/', 'a'])),
                                        rng.choice(['0', '0', '1', '-1', '2', '-2'])]),
            lambda: self.call(rng.choice(['lfill', 'rfill']),
                              [rng.choice(['1', '4', '20', '33'])] +
                              ([self.quoted_plain(rng.choice(['x', 'ab', '0']))]
                               if rng.random() < 0.5 else [])),
            lambda: self.call('base64', rng.choice([[], [], ['pad=0'], ['url=1'],
                                                    ['url=1', 'pad=0'], ['pad=1']])),
            lambda: self.call('hexlify', [self.size()]),
            lambda: 'hexlify | unhexlify',
            lambda: 'base64 | unbase64',
            lambda: 'md5 | substr(0, %d) | %s' % (rng.choice([1, 2, 4, 8]),
                                                  rng.choice(['benumber', 'lenumber'])),
            lambda: 'sha256 %% %d' % rng.choice([2, 3, 16, 100, 65536]),
            lambda: self.condition(False),
            lambda: 'regexp(%s, %s)' % (self.quoted_pattern(), self.quoted_plain(
                rng.choice(['x', '', '\\\\0', '<\\\\0>', '\\\\1']))),
            lambda: rng.choice(['hex', 'unhex', 'unhexlify', 'benumber']),  # mostly errors
        ])()

    def quoted_plain(self, text):
        quote = self.rng.choice('\'"')
        return quote + text + quote

    def calculation(self):
        rng = self.rng
        text = rng.choice(self.numbers)
        for _ in range(rng.randint(1, 3)):
            operator = rng.choice('+-*/%')
            number = self.number()
            text += ' ' + operator + ' ' + number
            text += rng.choice([' | hex', ' | hex(6)', ' | hex(-3)', ' | lfill(10)', ' | md5', '',
                                ' | hex | unhex', ' | default(3)'])
            if not text.endswith(')') and rng.random() < 0.5:
                break
            text += ' | concat("")'
        return text

    def program(self):
        rng = self.rng
        choice = rng.random()
        if choice < 0.15:
            return self.calculation()
        if choice < 0.25:
            first = self.condition(True)
        elif choice < 0.35:
            first = rng.choice([self.call('literal', [self.any()]),
                                'lookup("%s")' % rng.choice(self.variables),
                                self.call('concat', [self.any(), self.any()]),
                                'nosuch | default(%s)' % self.any()])
        else:
            first = rng.choice(self.variables + ['user'] * 15)
        bar = rng.choice([' | ', '|', ' |\t'])
        return bar.join([first] + [self.filter() for _ in range(rng.choice([0, 1, 1, 2, 2, 3]))])

    def template(self):
        rng = self.rng
        return ''.join(self.literal() + '%{' + rng.choice(['', ' ']) + self.program() + '}'
                       for _ in range(rng.choice([1, 1, 1, 2]))) + self.literal()

    invalid = ['%{uid}', '%{rip}', '%{user | nosuch}', '%{user | encrypt("x")}', '%{user | hex}',
               '%{user | md5 | benumber}', '%{user + 1}', '%{process:uid / 0}', '%{user | substr(99)}',
               '%{user | index("@", 7)}', '%{user | if("eq", 5, "a", "b")}', '%{nosuch | lower}',
               '%{process:uid | if("==", "5", "a", "b")}', '%{user | unhexlify}', '%{lower}',
               '%{user | if("=", "a", "b", "c")}', '%{user | lower("x")}', '%{lookup("nosuch")}',
               '%{user | md5(pad=1)}', '%{user | hash("nosuch")}', '%{user | base64(pad=2)}',
               '%{user | hash(rounds=1)}', '%{user | regexp("(", "x")}', '%{user | hexlify(-1)}',
               '%{user | truncate(-1)}', '%{user | lfill(0)}', '%{user | hex | unhex | default("d")}',
               '%{user | concat(nosuch)}', '%{event:nosuch}', '%{process:nosuch}',
               '%{user | if("~", "a\\\\", "b", "c")}']
