#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Adds up the counters of "dovetap status --json" (standard input) and prints the equations.

Exit status 1 when what came into a stage is not what is known to have become of it. The last one,
from the kernel to the collector, holds while nothing waits in the ring.
"""

import json
import sys

status = json.load(sys.stdin)


def total(metric, **labels):
    """Sum of the samples that have these labels."""
    return sum(int(sample["value"]) for sample in status[metric]
               if all(sample[name] in (value if isinstance(value, list) else [value])
                      for name, value in labels.items()))


def dict_equation(name):
    """One dict: what it was given, and where that is."""
    came = total("dovetap_dict_submitted_total", dict=name)
    found = total("dovetap_dict_spool_records_total", dict=name, way="found")
    known = total("dovetap_dict_records_total", dict=name,
                  outcome=["stored", "unchanged", "superseded", "refused", "memory",
                           "nomem", "damaged", "collector_killed",
                           "killed_while_writing", "again"])
    external = total("dovetap_dict_spool_records_total", dict=name, way="external")
    coalesced = total("dovetap_logins_coalesced_total", dict=name)
    waiting = sum(total(f"dovetap_dict_{where}_records", dict=name)
                  for where in ("pending", "spooled", "held"))
    return came + found, known + coalesced + external + waiting


def equations():
    seen = total("dovetap_probe_seen_total")
    yield "something was seen", seen > 0, True
    yield "hits = results", seen, total("dovetap_probe_hits_total")
    yield "hits = hits on all CPUs", seen, total("dovetap_cpu_hits_total", result="seen")
    yield ("results = results on all CPUs", total("dovetap_probe_hits_total"),
           total("dovetap_cpu_hits_total", result=["recorded", "lost", "left_out"]))
    events = total("dovetap_events_total")
    records = ["dovetap_logins_total", "dovetap_other_records_total"]
    refused = total("dovetap_records_judged_total",
                    verdict=["unrelated", "user_master", "other_user", "unproved"])
    yield ("events = filtered + undecodable + not believed", events,
           sum(map(total, records)) + total("dovetap_events_lost_total", stage="decode") + refused)
    yield ("passed = joined + waiting", sum(total(name, result="passed") for name in records),
           total("dovetap_login_events_total") + total("dovetap_join_waiting") +
           total("dovetap_join_cut_off_total") +
           total("dovetap_layout_waiting") + total("dovetap_events_lost_total", stage="proof"))
    yield ("logins = recorded + unrecorded", total("dovetap_login_events_total", kind="login"),
           total("dovetap_logins_recorded_total") + total("dovetap_logins_unrecorded_total"))
    yield ("due = handed on + lost", total("dovetap_records_due_total"),
           total("dovetap_records_submitted_total") +
           total("dovetap_events_lost_total", stage="key"))
    for sample in status["dovetap_dict_up"]:
        name = sample["dict"]
        yield f"dict {name}: submitted + found = done + waiting", *dict_equation(name)
        yield (f"dict {name}: stored = in the histogram",
               total("dovetap_dict_records_total", dict=name, outcome="stored"),
               sum(sample["count"] for sample in status["dovetap_dict_store_latency_seconds"]
                   if sample["dict"] == name))
    yield ("lost by dicts = lost by stages", total("dovetap_dict_lost_total"),
           total("dovetap_events_lost_total", stage=["dict", "spool"]))
    yield ("dovetap's own difference = 0", total("dovetap_events_unexplained"), 0)
    yield ("records = events - those taken again",
           total("dovetap_cpu_hits_total", result="recorded"),
           events - total("dovetap_events_again_total"))


wrong = 0
for text, left, right in equations():
    wrong += left != right
    print(f"{text}: {left} = {right}{'' if left == right else '   NOT SO'}")
sys.exit(1 if wrong else 0)
