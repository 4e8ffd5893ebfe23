#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Are the commands that the documents show such as the program takes? doc-commands.py DOVETAP FILE...

Of each "dovetap COMMAND ..." in an indented line, a fence or between backticks: is there that command, and
has it each option? What COMMAND --help prints decides. And has the manual (a FILE that ends in .8) each command and
option, and no others? Prints file, line and what is wrong; exits with 1."""
import re
import subprocess
import sys

INTERNAL = {'collect', 'resolve'}  # which dovetap runs itself
SHOWN = re.compile(r'(?<![\w./-])(?<!-n )dovetap ([a-z]+)((?: [^`|#&;<>()]*)?)')
OPTION = re.compile(r'(?<![\w=-])(--?[A-Za-z0-9][A-Za-z0-9-]*)')


def help_of(dovetap, *words):
    done = subprocess.run([dovetap, *words, '--help'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode(errors='replace')


class Program:
    """What it takes, asked once for each command."""

    def __init__(self, dovetap):
        self.dovetap, self.options = dovetap, {}
        self.commands = set(re.findall(r'^  ([a-z]+)  +', help_of(dovetap), re.M))

    def takes(self, command):
        if command not in self.options:
            text = '\n'.join(line for line in help_of(self.dovetap, command).splitlines() if line.startswith('  '))
            self.options[command] = set(re.findall(r'(?<![\w-])(--?[A-Za-z0-9?][a-z0-9-]*)', text))
        return self.options[command]

    def complaints(self, command, rest):
        if command in INTERNAL:
            return []
        if command not in self.commands:
            return ['there is no command ' + command]
        words = OPTION.findall(re.sub(r"'[^']*'|\"[^\"]*\"", "''", rest))
        return ['%s has no option %s' % (command, word) for word in words if word not in self.takes(command)]


def commands_shown(path):
    """(line number, command, the rest of it)"""
    fenced = False
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            fenced ^= line.startswith('```')
            texts = [line] if fenced or line.startswith('    ') else re.findall(r'`([^`]*)`', line)
            for text in texts:
                for command, rest in SHOWN.findall(text):
                    yield number, command, rest


def words_of(program, command):
    """Of a command that has words of its own, as "spool list|drain"."""
    usage = re.search(r'^Usage: dovetap %s .*?([a-z]+(?:\|[a-z]+)+)' % command, help_of(program.dovetap, command), re.M)
    return usage.group(1).split('|') if usage else []


def manual_complaints(program, path):
    with open(path, encoding='utf-8') as manual:
        text = manual.read()
    for command in sorted(program.commands):
        heads = ' '.join(re.findall(r'^\.It Cm (%s .*)' % command, text, re.M))
        yield from ('%s: lacks %s %s' % (path, command, word) for word in words_of(program, command)
                    if not re.search(r'\b%s\b' % word, heads))
    commands = set(re.findall(r'^\.It Cm ([a-z]+)', text, re.M))
    options = set('--' + word for word in re.findall(r'\bFl -([a-z0-9-]+)', text))
    taken = set().union(*map(program.takes, program.commands))
    taken = {word for word in taken if word.startswith('--')} - {'--help', '--usage', '--version'}
    for what, there, wanted in ('command', commands, program.commands), ('option', options, taken):
        yield from ('%s: lacks %s %s' % (path, what, word) for word in sorted(wanted - there))
        if what == 'option':
            yield from ('%s: there is no option %s' % (path, word) for word in sorted(there - wanted))


def main(dovetap, *paths):
    program, shown, wrong = Program(dovetap), 0, 0
    for manual in (path for path in paths if path.endswith('.8')):
        for complaint in manual_complaints(program, manual):
            print(complaint)
            wrong += 1
    for path in paths:
        for number, command, rest in commands_shown(path):
            shown += 1
            for complaint in program.complaints(command, rest):
                print('%s:%d: %s' % (path, number, complaint))
                wrong += 1
    print('%d commands in %d files, %d wrong' % (shown, len(paths), wrong))
    return 0 if shown >= 50 and not wrong else 1


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
