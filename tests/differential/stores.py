# SPDX-License-Identifier: MIT
"""Random logins by random configurations with stores of every driver, with the plugin of a real
Dovecot (and its dict server) and with ours: afterwards both stores are the same. TAP.

    stores.py DOVETAP VERSION ROOT CONFIGURATIONS LOGINS SEED

The two sides differ only in the place of the store, and log in after one another, each in the same
order. With SQL, ours runs with "compat = strict". What the plugin cannot write must not be there.
"""
import bisect
import json
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import stores_servers as servers
from stores_config import Stores23, Stores24

HERE = Path(__file__).resolve().parent
REMOTE = ['192.0.2.7', '192.0.2.8', '2001:db8::7', '198.51.100.1', '']
LOCAL = ['203.0.113.9', '2001:db8::ff']
NAMES = ['%s@example.com', '%s@Example.COM', 'U.%s+x@b.example', 'o\'%s"q@example.com', '%s%%u%%%%@example.com',
         'sp %s@example.com', 'back\\%s\\@example.com', '%s', 'sla/%s@example.com', '\u00fcn\u00ef%s@example.com',
         '%s@a@b', '$%s@example.com', '%s@']
RECORDED = 1795338302  # when the first second of tests/golden/make-recording.py begins
HEAD = {'2.3': '', '2.4': 'dovecot_config_version = 2.4.1\ndovecot_storage_version = 2.4.1\n'}
PLACE = {'2.3': 'mail_location = maildir:/jobs/home/Maildir\nauth_username_chars =\n',
         '2.4': 'mail_home = /jobs/home\nmail_driver = maildir\nmail_path = /jobs/home/Maildir\n'}
COMMON = '''mail_plugins = last_login
protocols =
listen = 127.0.0.1
ssl = no
base_dir = /run/dovecot
log_path = /dev/stderr
mail_uid = 65534
mail_gid = 65534
first_valid_uid = 0
first_valid_gid = 0
service dict {
  unix_listener dict {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
'''


class Login:
    def __init__(self, rng, names):
        self.user, self.service = rng.choice(names), rng.choice(['imap', 'imap', 'pop3'])
        self.remote, self.local = rng.choice(REMOTE), rng.choice(LOCAL)

    def write(self, directory):
        directory.mkdir()
        directory.chmod(0o777)
        (directory / 'service').write_text(self.service)
        env = ['USER=' + self.user, 'HOME=/jobs/home', 'LOCAL_IP=' + self.local, 'PATH=/usr/bin:/bin']
        env += ['IP=' + self.remote] if self.remote else []
        (directory / 'env').write_text('\0'.join(env) + '\0')

    def event(self, nth):
        event = {'boot_ns': (nth + 1) * 1000000000, 'service': self.service, 'protocol': self.service,
                 'username': self.user.encode().decode('latin-1'), 'local_ip': self.local, 'session_id': 's%d' % nth}
        return json.dumps(dict(event, remote_ip=self.remote) if self.remote else event)


class Job:
    def __init__(self, rng, number, version, logins):
        self.version, self.name = version, 'j%04d' % number
        self.stores = (Stores23 if version[:3] == '2.3' else Stores24)(rng, number, version)
        self.text = self.stores.text()
        names = [name % self.name for name in rng.sample(NAMES, rng.randint(2, 6))]
        if version == '2.3.13' and self.stores.backend == 'pgsql':
            names = [name.replace('\\', '-') for name in names]  # docs/compatibility.md
        self.logins = [Login(rng, names) for _ in range(logins)]

    def filled(self, text, side, top, ports):
        for mark, value in (*servers.IN_PLACE_OF_CASSANDRA[side].items(), ('@JOB@', '%s/%s' % (top, self.name)), ('@TOP@', top), ('@SIDE@', side),
                            ('@DB@', servers.DATABASES[side]), *ports.items()):
            text = text.replace(mark, str(value))
        return text

    def configuration(self, side, top, ports):
        head = HEAD[self.version[:3]] + COMMON + PLACE[self.version[:3]]
        return head + self.filled(self.text, side, top, ports)

    def write(self, jobs, ports):
        self.directory = jobs / self.name
        self.directory.mkdir()
        self.directory.chmod(0o777)
        for side, top in (('plugin', '/jobs'), ('dovetap', jobs)):
            if self.stores.map and self.version[:3] == '2.3':
                (self.directory / (side + '.map')).write_text(
                    self.filled(self.stores.map_text(), side, top, ports))
            name = 'dovecot.conf' if side == 'plugin' else 'dovetap-server.conf'
            (self.directory / name).write_text(self.configuration(side, top, ports))
            (self.directory / (side + '.fs')).mkdir()
            (self.directory / (side + '.fs')).chmod(0o777)
        if self.stores.proxied:
            (self.directory / 'serve').touch()
        if self.stores.backend == 'sqlite':
            servers.Sqlite.make(self.stores.map, self.directory)
        for nth, login in enumerate(self.logins):
            login.write(self.directory / ('login-%03d' % nth))

    def clock(self, side):
        """Says of which login a time is, where the precision is enough for that."""
        unit = {'s': 1, 'ms': 10**3, 'us': 10**6, 'ns': 10**9}[self.stores.precision]
        begun = [float((path / 'begun').read_text()) for path in sorted(self.directory.glob('login-*'))]

        def of_login(value):
            if unit == 1 or self.stores.keeps_first:
                return '%d digits' % len(value)
            time = int(value) / unit
            nth = (time - RECORDED if side == 'dovetap' else bisect.bisect(begun, time)) - 1
            return 'of login %d, %d digits' % (nth, len(value))
        return of_login

    def logs(self):
        paths = [self.directory / 'server.log', *self.directory.glob('login-*/log')]
        return '\n'.join(path.read_text(errors='replace') for path in paths if path.exists())


class Own:
    """For jobs with a dict server of somebody's own, one for each side."""

    def __init__(self, jobs):
        self.running = []
        for job in jobs:
            for side in servers.SIDES if job.stores.backend == 'own' else []:
                place = job.directory / side
                self.running.append(subprocess.Popen([
                    servers.SERVERS / 'small-dict.py', '%s.socket' % place, '%s.said' % place]))

    def stop(self):
        for server in self.running:
            server.terminate()
            server.wait()


def run_ours(dovetap, job):
    events = '\n'.join(login.event(nth) for nth, login in enumerate(job.logins))
    recording = subprocess.run([HERE.parent / 'golden' / 'make-recording.py'], input=events.encode(),
                               stdout=subprocess.PIPE, check=True)
    (job.directory / 'events').write_bytes(recording.stdout)
    (job.directory / 'dovetap.conf').write_text(
        'dovetap {\n  %sdovecot_version = %s\n  state_dir = %s\n}\n' % (
            'compat = strict\n  ' if job.stores.strict else '', job.version, job.directory))
    # A store that refuses for now (no such key) would be asked for a minute.
    done = subprocess.run(['timeout', '20', dovetap, 'replay', '-c', job.directory / 'dovetap.conf', '-C',
                           job.directory / 'dovetap-server.conf', job.directory / 'events'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    job.ours_said = done.stdout.decode(errors='replace')


class Run:
    """All jobs of one version, and what became of them."""

    def __init__(self, jobs):
        self.jobs, self.running = jobs, []

    def started(self, server):
        self.running.insert(0, server)
        return server

    def start(self, directory):
        top = directory / 'jobs'
        top.mkdir()
        (top / 'home').mkdir()
        (top / 'home').chmod(0o777)
        self.redis = self.started(servers.Redis(directory / 'redis'))
        self.cassandra = self.started(servers.Cassandra(directory / 'cassandra', self.maps('cassandra')))
        for job in self.jobs:
            job.write(top, {'@REDIS@': self.redis.port, '@CASSANDRA@': self.cassandra.port})
        self.sql = {'mysql': self.started(servers.Sql('mysql', top / 'mysql', self.maps('mysql', 'cassandra'))),
                    'pgsql': self.started(servers.Sql('pgsql', top / 'pgsql', self.maps('pgsql')))}
        self.started(Own(self.jobs))

    def maps(self, *backends):
        return [job.stores.map for job in self.jobs if job.stores.backend in backends]

    def stop(self):
        for server in self.running:
            server.stop()

    def read(self):
        """The records of each side, for each job."""
        for side in servers.SIDES:
            tables = {name: server.dump(side) for name, server in self.sql.items()}
            tables['cassandra'] = self.cassandra.dump() if side == 'dovetap' else tables['mysql']
            keys = self.redis.dump(side)
            for job in self.jobs:
                setattr(job, side, self.records(job, side, tables, keys))

    @staticmethod
    def records(job, side, tables, keys):
        one, place, clock = job.stores.map, job.directory, job.clock(side)
        if job.stores.backend == 'sqlite':
            return servers.sql_records(one, servers.Sqlite.rows(one, place, side), clock)
        if one:
            return servers.sql_records(one, tables[job.stores.backend][one.table], clock)
        return {
            'file': lambda: servers.file_records(place / (side + '.dict'), clock),
            'fs': lambda: servers.fs_records(place / (side + '.fs'), clock),
            'own': lambda: servers.own_records(place / (side + '.said'), clock),
            'redis': lambda: sorted('%r %s%s' % (key, servers.masked(value, clock), expiry)
                                    for key, value, expiry in keys if job.name in key.lower()),
        }[job.stores.backend]()


def hung(job):
    """Did the plugin wait in vain for Dovecot's dict server? Then nobody knows what it wrote."""
    return any('status 124' in path.read_text(errors='replace') for path in job.directory.glob('login-*/log'))


def difference(job):
    if job.plugin == job.dovetap or job.hung or job.refused:
        return None
    only = ['plugin   ' + record for record in job.plugin if record not in job.dovetap]
    only += ['dovetap  ' + record for record in job.dovetap if record not in job.plugin]
    table = job.stores.map.create() + '\n' + job.stores.map_text() if job.stores.map else ''
    return '%s %s %s\n%s\n%s%s\nlog of dovetap: %s\nlog of Dovecot: %s' % (
        job.name, job.stores.backend, 'strict' if job.stores.strict else 'newest', '\n'.join(only[:8]),
        job.text, table, job.ours_said[-400:], job.logs()[-600:] if not job.plugin else '')


def main(dovetap, version, root, count, logins, seed):
    rng = random.Random('stores %s %s' % (seed, version))
    jobs = [Job(rng, number, version, int(logins)) for number in range(int(count))]
    with tempfile.TemporaryDirectory(prefix='dovetap-differential-') as name:
        directory = Path(name)
        directory.chmod(0o755)
        run = Run(jobs)
        try:
            run.start(directory)
            subprocess.run(['unshare', '-m', '-p', '-f', HERE / 'inside', root, directory], check=True,
                           stdin=subprocess.DEVNULL)
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda job: run_ours(dovetap, job), jobs))
            run.read()
            for job in jobs:
                job.hung, job.refused = hung(job), 'doveconf: Fatal: ' in job.logs()
            differences = list(filter(None, map(difference, jobs)))
        finally:
            run.stop()
    written = sum(bool(job.plugin) for job in jobs)
    for text in differences[:8]:
        print('# ' + text.replace('\n', '\n# '))
    kinds = sorted(set(job.stores.backend for job in jobs if job.plugin))
    print('# Dovecot %s: %d logins by %d configurations, of which the plugin writes by %d, to %s; at %d its dict '
          'server hangs, %d are refused; %d different (seed %s)' % (
              version, len(jobs) * int(logins), len(jobs), written, ' '.join(kinds),
              sum(job.hung for job in jobs), sum(job.refused for job in jobs), len(differences), seed))
    return not differences and written >= len(jobs) // 2


if __name__ == '__main__':
    sys.exit(0 if main(*sys.argv[1:]) else 1)
