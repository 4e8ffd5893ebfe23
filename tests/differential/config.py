# SPDX-License-Identifier: MIT
"""Logs in with generated configurations, with the plugin of a real Dovecot and with ours, and
compares what each tells a Redis: TAP.

    config.py DOVETAP VERSION ROOT COUNT SEED

Ours runs with "compat = strict", so that its words are the plugin's. A login for which the plugin
writes nothing must leave nothing of ours either. A file that Dovecot refuses is counted, no more: what
is wrong may stand where no login comes to.
"""
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from recorder import Recorder
from settings import Config23, Config24

HERE = Path(__file__).resolve().parent
REMOTE = ['192.0.2.7', '192.0.2.8', '198.51.100.1', '2001:db8::7']
LOCAL = ['203.0.113.9', '203.0.113.10', '10.1.2.3']
HEAD = {'2.3': '', '2.4': 'dovecot_config_version = 2.4.1\ndovecot_storage_version = 2.4.1\n'}
PLACE = {'2.3': 'mail_location = maildir:/jobs/home/Maildir\n',
         '2.4': 'mail_home = /jobs/home\nmail_driver = maildir\nmail_path = /jobs/home/Maildir\n'}
COMMON = '''mail_plugins = last_login
log_path = /dev/stderr
mail_uid = 65534
mail_gid = 65534
first_valid_uid = 0
first_valid_gid = 0
'''


class Job:
    def __init__(self, rng, number, ports, version):
        self.version = version
        self.name = 'j%04d' % number
        self.user = 'u%04d@example.com' % number
        config = Config23 if version[:3] == '2.3' else Config24
        self.generated = config(rng, ports).text()
        self.text = HEAD[version[:3]] + COMMON + PLACE[version[:3]] + self.generated
        self.service = rng.choice(['imap', 'imap', 'pop3'])
        self.remote, self.local = rng.choice(REMOTE), rng.choice(LOCAL)
        self.theirs, self.refused = [], False

    def write(self, jobs):
        directory = jobs / self.name
        directory.mkdir()
        directory.chmod(0o777)
        (directory / 'dovecot.conf').write_text(self.text)
        (directory / 'service').write_text(self.service)
        env = ['USER=' + self.user, 'HOME=/jobs/home', 'IP=' + self.remote,
               'LOCAL_IP=' + self.local, 'PATH=/usr/bin:/bin']
        (directory / 'env').write_text('\0'.join(env) + '\0')

    def event(self):
        return json.dumps({'boot_ns': 1000000000, 'username': self.user, 'service': self.service,
                           'remote_ip': self.remote, 'local_ip': self.local, 'session_id': 's'})


def said(recorders):
    return [text + ' to %d' % nth for nth, recorder in enumerate(recorders)
            for text in recorder.take()]


def run_plugin(root, directory, jobs, recorders):
    (directory / 'jobs' / 'home').mkdir(mode=0o777)
    (directory / 'jobs' / 'home').chmod(0o777)
    for job in jobs:
        job.write(directory / 'jobs')
    subprocess.run(['unshare', '-m', '-p', '-f', HERE / 'inside', root, directory], check=True,
                   stdin=subprocess.DEVNULL)
    texts = said(recorders)
    for job in jobs:
        job.theirs = [text for text in texts if job.user[:5] in text.lower()]
        log = (directory / 'jobs' / job.name / 'log').read_text(errors='replace')
        job.refused = 'doveconf: Fatal: ' in log


def run_ours(dovetap, directory, job, recorders):
    home = directory / 'jobs' / job.name
    recording = subprocess.run([HERE.parent / 'golden' / 'make-recording.py'],
                               input=job.event().encode(), stdout=subprocess.PIPE, check=True)
    (home / 'events').write_bytes(recording.stdout)
    (home / 'dovetap.conf').write_text(
        'dovetap {\n  compat = strict\n  dovecot_version = %s\n  state_dir = %s\n}\n' % (
            job.version, home))
    done = subprocess.run([dovetap, 'replay', '-c', home / 'dovetap.conf', '-C', home / 'dovecot.conf',
                           home / 'events'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return said(recorders), done.stdout.decode(errors='replace')


def compare(dovetap, directory, job, recorders):
    ours, log = run_ours(dovetap, directory, job, recorders)
    if ours == job.theirs:
        return None
    theirs = (directory / 'jobs' / job.name / 'log').read_text(errors='replace')
    return '%s of %s from %s to %s\n  Dovecot  %s\n  dovetap  %s\n%s' % (
        job.service, job.user, job.remote, job.local, job.theirs or theirs[-400:],
        ours or log[-400:], job.generated)


def main(dovetap, version, root, count, seed):
    rng = random.Random('config %s' % seed)
    recorders = [Recorder() for _ in range(3)]
    ports = [recorder.port for recorder in recorders]
    jobs = [Job(rng, number, ports, version) for number in range(int(count))]
    with tempfile.TemporaryDirectory(prefix='dovetap-differential-') as name:
        directory = Path(name)
        directory.chmod(0o755)
        (directory / 'jobs').mkdir()
        run_plugin(root, directory, jobs, recorders)
        differences = list(filter(None, (compare(dovetap, directory, job, recorders)
                                         for job in jobs if not job.refused)))
    written = sum(bool(job.theirs) for job in jobs)
    for difference in differences[:8]:
        print('# ' + difference.replace('\n', '\n# '))
    print('# Dovecot %s: of %d configurations %d lead the plugin to a store, %d are refused, '
          '%d different (seed %s)' % (version, len(jobs), written, sum(job.refused for job in jobs),
                                      len(differences), seed))
    return not differences and written >= len(jobs) // 2


if __name__ == '__main__':
    sys.exit(0 if main(*sys.argv[1:]) else 1)
