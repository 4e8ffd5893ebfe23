#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pod.py MANIFESTS QUESTION: what the manifests give dovetap's container (see answers), or "pod":
them as podman takes them, with one pod of the DaemonSet's template, on node "node-7"."""
import base64
import sys

import yaml

documents = list(yaml.safe_load_all(open(sys.argv[1], encoding="utf-8")))
kinds = {document["kind"]: document for document in documents}
pod = kinds["DaemonSet"]["spec"]["template"]["spec"]
container = pod["containers"][0]
mounts = {mount["name"] for mount in container["volumeMounts"]}
configs = [volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume]


def as_pod():
    """What a cluster adds to a template: the node's name, and a secret that somebody has made."""
    for variable in container["env"]:
        assert variable.pop("valueFrom") == {"fieldRef": {"fieldPath": "spec.nodeName"}}
        variable["value"] = "node-7"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "dovetap-secrets"},
              "data": {"password": base64.b64encode(b"hunter2").decode()}}
    return yaml.safe_dump_all([secret, kinds["ConfigMap"], {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "dovetap"}, "spec": pod}])


answers = {
    "capabilities": lambda: " ".join(container["securityContext"]["capabilities"]["add"]),
    "config": lambda: kinds["ConfigMap"]["data"]["dovetap.conf"],
    "rights": lambda: "{} {} {} {}".format(
        pod["hostPID"], container["securityContext"]["readOnlyRootFilesystem"],
        pod["securityContext"]["seccompProfile"]["type"],
        container["securityContext"]["capabilities"]["drop"]),
    "pod": as_pod,
    "ready": lambda: " ".join(container["readinessProbe"]["exec"]["command"]),
    "live": lambda: " ".join(container["livenessProbe"]["exec"]["command"]),
    "volumes": lambda: "volumes without a mount: {}; config {}".format(
        sorted({volume["name"] for volume in pod["volumes"]} - mounts),
        configs == [kinds["ConfigMap"]["metadata"]["name"]]),
}
print(answers[sys.argv[2]]())
