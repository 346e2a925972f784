# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes manifests hold together: names that one object says of another exist, selectors select, every container is
confined, nothing secret stands in them, and kustomize builds them where it is installed."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import ROOT, check, directory, finish

try:
    import yaml
except ImportError:
    print("SKIPPED: manifests are NOT tested: python3-yaml is not installed")
    sys.exit(0)

BASE = os.path.join(ROOT, "deploy", "kubernetes")
CAPTURE = os.path.join(BASE, "capture")
ENROL = os.path.join(BASE, "enrol")
PATCH = "agent.yaml"  # what the component gives to every agent

# Fields of the API (v1, apps/v1, networking.k8s.io/v1) as far as these files use them: a word that is not here is a typing
# error, which the API server would drop in silence.
FIELDS = {
    "pod": "serviceAccountName automountServiceAccountToken enableServiceLinks terminationGracePeriodSeconds nodeSelector "
           "securityContext initContainers containers volumes hostNetwork dnsPolicy",
    "pod.securityContext": "runAsNonRoot runAsUser runAsGroup fsGroup fsGroupChangePolicy seccompProfile",
    "container": "name image imagePullPolicy args env ports securityContext resources startupProbe readinessProbe "
                 "livenessProbe volumeMounts",
    "container.securityContext": "runAsUser runAsGroup runAsNonRoot privileged allowPrivilegeEscalation "
                                 "readOnlyRootFilesystem capabilities",
    "probe": "exec periodSeconds timeoutSeconds failureThreshold",
    "mount": "name mountPath subPathExpr readOnly",
    "volume": "name configMap secret projected hostPath emptyDir",
    "DaemonSet": "selector updateStrategy template",
    "StatefulSet": "replicas serviceName selector template volumeClaimTemplates",
    "Service": "type selector ports",
    "NetworkPolicy": "podSelector policyTypes ingress egress",
}
VERSIONS = {"Namespace": "v1", "ServiceAccount": "v1", "Service": "v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1",
            "NetworkPolicy": "networking.k8s.io/v1"}


class Strict(yaml.SafeLoader):
    """A key given twice is an error, as in the API server's strict mode."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(k) for k, _ in node.value]
        check(len(keys) == len(set(keys)), f"a key is given twice: {keys}")
        return super().construct_mapping(node, deep)


def load(path):
    with open(path, encoding="utf-8") as f:
        return [d for d in yaml.load_all(f, Loader=Strict) if d]


def known(thing, kind, where):
    extra = set(thing) - set(FIELDS[kind].split())
    check(not extra, f"{where}: {sorted(extra)} are no fields of {kind}")


def kustomizations():
    """{(namespace, name)} of the ConfigMaps that are generated, and the objects; every file beside is listed."""
    maps, objects = set(), []
    for directory_name in (BASE, CAPTURE, ENROL):
        k = load(os.path.join(directory_name, "kustomization.yaml"))[0]
        here = {f for f in os.listdir(directory_name) if f.endswith(".yaml")} - {"kustomization.yaml", PATCH}
        check(set(k["resources"]) == here, f"{directory_name}: resources {k['resources']}, files {sorted(here)}")
        for name in k["resources"]:
            objects += load(os.path.join(directory_name, name))
        for g in k["configMapGenerator"]:
            maps.add((g["namespace"], g["name"]))
            for f in g["files"]:
                check(os.path.isfile(os.path.join(directory_name, f)), f"{directory_name}: {f} is not there")
    return maps, objects


def enrolment(objects):
    """The patch of the component, as kustomize merges it by names: into each agent, whose volumes it may say more of."""
    patch = load(os.path.join(ENROL, PATCH))[0]
    more = patch["spec"]["template"]["spec"]
    check(set(patch["spec"]) == {"template"} and set(more) == {"initContainers", "volumes"}, f"the patch says {sorted(more)}")
    for o in objects:
        if o["kind"] != "DaemonSet":
            continue
        spec = o["spec"]["template"]["spec"]
        spec["initContainers"] = more["initContainers"]
        here = {v["name"]: v for v in spec["volumes"]}
        for v in more["volumes"]:
            if v["name"] in here:
                check(set(v) == {"name", "hostPath"}, f"{o['metadata']['name']}: volume {v}")
                here[v["name"]]["hostPath"].update(v["hostPath"])
            else:
                spec["volumes"].append(v)


def container(c, volumes, where):
    """The volumes that it mounts."""
    known(c, "container", where)
    security = c["securityContext"]
    known(security, "container.securityContext", where)
    check(security.get("allowPrivilegeEscalation") is False, f"{where}: may gain rights")
    check(security.get("readOnlyRootFilesystem") is True, f"{where}: writable root")
    check(not security.get("privileged"), f"{where}: privileged")
    check(security["capabilities"].get("drop") == ["ALL"], f"{where}: keeps rights")
    check("@sha256:" in c["image"], f"{where}: image without digest")
    for kind in ("requests", "limits"):
        check({"cpu", "memory"} <= set(c["resources"][kind]), f"{where}: no {kind}")
    probes = ("startupProbe", "readinessProbe") + (("livenessProbe",) if "livenessProbe" in c else ())
    for probe in () if ": before " in where else probes:
        known(c[probe], "probe", f"{where} {probe}")
        check(c[probe]["exec"]["command"][0].startswith("/usr/sbin/vigil-"), f"{where}: {probe} is not the program itself")
    for e in c.get("env", []):
        check("value" not in e, f"{where}: a literal in the environment: {e['name']}")
    names = {e["name"] for e in c.get("env", [])}
    for m in c["volumeMounts"]:
        known(m, "mount", where)
        check(m["name"] in volumes, f"{where}: volume {m['name']} is not there")
        if "$(" in m.get("subPathExpr", ""):
            check(m["subPathExpr"].split("$(")[1].split(")")[0] in names, f"{where}: {m['subPathExpr']}")
        host = volumes.get(m["name"], {}).get("hostPath")
        if host and not host["path"].startswith("/var/lib/vigil5g/"):
            check(m.get("readOnly") is True, f"{where}: {host['path']} of the node is writable")
    paths = [m["mountPath"] for m in c["volumeMounts"]]
    for p in paths:
        # No place for it can be made in a volume that is read-only: the container would not start.
        check(not any(p != q and p.startswith(q + "/") for q in paths), f"{where}: {p} lies in another mount")
    return {m["name"] for m in c["volumeMounts"]}


def pod(workload, namespace, maps, accounts):
    where = f"{workload['kind']} {workload['metadata']['name']}"
    spec = workload["spec"]["template"]["spec"]
    known(workload["spec"], workload["kind"], where)
    known(spec, "pod", where)
    known(spec["securityContext"], "pod.securityContext", where)
    labels = workload["spec"]["template"]["metadata"]["labels"]
    check(workload["spec"]["selector"]["matchLabels"].items() <= labels.items(), f"{where}: selects other pods")
    check((namespace, spec["serviceAccountName"]) in accounts, f"{where}: no such account")
    check(spec["automountServiceAccountToken"] is False, f"{where}: has a token of the API server")
    check(spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, f"{where}: seccomp")
    volumes = {v["name"]: v for v in spec["volumes"]}
    for v in spec["volumes"]:
        known(v, "volume", where)
        if "configMap" in v:
            check((namespace, v["configMap"]["name"]) in maps, f"{where}: ConfigMap {v['configMap']['name']} is not made")
        for s in v.get("projected", {}).get("sources", []):
            token = s["serviceAccountToken"]
            check(token["audience"] == "vigil5g-enrol" and token["expirationSeconds"] <= 600, f"{where}: token {token}")
    for t in workload["spec"].get("volumeClaimTemplates", []):
        volumes[t["metadata"]["name"]] = t
    check(len(spec["containers"]) == 1, f"{where}: more than one container")
    used = container(spec["containers"][0], volumes, where)
    tokens = {v["name"] for v in spec["volumes"] if "projected" in v}
    check(not used & tokens, f"{where}: the agent itself sees its token")
    for c in spec.get("initContainers", []):
        check(not c["securityContext"]["capabilities"].get("add"), f"{where}: {c['name']} has a right")
        used |= container(c, volumes, f"{where}: before {c['name']}")
    check(set(volumes) == used, f"{where}: a volume is not used")
    return spec, labels


def policies(objects, pods):
    """Every namespace denies by default, and what is allowed is about pods that exist."""
    rules = [o for o in objects if o["kind"] == "NetworkPolicy"]
    for namespace in ("vigil5g", "vigil5g-agents"):
        check(any(o["metadata"]["namespace"] == namespace and o["spec"]["podSelector"] == {}
                  and o["spec"]["policyTypes"] == ["Ingress", "Egress"] and len(o["spec"]) == 2 for o in rules),
              f"{namespace} does not deny by default")
    for o in rules:
        where = f"NetworkPolicy {o['metadata']['name']}"
        known(o["spec"], "NetworkPolicy", where)
        namespace, wanted = o["metadata"]["namespace"], o["spec"]["podSelector"].get("matchLabels", {})
        check(any(n == namespace and wanted.items() <= labels.items() for n, labels in pods), f"{where} selects nothing")
        check(not ({"ingress", "egress"} & set(o["spec"]))
              or set(o["spec"]["policyTypes"]) == {k.capitalize() for k in ("ingress", "egress") if k in o["spec"]},
              f"{where}: policyTypes {o['spec']['policyTypes']}")
        for rule in o["spec"].get("ingress", []) + o["spec"].get("egress", []):
            check(rule.get("ports"), f"{where}: every port")
            for peer in rule.get("from", []) + rule.get("to", []):
                if "ipBlock" in peer:
                    check(not peer["ipBlock"]["cidr"].endswith("/0"), f"{where}: everybody")
                    continue
                their = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
                labels = peer["podSelector"]["matchLabels"]
                check(their == "kube-system" or any(n == their and labels.items() <= have.items() for n, have in pods),
                      f"{where}: no pod has {labels} in {their}")


def main():
    maps, objects = kustomizations()
    enrolment(objects)
    accounts = {(o["metadata"]["namespace"], o["metadata"]["name"]) for o in objects if o["kind"] == "ServiceAccount"}
    namespaces = {o["metadata"]["name"]: o for o in objects if o["kind"] == "Namespace"}
    pods, specs, ports = [], {}, {}
    for o in objects:
        kind, meta = o["kind"], o["metadata"]
        check(o["apiVersion"] == VERSIONS.get(kind), f"{kind} {meta['name']}: {o['apiVersion']}")
        if kind == "Namespace":
            check(set(o["metadata"]["labels"]) >= {"pod-security.kubernetes.io/" + m for m in ("enforce", "warn", "audit")},
                  f"{meta['name']}: no level of pod security")
            continue
        check(meta.get("namespace") in namespaces, f"{kind} {meta['name']}: namespace {meta.get('namespace')}")
        if kind == "ServiceAccount":
            check(o["automountServiceAccountToken"] is False, f"account {meta['name']} has a token")
        if kind in ("StatefulSet", "DaemonSet"):
            spec, labels = pod(o, meta["namespace"], maps, accounts)
            pods.append((meta["namespace"], labels))
            specs[meta["name"]] = spec
            ports.update({p["name"]: p["containerPort"] for p in spec["containers"][0].get("ports", [])})
    for o in objects:
        if o["kind"] == "Service":
            known(o["spec"], "Service", o["metadata"]["name"])
            check(o["spec"]["type"] == "ClusterIP", f"Service {o['metadata']['name']} is open to the outside")
            check(any(n == o["metadata"]["namespace"] and o["spec"]["selector"].items() <= labels.items()
                      for n, labels in pods), f"Service {o['metadata']['name']} has no pod")
            for p in o["spec"]["ports"]:
                check(ports.get(p["targetPort"]) == p["port"] == {"netconf-ch-tls": 4335, "cmp": 4336}[p["name"]], f"Service port {p}")
    policies(objects, pods)

    check(set(specs) == {"vigil-collector", "vigil-enrol", "vigil-gather", "vigil-capture"}, f"workloads {sorted(specs)}")
    collector, enrol, gather, capture = (specs["vigil-" + n] for n in ("collector", "enrol", "gather", "capture"))
    # Rights are apart: who reads files and processes hears no packets, and the other way round.
    added = {n: s["containers"][0]["securityContext"]["capabilities"].get("add", []) for n, s in specs.items()}
    check(added == {"vigil-collector": [], "vigil-enrol": [], "vigil-gather": ["DAC_READ_SEARCH", "SYS_PTRACE"], "vigil-capture": ["NET_RAW"]},
          f"rights {added}")
    check(not gather.get("hostNetwork") and capture.get("hostNetwork"), "the network of the node")
    host = {n: [v["hostPath"]["path"] for v in s["volumes"] if "hostPath" in v] for n, s in specs.items()}
    check(host["vigil-collector"] == host["vigil-enrol"] == [], f"mounts of the node: {host}")
    secrets = [(n, v["secret"]["secretName"]) for n, s in specs.items() for v in s["volumes"] if "secret" in v]
    check(sorted(secrets) == [("vigil-collector", "vigil-collector-tls"), ("vigil-enrol", "vigil-enrol-ca")], f"secrets {secrets}")
    check(all(p.startswith("/var/lib/vigil5g/") for p in host["vigil-capture"]), f"capture mounts {host['vigil-capture']}")
    check(not set(host["vigil-capture"]) & set(host["vigil-gather"]), "two agents share a directory or a key")
    check(all(s["securityContext"]["runAsNonRoot"] is True for s in (collector, enrol)), "the collector or the authority is root")
    # Who may enrol is who runs here, and who asks is told the right place.
    config = load(os.path.join(ENROL, "config", "enrol.yaml"))[0]["kubernetes"]
    named = {(a["namespace"], a["service-account"]) for a in config["accounts"]}
    check(named == {("vigil5g-agents", specs[n]["serviceAccountName"]) for n in ("vigil-gather", "vigil-capture")}, f"enrol: {named}")
    asks = gather["initContainers"][0]["args"]
    check(asks[1] == "http://vigil-enrol.vigil5g.svc:4336" and "--if-due" in asks, f"who enrols: {asks}")
    # "restricted" admits the collector, and what it refuses is in the other namespace.
    level = "pod-security.kubernetes.io/enforce"
    check(namespaces["vigil5g"]["metadata"]["labels"][level] == "restricted", "level of the collector's namespace")
    check(not any(o["kind"] in ("Secret", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding") for o in objects),
          "a secret or a right in the manifests")

    if not shutil.which("kubectl"):
        print("SKIPPED: kustomize is NOT tested: kubectl is not installed")
        finish()
    with directory() as d:
        copy = os.path.join(d, "kubernetes")
        shutil.copytree(BASE, copy)
        path = os.path.join(copy, "kustomization.yaml")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        # As its comments say: capture taken in, images named.
        text = text.replace("components: []\n#  - capture\n#  - enrol", "components:\n  - capture\n  - enrol").replace("#images:", "images:")
        text = text.replace("#  - {name", "  - {name").replace("sha256:...", "sha256:" + "1" * 64)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        p = subprocess.run(["kubectl", "kustomize", copy], capture_output=True, text=True, timeout=60, check=False)
        if check(p.returncode == 0, f"kustomize: {p.stderr[-400:]}"):
            out = [o for o in yaml.load_all(p.stdout, Loader=Strict) if o]
            check(len(out) == len(objects) + len(maps), f"{len(out)} objects")
            made = {o["metadata"]["name"]: o["spec"]["template"]["spec"] for o in out if o["kind"] == "DaemonSet"}
            for name, spec in made.items():
                check([c["name"] for c in spec["initContainers"]] == ["enrol"], f"kustomize: {name} does not enrol")
                own = {v["name"]: v for v in spec["volumes"]}
                check(own["identity"]["hostPath"] == {"path": f"/var/lib/vigil5g/identity/{name[6:]}", "type": "DirectoryOrCreate"},
                      f"kustomize: {own['identity']}")
                check(own["site"]["configMap"]["name"].startswith("vigil-site-"), f"kustomize: {own['site']}")
            check("@sha256:" + "0" * 64 not in p.stdout and "YOUR.REGISTRY/vigil5g/agent@sha256:111" in p.stdout, "images")
    finish()


main()
