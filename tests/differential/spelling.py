# SPDX-License-Identifier: MIT
"""Times, sizes and booleans in every spelling we could think of: does doveconf take those that we
take, and no others? TAP.

    spelling.py HELPER VERSION ROOT

doveconf prints a value as it was written, so this is about what is taken; config.py compares what
comes of it, by the expiry that the plugin asks a Redis for.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

NUMBERS = ['0', '1', '5', '1500', '2000', '4294967295', '4294967296', '99999999999999999999', '-1',
           '+1', '1.5', '', ' 1', '0x10']
TIME_UNITS = ['', 's', ' s', 'sec', ' secs', 'second', 'seconds', 'secondss', 'SECS', 'm', ' min',
              'mins', 'minute', ' minutes', 'mi', 'ms', ' msec', 'msecs', 'mil', 'millisecs',
              ' milliseconds', 'h', 'hour', ' hours', 'd', 'day', 'days', 'w', ' week', 'weeks',
              ' Weeks', 'us', 'y', 'fortnight', '  s', '\ts', 's s']
SIZE_UNITS = ['', 'b', 'B', ' B', 'k', 'K', 'kb', 'KiB', ' k', 'ki', 'kbb', 'M', ' MB', 'MiB', 'G',
              'GB', 'T', 'TiB', ' T', 'P', 'x', 'bk', '  M']
BOOLS = ['yes', 'no', 'y', 'n', '1', '0', 'YES', 'No', 'Y', 'N', 'true', 'false', 'on', 'off', '',
         'yess', 'ye']
WORDS = ['infinite', 'unlimited', 'Infinite', 'never']
SETTINGS = {'time': 'auth_cache_ttl', 'size': 'imap_max_line_length', 'bool': 'auth_verbose'}
SETTINGS_24 = dict(SETTINGS, msecs='redis_request_timeout')


def spellings(kind):
    if kind == 'bool':
        return BOOLS
    units = SIZE_UNITS if kind == 'size' else TIME_UNITS
    few = [number + unit for number in ['5', '2000'] for unit in units]
    return few + [number + unit for number in NUMBERS for unit in units[:2]] + WORDS


def taken_by_doveconf(root, head, asked):
    with tempfile.TemporaryDirectory(prefix='dovetap-differential-') as name:
        for nth, (_, setting, text) in enumerate(asked):
            (Path(name) / ('%05d' % nth)).write_text('%s%s = "%s"\n' % (head, setting, text))
        script = ('mount --bind "$1" "$0/mnt" && exec chroot "$0" /bin/sh -c \''
                  'for f in /mnt/*; do doveconf -c "$f" -n > /dev/null 2>&1; echo $?; done\'')
        done = subprocess.run(['unshare', '-m', 'bash', '-c', script, root, name], check=True,
                              stdout=subprocess.PIPE, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'})
    return [line == b'0' for line in done.stdout.split(b'\n')[:-1]]


def taken_by_us(helper, asked):
    lines = ''.join('%s\t%s\n' % (kind, text) for kind, _, text in asked)
    done = subprocess.run([helper], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return [line != b'-' for line in done.stdout.split(b'\n')[:-1]]


def main(helper, version, root):
    is_24 = version.startswith('2.4')
    head = 'dovecot_config_version = 2.4.1\ndovecot_storage_version = 2.4.1\n' if is_24 else ''
    settings = SETTINGS_24 if is_24 else SETTINGS
    # 2.3 has no word for them; we take those of 2.4 there, too.
    asked = [(kind, setting, text) for kind, setting in settings.items()
             for text in spellings(kind) if is_24 or text not in WORDS[:2]]
    theirs, ours = taken_by_doveconf(root, head, asked), taken_by_us(helper, asked)
    wrong = [(ask, their) for ask, their, our in zip(asked, theirs, ours, strict=True)
             if their != our]
    for (kind, _, text), their in wrong[:20]:
        print('# %s %r: doveconf %s it' % (kind, text, 'takes' if their else 'refuses'))
    print('# doveconf %s: %d spellings, %d taken, %d wrong' % (version, len(asked), sum(theirs),
                                                               len(wrong)))
    return not wrong and sum(theirs) > len(asked) // 5


if __name__ == '__main__':
    sys.exit(0 if main(*sys.argv[1:]) else 1)
