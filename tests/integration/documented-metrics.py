#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds scrapes of /metrics (files) against docs/metrics.md: each sample is of a metric there, of its
type, has the labels that stand there, and, where their values are listed, one of these. Names of
documented metrics that no scrape has are an error, too."""

import pathlib
import re
import sys

document = pathlib.Path(__file__).parents[2].joinpath("docs/metrics.md").read_text()


def words(text):
    return re.findall("`([^`]*)`", text)


def documented():
    """name -> (type, {label: values, or None where they are described})"""
    metrics, losses = {}, set()
    for line in document.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.match(r"\| `\w+` \| (counter|gauge|histogram) ", line):
            labels = {}
            for part in filter(None, cells[2].split("<br>")):
                label, values = re.match("`([^`]*)`: *(.*)", part).groups()
                listed = re.fullmatch("(`[^`]*` ?)+", values)
                labels[label] = set(words(values)) if listed else None
            metrics[words(cells[0])[0]] = (cells[1], labels)
        elif line.startswith("| `") and len(cells) == 4:
            losses.add((words(cells[0])[0], words(cells[1])[0]))
    metrics["dovetap_events_lost_total"] = ("counter", losses)
    return metrics


def wrong(name, labels, kind, metrics):
    """What is not as documented of a sample, or None."""
    if name not in metrics:
        return "is in no document"
    want_kind, want = metrics[name]
    if kind != want_kind:
        return f"is a {kind}, documented as {want_kind}"
    if isinstance(want, set):
        return None if (labels["stage"], labels["reason"]) in want else "has no such loss"
    if set(labels) != set(want):
        return f"has the labels {sorted(labels)}, documented are {sorted(want)}"
    for label, value in labels.items():
        if want[label] is not None and value not in want[label]:
            return f"has no {label} {value}"
    return None


metrics, seen, bad = documented(), set(), 0
for path in sys.argv[1:]:
    kinds = {}
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith("# TYPE "):
            kinds[line.split()[2]] = line.split()[3]
        if line.startswith("#") or not line:
            continue
        name, _, rest = re.match(r"(\w+)(\{(.*)\})? ", line).groups()
        labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', rest or ""))
        base = re.sub("_(bucket|sum|count)$", "", name)
        if kinds.get(base) == "histogram":
            if (name == base + "_bucket") != (labels.pop("le", None) is not None):
                base = name
            name = base
        why = wrong(name, labels, kinds.get(name), metrics)
        seen.add(name)
        if why:
            print(f"{line}: {why}")
            bad += 1
for name in sorted(set(metrics) - seen):
    print(f"{name} is documented, and in no scrape")
    bad += 1
sys.exit(1 if bad or not seen else 0)
