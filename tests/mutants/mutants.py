#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Breaks the code on purpose and prints what the fast tests do not notice.

    make mutants [LAYER='serve stats'] [COUNT=10] [SEED=2026-11-29] [CHANGED=1] [BASE=origin/main]

COUNT mutants of each layer, drawn by SEED (printed; the date), of the lines that differ from BASE with CHANGED=1.
Each is put into a copy of the tree in .output/mutants: its file alone is compiled, each test of its layer is linked
with that object and runs under ASan and UBSan: the unit tests, those of its file first, the dict conformance (store)
and tests/golden (what "dovetap replay", "config" and "lookup" are made of). A mutant is noticed when a test fails or takes far
longer than it did. Those that compile to the same code, or to none, are not counted; nor those of
tests/mutants.known, which change nothing that can be seen.

Prints the kill rate of each layer and each survivor (survivors.md has those that are known); exit status 1 when a layer is below KILLED_MIN (0) per cent.
"""

import concurrent.futures
import datetime
import functools
import glob
import os
import queue
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import candidates  # noqa: E402

OUT = os.environ.get("MUTANTS_DIR") or ".output/mutants"
SAN = ".output/san-address"
KNOWN = "tests/mutants.known"
GOLDEN = {"base", "conf", "capture", "login", "audit", "plan", "store", "pipeline", "stats", "cli", "dovecot"}
DICTS = ["memory", "sqlite", "file", "fs", "debug", "redis", "memcached_ascii", "sqlite (map)"]
PIECES = ["redis", "memcached_ascii", "proxy (2.4.1, file)", "cassandra (fake)"]
PROGRAM = [f"{SAN}/dovetap", f"{SAN}/modules/redis.so", f"{SAN}/modules/geoip.so"]
MAKE = ["make", "--silent", "SAN=address,undefined", "WARN=-w"]
COMPILE = ["gcc", *[flag for flag in candidates.FLAGS if "lib/clang" not in flag][:-1], "-O2", "-w", "-c", "-o"]


def run(command, tree, seconds=900, **environment):
    """Exit status; None when it took longer."""
    try:
        return subprocess.run(command, cwd=tree, timeout=seconds, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                              env={**os.environ, "MAKEFLAGS": "", **environment}).returncode
    except subprocess.TimeoutExpired:
        return None


class Test:
    """One program, and what has to be built for it."""

    def __init__(self, name, command, targets):
        self.name, self.command, self.targets = name, command, targets
        self.seconds = 60.0

    def passes(self, tree):
        status = run(self.command, tree, self.seconds, CMOCKA_MESSAGE_OUTPUT="TAP",
                     DOVETAP=os.path.join(tree, SAN, "dovetap"))
        return status == 0

    def measure(self, tree):
        """Does it pass as the code is? And how long does that take?"""
        begin = time.monotonic()
        passed = self.passes(tree)
        self.seconds = 10 + 5 * (time.monotonic() - begin)
        return passed


def covering(layer):
    """The unit tests of other layers that are for a file of this one (tests/unit/covers)."""
    files = {os.path.basename(path)[:-2] for path in glob.glob(f"userspace/{layer}/**/*.c", recursive=True)}
    with open("tests/unit/covers", encoding="utf-8") as lines:
        for words in map(str.split, lines):
            if words[:1] and words[0].startswith("unit/") and not words[0].startswith(f"unit/{layer}/") and \
                    files.intersection(words[1:]):
                yield words[0]


def tests_of(layer):
    tests = []
    for path in sorted(glob.glob(f"tests/unit/{layer}/test_*.c")):
        program = f"{SAN}/{path[:-2]}"
        tests.append(Test(path, [program], [program]))
    for program in covering(layer):
        tests.append(Test(program, [f"{SAN}/tests/{program}"], [f"{SAN}/tests/{program}"]))
    if layer == "store":
        for program, names in ((f"{SAN}/tests/dict/conformance", DICTS),
                               (f"{SAN}/tests/dict/conformance-pieces", PIECES)):
            tests += [Test(f"{program} '{name}'", [program, name], [program]) for name in names]
    if layer in GOLDEN:
        tests += [Test(path, [path], PROGRAM) for path in sorted(glob.glob("tests/golden/*.sh"))
                  if not path.endswith("/docs.sh")]  # that is of a program of its own
    return tests


def changed_lines():
    """File -> lines that differ from BASE."""
    base = os.environ.get("BASE") or "origin/main"
    text = subprocess.run(["git", "diff", "--unified=0", "--no-color", base, "--", "userspace"], check=True,
                          capture_output=True, text=True).stdout
    lines, path = {}, None
    for line in text.splitlines():
        if line.startswith("+++ "):
            path = line[6:]
        elif line.startswith("@@ "):
            begin, _, count = line.split("+")[1].split(" ")[0].partition(",")
            lines.setdefault(path, set()).update(range(int(begin), int(begin) + int(count or 1)))
    return lines


def known():
    """(file, line as it is, line as it becomes) of those that change nothing."""
    if not os.path.exists(KNOWN):
        return set()
    with open(KNOWN, encoding="utf-8") as file:
        return {tuple(line.rstrip("\n").split("\t")[:3]) for line in file if line[0] not in "#\n"}


def lines_of(mutant, source):
    """The line before and after, without indentation."""
    broken = apply(mutant, source)
    pick = lambda text: text.decode().splitlines()[mutant.line - 1].strip()  # noqa: E731
    return pick(source), pick(broken)


def apply(mutant, source):
    return source[:mutant.begin] + mutant.text.encode() + source[mutant.end:]


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Tree:
    """A copy in which mutants live, one at a time."""

    def __init__(self, number):
        self.dir = os.path.abspath(f"{OUT}/tree-{number}")
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True, capture_output=True,
                                text=True).stdout.splitlines()
        for path in filter(os.path.isfile, listed):
            self.update(path)
        self.compile, self.link, self.archives = {}, {}, []
        self.broken = set()  # programs that were last linked with a mutant

    def update(self, path):
        """Only what differs: the rest stays built."""
        to = os.path.join(self.dir, path)
        if not os.path.exists(to) or read(to) != read(path):
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copy(path, to)

    def build(self, targets):
        return not targets or run(MAKE + sorted(set(targets)), self.dir) == 0

    def commands(self, options, targets):
        """{target: the command by which make makes it}; nothing is made."""
        out = subprocess.run([*MAKE, "V=1", "--dry-run", *options, *sorted(set(targets))], cwd=self.dir, text=True,
                             stdout=subprocess.PIPE, check=True, env={**os.environ, "MAKEFLAGS": ""}).stdout
        words = (line.split() for line in out.replace("\\\n", " ").splitlines())
        return {line[line.index("-o") + 1]: " ".join(line) for line in words if "-o" in line}

    def learn(self, layer, targets):
        """How the objects of the layer and the programs that test it are made."""
        sources = glob.glob(f"userspace/{layer}/**/*.c", recursive=True)
        objects = [f"{SAN}/{path[:-2]}.o" for path in sources]
        self.compile = self.commands([word for path in sources for word in ("-W", path)], objects)
        self.archives = [os.path.relpath(path, self.dir) for path in glob.glob(f"{self.dir}/{SAN}/lib/*.a")]
        self.link = self.commands([word for path in self.archives for word in ("-W", path)], targets)

    @functools.lru_cache(maxsize=None)
    def members(self, archive):
        """Of an archive: an object has a name of its own (tools/check-layers)."""
        return subprocess.run(["ar", "t", archive], cwd=self.dir, check=True, capture_output=True,
                              text=True).stdout.split()

    def holders(self, changed):
        """The archives that the object is in."""
        return [path for path in self.archives if os.path.basename(changed) in self.members(path)]

    def put(self, changed):
        """Puts the object into its archives, which make takes for those that it made."""
        for archive in self.holders(changed):
            path = os.path.join(self.dir, archive)
            before = os.stat(path).st_mtime_ns
            run(["ar", "r", archive, changed], self.dir)
            os.utime(path, ns=(before, before))

    def link_with(self, target, changed):
        """The program with the object of the mutant, when that is in it."""
        words = self.link[target].split()
        has = changed in words or any(archive in words for archive in self.holders(changed))
        if not has and target not in self.broken:
            return True
        ok = run(["sh", "-c", " ".join(words)], self.dir) == 0
        if ok:
            os.utime(os.path.join(self.dir, target), (0, 0))  # make shall make it anew
        (self.broken.add if has else self.broken.discard)(target)
        return ok

    def same_code(self, path):
        """None when it does not compile."""
        out = [os.path.join(self.dir, name) for name in ("as-it-is.o", "broken.o")]
        if run(COMPILE + [out[1], path], self.dir) != 0:
            return None
        run(COMPILE + [out[0], path], os.getcwd())
        return read(out[0]) == read(out[1])

    def judge(self, mutant, tests):
        """none (same code or no code), killed by TEST, or survived."""
        path = os.path.join(self.dir, mutant.file)
        source = read(path)
        changed = f"{SAN}/{mutant.file[:-2]}.o"
        kept = shutil.copy2(os.path.join(self.dir, changed), os.path.join(self.dir, "as-it-was.o"))
        try:
            with open(path, "wb") as file:
                file.write(apply(mutant, source))
            if self.same_code(mutant.file) is not False:
                return "none"
            if run(["sh", "-c", self.compile[changed]], self.dir) != 0:
                return "none"
            self.put(changed)
            own = os.path.basename(mutant.file)[:-2]
            for test in sorted(tests, key=lambda test: (not test.name.endswith(f"/test_{own}.c"), test.seconds)):
                if not all(self.link_with(target, changed) for target in test.targets):
                    return "none"
                if not test.passes(self.dir):
                    return f"killed by {test.name}"
            return "survived"
        finally:
            with open(path, "wb") as file:
                file.write(source)
            shutil.copy2(kept, os.path.join(self.dir, changed))
            self.put(changed)


class Layer:
    def __init__(self, name, trees):
        self.name, self.trees = name, trees
        self.killed, self.survived = 0, []
        self.tests = tests_of(name)

    def prepare(self):
        every = list(self.trees.queue)
        targets = [target for test in self.tests for target in test.targets]
        for tree in every:
            if not tree.build(targets):
                sys.exit(f"{self.name}: its tests do not build")
            tree.learn(self.name, targets)
        with concurrent.futures.ThreadPoolExecutor(len(every)) as pool:
            good = list(pool.map(lambda test: test.measure(every[0].dir), self.tests))
        for test, passed in zip(self.tests, good):
            if not passed:
                print(f"# {self.name}: {test.name} fails as it is; left out", flush=True)
        self.tests = [test for test, passed in zip(self.tests, good) if passed]

    def drawn(self, seed, changed):
        """All of them in the order of the draw: those that are none make room for the next."""
        found = [mutant for path in sorted(glob.glob(f"userspace/{self.name}/**/*.c", recursive=True))
                 for mutant in candidates.mutants_of(path)]
        if changed is not None:
            found = [mutant for mutant in found if mutant.line in changed.get(mutant.file, ())]
        equivalent = known()
        found = [mutant for mutant in found
                 if (mutant.file, *lines_of(mutant, read(mutant.file))) not in equivalent]
        random.Random(f"{seed} {self.name}").shuffle(found)
        return found

    def one(self, mutant):
        tree = self.trees.get()
        try:
            return mutant, tree.judge(mutant, self.tests)
        finally:
            self.trees.put(tree)

    def count(self, mutant, verdict):
        if verdict == "none":
            return
        before, after = lines_of(mutant, read(mutant.file))
        if verdict == "survived":
            self.survived.append(mutant)
            print(f"SURVIVED {mutant.file}:{mutant.line}: {mutant.operator}\n  - {before}\n  + {after}", flush=True)
        else:
            self.killed += 1
            if os.environ.get("V"):
                print(f"{verdict}: {mutant.file}:{mutant.line}: {mutant.operator}\n  + {after}", flush=True)

    def go(self, count, seed, changed):
        waiting = self.drawn(seed, changed)
        if waiting:
            self.prepare()
        with concurrent.futures.ThreadPoolExecutor(self.trees.qsize()) as pool:
            while waiting and self.total() < count:
                part, waiting = waiting[:count - self.total()], waiting[count - self.total():]
                for result in pool.map(self.one, part):
                    self.count(*result)
        print(f"{self.name}: {self.killed} of {self.total()} noticed, {self.rate():.0f}%", flush=True)

    def total(self):
        return self.killed + len(self.survived)

    def rate(self):
        return 100 * self.killed / self.total() if self.total() else 100


def main():
    layers = (os.environ.get("LAYER") or "").split() or \
        [name for name in sorted(os.listdir("userspace")) if glob.glob(f"tests/unit/{name}/test_*.c")]
    seed = os.environ.get("SEED") or datetime.date.today().isoformat()
    count = int(os.environ.get("COUNT") or 10)
    changed = changed_lines() if os.environ.get("CHANGED") else None
    jobs = int(os.environ.get("JOBS") or os.cpu_count())
    print(f"# SEED={seed} COUNT={count} LAYER='{' '.join(layers)}'", flush=True)
    if os.environ.get("FRESH"):
        shutil.rmtree(OUT, ignore_errors=True)
    trees = queue.Queue()
    for number in range(jobs):
        trees.put(Tree(number))
    results = [Layer(name, trees) for name in layers]
    for layer in results:
        layer.go(count, seed, changed)
    killed, total = sum(layer.killed for layer in results), sum(layer.total() for layer in results)
    print(f"mutants: {killed} of {total} noticed, {100 * killed / max(1, total):.0f}%")
    low = [layer.name for layer in results if layer.rate() < float(os.environ.get("KILLED_MIN") or 0)]
    if low:
        sys.exit(f"below KILLED_MIN: {' '.join(low)}")


main()
