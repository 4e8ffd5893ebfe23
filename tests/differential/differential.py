# SPDX-License-Identifier: MIT
"""Expands generated templates through a real Dovecot and through ours, and compares: TAP.

    differential.py HELPER LANGUAGE VERSION ROOT COUNT SEED

Dovecot expands many templates in one session: they stand in one last_login_key, with marks between
them. One without a value would take all others with it, so those that we say have none go into
sessions of their own. When Dovecot does not write although we say it should, halves are tried.
"""
import random
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from generate import V23, V24

HERE = Path(__file__).resolve().parent
USERS = [
    b'u1@example.com', b'Us.Er+X@Example.COM', b'a@b@c', b'plain', b'a"b\'c\\d@x',
    'äöü@Xy.de'.encode(), b'%u%{user}@$x', b'sp ace \t@t ', b'u' * 290 + b'@long.org', b'12345',
    b'deadBEEF', b'aGVsbG8=', b'\xe9\xff\xfe@bad\xc3', b'\x01\x02t\x7f@ctl', b'a/b/../c', b'li\nne\n@new',
]
PER_SESSION = 60
CONF = {
    'v23': '''
plugin {
  last_login_dict = file:/jobs/%(job)s/out
  last_login_key = "%(key)s"
}
mail_location = maildir:/jobs/%(job)s/Maildir
''',
    'v24': '''
last_login {
  dict file {
    path = /jobs/%(job)s/out
  }
  key = "%(key)s"
}
mail_home = /jobs/home
mail_driver = maildir
mail_path = /jobs/%(job)s/Maildir
''',
}
HEAD = {
    'v23': '',
    'v24': 'dovecot_config_version = 2.4.1\ndovecot_storage_version = 2.4.1\n',
}
COMMON = '''
mail_plugins = last_login
log_path = /dev/stderr
mail_uid = 65534
mail_gid = 65534
first_valid_uid = 0
first_valid_gid = 0
'''
# What the session itself chose, for our login to have the same.
LEARN = {'v23': '%{session}|%{pid}|', 'v24': '%{session}|%{process:pid}|'}
FIELDS = {
    'service': 'imap', 'protocol': 'imap', 'remote_ip': '192.0.2.7', 'local_ip': '2001:db8::ff',
    'home': '/jobs/home', 'uid': '65534', 'mail_uid': '65534', 'mail_gid': '65534',
    'hostname': socket.gethostname(),
}


def quote(text):
    return text.replace('\\', '\\\\').replace('"', '\\"')


def unescape(data):
    table = {b'0': b'\0', b'1': b'\1', b't': b'\t', b'r': b'\r', b'n': b'\n'}
    return re.sub(rb'\x01(.)', lambda m: table[m[1]], data, flags=re.S)


MARK = '<#>'  # around a template, so that its end shows


class Session:
    def __init__(self, user, templates):
        self.user, self.templates = user, templates
        self.values = None  # bytes of each template, or None when nothing was written
        self.session, self.pid = '', '0'

    def write(self, directory, job, language):
        (directory / job).mkdir()
        (directory / job).chmod(0o777)
        key = LEARN[language] + ''.join(MARK + t for t in self.templates) + MARK
        conf = HEAD[language] + COMMON + CONF[language] % {
            'job': job, 'key': quote(key)}
        (directory / job / 'dovecot.conf').write_text(conf)
        env = [b'USER=' + self.user, b'HOME=/jobs/home', b'IP=192.0.2.7', b'LOCAL_IP=2001:db8::ff',
               b'PATH=/usr/bin:/bin']
        (directory / job / 'env').write_bytes(b'\0'.join(env) + b'\0')

    def read(self, directory, job):
        self.log = (directory / job / 'log').read_bytes()
        named = re.search(rb'<(\d+)><([^<>]*)>: ', self.log)
        if named:
            self.pid, self.session = named[1].decode(), named[2].decode()
        out = directory / job / 'out'
        if not out.exists():
            return
        key = unescape(out.read_bytes().split(b'\n')[0])
        assert key.startswith(b'shared/')
        session, pid, rest = key[7:].split(b'|', 2)
        self.session, self.pid = session.decode(), pid.decode()
        values = rest.split(MARK.encode())[1:]
        if len(values) == len(self.templates) + 1:
            self.values = [b'=' + value for value in values[:-1]]
        elif len(self.templates) == 1:
            self.values = [b'~' + value for value in values]


class Harness:
    def __init__(self, helper, language, version, root):
        self.helper, self.language, self.version, self.root = helper, language, version, root

    def run(self, sessions):
        with tempfile.TemporaryDirectory(prefix='dovetap-differential-') as name:
            directory = Path(name)
            jobs = directory / 'jobs'
            (jobs).mkdir()
            directory.chmod(0o755)
            for number, session in enumerate(sessions):
                session.write(jobs, 'j%04d' % number, self.language)
            subprocess.run(['unshare', '-m', '-p', '-f', HERE / 'inside', self.root, directory],
                           check=True, stdin=subprocess.DEVNULL)
            for number, session in enumerate(sessions):
                session.read(jobs, 'j%04d' % number)

    def ours_for(self, session):
        return self.ours(session.user, session.templates, session.session, session.pid)

    def ours(self, user, templates, session, pid):
        fields = dict(FIELDS, session_id=session, pid=pid)
        arguments = [self.helper, self.language, self.version, b'username=' + user]
        arguments += ['%s=%s' % field for field in fields.items()]
        text = b''.join(MARK.encode() + t.encode() + MARK.encode() + b'\0' for t in templates)
        answer = subprocess.run(arguments, input=text, stdout=subprocess.PIPE, check=True).stdout
        answers = answer.split(b'\0')[:-1]
        assert len(answers) == len(templates)
        return [self.unmark(a) if a[:1] == b'=' else a for a in answers]

    @staticmethod
    def unmark(answer):
        """A key ends at a NUL ("~" for "="); such a template cannot stand among others."""
        mark = MARK.encode()
        if answer.endswith(mark) and len(answer) > len(mark) + 1:
            return b'=' + answer[1 + len(mark):-len(mark)]
        return b'~' + answer[1 + len(mark):]


class Result:
    def __init__(self):
        self.equal, self.silent, self.crashed, self.differences = 0, 0, 0, []

    def differ(self, session, template, theirs, ours):
        self.differences.append('user %r\n#   template %s\n#   Dovecot  %r\n#   dovetap  %r' % (
            session.user, template, theirs, ours))

    def compare(self, session, answers):
        for template, theirs, ours in zip(session.templates, session.values, answers):
            if ours == theirs:
                self.equal += 1
            else:
                self.differ(session, template, theirs, ours)

    def compare_nothing(self, session, answers):
        """Whether there is a value can depend on the session's own pid and id. A Dovecot that
        dies (2.4.1 divides by zero where a hash is taken modulo 0) proves nothing."""
        if answers[0][:1] in b'!?':
            self.silent += 1
        elif re.search(rb'Floating point exception|Segmentation fault|Aborted', session.log):
            self.crashed += 1
        else:
            self.differ(session, session.templates[0], session.log[-300:], answers[0])


def compare_valued(harness, sessions, result):
    """All templates of these sessions should have a value."""
    while sessions:
        harness.run(sessions)
        halves = []
        for session in sessions:
            if session.values is not None:
                result.compare(session, harness.ours_for(session))
            elif len(session.templates) == 1:
                result.compare_nothing(session, harness.ours_for(session))
            else:
                middle = len(session.templates) // 2
                halves += [Session(session.user, session.templates[:middle]),
                           Session(session.user, session.templates[middle:])]
        sessions = halves


def compare_silent(harness, sessions, result):
    """One template each, for which nothing should be written."""
    harness.run(sessions)
    for session in sessions:
        if session.values is None:
            result.compare_nothing(session, harness.ours_for(session))
        else:
            result.compare(session, harness.ours_for(session))


def split_by_answer(harness, rng, language, count):
    """Valued sessions, and silent ones for a part of the templates without a value."""
    valued, silent = [], []
    for user in USERS:
        templates = [language.template() for _ in range(count // len(USERS))]
        answers = harness.ours(user, templates, 'abcdefgh', '14')
        good = [t for t, a in zip(templates, answers) if a[:1] == b'=']
        bad = [t for t, a in zip(templates, answers) if a[:1] in b'!?']
        valued += [Session(user, good[i:i + PER_SESSION]) for i in range(0, len(good), PER_SESSION)]
        silent += [Session(user, [t]) for t in rng.sample(bad, min(len(bad), 8))]
    silent += [Session(USERS[0], [t]) for t in language.invalid]
    return valued, silent


def main(helper, language, version, root, count, seed):
    rng = random.Random('%s %s' % (seed, language))
    generator = {'v23': V23, 'v24': V24}[language](rng)
    harness = Harness(helper, language, version, root)
    result = Result()
    valued, silent = split_by_answer(harness, rng, generator, int(count))
    compare_valued(harness, valued, result)
    with_value = result.equal
    compare_silent(harness, silent, result)
    for difference in result.differences[:20]:
        print('# ' + difference)
    print('# Dovecot %s: %d equal, %d without a value on both sides, %d that it died of, '
          '%d different (seed %s)' % (version, result.equal, result.silent, result.crashed,
                                      len(result.differences), seed))
    enough = with_value >= int(count) // 2 and result.silent >= len(generator.invalid) // 2 and \
        result.crashed <= int(count) // 100
    return not result.differences and enough


if __name__ == '__main__':
    sys.exit(0 if main(*sys.argv[1:]) else 1)
