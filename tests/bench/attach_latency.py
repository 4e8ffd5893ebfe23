#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""attach_latency.py DOVETAP DIRECTORY STARTS LIMIT_MS: see bench_attach.sh. DIRECTORY/image is what each
container is a copy of. Exit status 1 when half of the starts take longer than the limit."""
import os
import re
import shutil
import subprocess
import sys
import threading
import time

dovetap, directory, starts, limit_ms = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
attached, ready = {}, threading.Event()


def read_log(stream):
    for line in stream:
        now = time.monotonic()
        found = re.search(r"/proc/(\d+)/root/.*: attached to hook_mail_user_created", line)
        if found:
            attached[int(found[1])] = now
        elif "ready:" in line:
            ready.set()


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_of_search(pid):
    children = subprocess.run(["pgrep", "--parent", str(pid), "-x", "dovetap-search"], check=True,
                              capture_output=True, text=True).stdout.split()
    return sum(map(cpu_s, [pid, *children]))


def spawn_many(count):
    begin = time.monotonic()
    for _ in range(count):
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    return (time.monotonic() - begin) / count * 1e6


def start(number):
    root = f"{directory}/root-{number}"
    shutil.copytree(f"{directory}/image", root, symlinks=True)
    begin = time.monotonic()
    process = subprocess.Popen(["unshare", "--mount", f"--root={root}", "/usr/sbin/dovecot"])
    for _ in range(5000):
        if process.pid in attached:
            break
        time.sleep(0.001)
    process.kill()
    process.wait()
    shutil.rmtree(root)
    return (attached.get(process.pid, begin + 9.999) - begin) * 1000


alone_us = spawn_many(1000)
with subprocess.Popen([dovetap, "run", "--state-dir", f"{directory}/state", "--control", f"{directory}/state/control",
                       "--dict", f"sqlite:path={directory}/state/db"], stdin=subprocess.DEVNULL,
                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
    threading.Thread(target=read_log, args=(run.stderr,), daemon=True).start()
    if not ready.wait(60):
        sys.exit("dovetap is not ready")
    took = sorted(start(number) for number in range(starts))
    before = cpu_of_search(run.pid)
    beside_us = spawn_many(1000)
    cost_us = (cpu_of_search(run.pid) - before) * 1e6 / 1000
    run.terminate()
print(f"first exec to attached: median {took[len(took) // 2]:.1f} ms, 95 % {took[len(took) * 95 // 100]:.1f} ms, "
      f"longest {took[-1]:.1f} ms, {starts} starts (limit {limit_ms:.0f} ms)")
print(f"another program's start: {beside_us:.0f} us beside dovetap, {alone_us:.0f} us without; "
      f"{cost_us:.1f} us of dovetap's CPU for each")
sys.exit(took[len(took) // 2] > limit_ms)
