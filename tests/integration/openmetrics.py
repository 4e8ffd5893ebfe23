#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads a scrape in OpenMetrics and one in Prometheus' text (files, in this order) with the parsers of
Prometheus' own client library: both must be valid and have the same series; what is in seconds or bytes
has that unit; a histogram's buckets only grow. Fails for fewer than a hundred series."""

import pathlib
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser


def series(families):
    return {(s.name, tuple(sorted(s.labels.items()))) for f in families for s in f.samples}


def wrong_unit(family):
    unit = family.name.rsplit("_", 1)[-1]
    return family.unit != (unit if unit in ("seconds", "bytes") else "")


def shrinking(family):
    last = {}
    for sample in family.samples:
        if not sample.name.endswith("_bucket"):
            continue
        of = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
        if sample.value < last.get(of, 0):
            return True
        last[of] = sample.value
    return family.type == "histogram" and not last


openmetrics, text = (pathlib.Path(path).read_text() for path in sys.argv[1:])
families = list(openmetrics_parser.text_string_to_metric_families(openmetrics))
problems = [f"{f.name}: unit '{f.unit}'" for f in families if wrong_unit(f)]
problems += [f"{f.name}: buckets" for f in families if shrinking(f)]
ours, theirs = series(families), series(parser.text_string_to_metric_families(text))
problems += [f"only in one of them: {s}" for s in sorted(ours ^ theirs)]
if not openmetrics.endswith("\n# EOF\n") or "# EOF" in text:
    problems.append("the end is not where it should be")
if len(ours) < 100:
    problems.append(f"{len(ours)} series")
print("\n".join(problems))
sys.exit(1 if problems else 0)
