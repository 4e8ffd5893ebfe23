#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pod.py MANIFESTS QUESTION: what the manifests give dovetap's container (see answers)."""
import sys

import yaml

documents = list(yaml.safe_load_all(open(sys.argv[1], encoding="utf-8")))
kinds = {document["kind"]: document for document in documents}
pod = kinds["DaemonSet"]["spec"]["template"]["spec"]
container = pod["containers"][0]
mounts = {mount["name"] for mount in container["volumeMounts"]}
configs = [volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume]

annotations = kinds["DaemonSet"]["spec"]["template"]["metadata"].get("annotations", {})

answers = {
    "apparmor": lambda: annotations["container.apparmor.security.beta.kubernetes.io/dovetap"],
    "selinux": lambda: pod["securityContext"]["seLinuxOptions"]["type"],
    "capabilities": lambda: " ".join(container["securityContext"]["capabilities"]["add"]),
    "config": lambda: kinds["ConfigMap"]["data"]["dovetap.conf"],
    "rights": lambda: "{} {} {} {}".format(
        pod["hostPID"], container["securityContext"]["readOnlyRootFilesystem"],
        pod["securityContext"]["seccompProfile"]["type"],
        container["securityContext"]["capabilities"]["drop"]),
    "ready": lambda: " ".join(container["readinessProbe"]["exec"]["command"]),
    "live": lambda: " ".join(container["livenessProbe"]["exec"]["command"]),
    "volumes": lambda: "volumes without a mount: {}; config {}".format(
        sorted({volume["name"] for volume in pod["volumes"]} - mounts),
        configs == [kinds["ConfigMap"]["metadata"]["name"]]),
}
print(answers[sys.argv[2]]())
