#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Are the commands that the documents show such as the program takes? doc-commands.py DOVETAP FILE...

Of each "dovetap COMMAND ..." in an indented line, a fence or between backticks: is there that command, and
has it each option? What COMMAND --help prints decides. Prints file, line and what is wrong; exits with 1."""
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


def main(dovetap, *paths):
    program, shown, wrong = Program(dovetap), 0, 0
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
