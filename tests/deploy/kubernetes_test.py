#!/usr/bin/env python3
"""kubernetes_test.py PACKAGES CACHE: the chart and the manifests of deploy/kubernetes.

They are checked with Kubernetes' own types, applied to an API server with Kubernetes' own controllers, and their pods
run under podman on the image made of the packages. CACHE keeps the programs that are compiled from Go modules.
"""

import json
import pathlib
import shutil
import sys
import tempfile

import control_plane
import pods_under_podman
import report
from control_plane import is_ready
from report import expect, run, wait_for

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CHART = SOURCE / "deploy/kubernetes/chart/weir"
MANIFESTS = SOURCE / "deploy/kubernetes/manifests"
VALUES = sorted((SOURCE / "tests/deploy/kubernetes/values").glob("*.yaml"))
KUBERNETES = ("1.26.0", "1.33.0")

# What is set, and what the refusal has to say.
WRONG_VALUES = (
    ("taskmanager.replicas=-1", "/taskmanager/replicas"),
    ("taskmanager.replica=3", "'replica' not allowed"),
    ("taskmanager.resources.limits.memory=2 GB", "/taskmanager/resources/limits/memory"),
    ("taskmanager.podDisruptionBudget.maxUnavailable=0", "/taskmanager/podDisruptionBudget/maxUnavailable"),
    ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
    ("podSecurityContext.runAsUser=0", "/podSecurityContext/runAsUser"),
    ("log.level=loud", "/log/level"),
    ("configuration.Rest=1", "'Rest' does not match pattern"),
    ("configuration.rest\\.port=8082", "'rest.port' is set by the chart"),
    ("checkpoints.accessModes={ReadWriteOncePod}", "ReadWriteOncePod lets one pod in"),
    ("ingress.enabled=true", "ingress.enabled needs ingress.host"),
    ("taskmanager.slots=2,existingConfigMap=mine", "taskmanager.slots has no effect with existingConfigMap"),
    ("fullnameOverride=a-name-of-thirty-seven-characters-lon", "/fullnameOverride"),
)


def manifests_are_objects():
    try:
        import yaml  # pylint: disable=import-outside-toplevel
    except ImportError as missing:
        raise report.Skip("python3-yaml is not installed") from missing
    for manifest in sorted(MANIFESTS.iterdir()):
        names = []
        for document in yaml.safe_load_all(manifest.read_text()):
            if document is not None:
                names.append((document["apiVersion"], document["kind"], document["metadata"]["name"]))
        expect(names and len(set(names)) == len(names), f"{manifest}: objects {names}")


class ChartTest:
    def __init__(self, tools, folder):
        self.tools = tools
        self.folder = folder

    def render(self, *options):
        return run(self.tools / "helm", "template", "weir", CHART, "--namespace", "weir", *options)

    def is_what_the_manifests_say(self):
        run(SOURCE / "deploy/kubernetes/generate.sh", self.folder, env={"PATH": "/usr/bin:/bin", "HELM": str(
            self.tools / "helm"), "HOME": str(self.folder)})
        for manifest in sorted(MANIFESTS.iterdir()):
            expect(manifest.read_text() == (self.folder / manifest.name).read_text(),
                   f"{manifest} is not what the chart renders: run deploy/kubernetes/generate.sh")

    def is_clean(self):
        run(self.tools / "helm", "lint", "--strict", CHART)
        for values in VALUES:
            run(self.tools / "helm", "lint", "--strict", CHART, "--values", values)

    def makes_what_kubernetes_knows(self):
        """Strictly by its types, and restricted pods."""
        for values in ((), *(("--values", values) for values in VALUES)):
            for version in KUBERNETES:
                objects = self.folder / "rendered.yaml"
                objects.write_text(self.render(*values, "--kube-version", version))
                with objects.open() as text:
                    run(self.tools / "validate", stdin=text)

    def validator_finds_faults(self):
        """What is wrong with an object is seen: an unknown field, a wrong type, a pod that may do too much."""
        right = (MANIFESTS / "weir.yaml").read_text()
        for old, new, words in (("serviceName:", "serviceNam:", 'unknown field "spec.serviceNam"'),
                                ("replicas: 1", "replicas: one", "cannot unmarshal string"),
                                ("runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"),
                                ("drop: [ALL]", "drop: []", "unrestricted capabilities")):
            expect(old in right, f"the manifest has no '{old}'")
            wrong = self.folder / "wrong.yaml"
            wrong.write_text(right.replace(old, new))
            try:
                with wrong.open() as text:
                    run(self.tools / "validate", stdin=text)
            except report.Failure as failure:
                expect(words in str(failure), f"'{words}' is not in {failure}")
            else:
                raise report.Failure(f"nobody notices '{new}'")

    def refuses_wrong_values(self):
        for setting, words in WRONG_VALUES:
            try:
                self.render("--kube-version", KUBERNETES[0], "--set", setting)
            except report.Failure as failure:
                expect(words in str(failure), f"{setting}: '{words}' is not in {failure}")
            else:
                raise report.Failure(f"{setting} is taken")


class ClusterTest:
    """On an API server. The namespace enforces the standard `restricted`: a pod that breaks it never appears."""

    def __init__(self, tools, folder):
        self.plane = control_plane.ControlPlane(tools, folder)
        self.namespace = "weir"

    def start(self):
        self.plane.start()
        self.plane.make_namespace(self.namespace)

    def pods(self, component="taskmanager"):
        return self.plane.pods(self.namespace, component)

    def serve_until(self, what, done, watch=lambda pods: None):
        """Plays the nodes: what is not ready gets ready, one pod a look, until `done` says so of all pods."""
        def look():
            pods = self.pods()
            watch(pods)
            waiting = [pod for pod in (*pods, *self.pods("jobmanager")) if not is_ready(pod)]
            for pod in waiting[:1]:
                self.plane.make_ready(self.namespace, pod)
            return not waiting and done(pods)
        wait_for(what, look, 120)

    def count(self, number):
        return lambda pods: len(pods) == number

    def upgrade(self, *options):
        self.plane.helm("upgrade", "--install", "weir", CHART, "--namespace", self.namespace, "--set",
                        "taskmanager.minReadySeconds=0", *options)

    def installs(self):
        self.upgrade()
        self.serve_until("two TaskManagers", self.count(2))
        expect(len(self.pods("jobmanager")) == 1, "no JobManager")
        self.plane.kubectl("-n", self.namespace, "rollout", "status", "statefulset/weir-jobmanager", "--timeout=60s")
        for pod in (*self.pods(), *self.pods("jobmanager")):
            mounts = [mount["mountPath"] for mount in pod["spec"]["containers"][0]["volumeMounts"]]
            expect(not any("serviceaccount" in mount for mount in mounts), f"a token is mounted: {mounts}")

    def account_has_no_rights(self):
        account = f"--as=system:serviceaccount:{self.namespace}:weir"
        for verb, what in (("get", "pods"), ("list", "secrets"), ("get", "configmaps"), ("create", "pods")):
            answer = self.plane.attempt("-n", self.namespace, "auth", "can-i", verb, what, account)
            expect(answer.stdout.strip() == "no", f"{verb} {what}: {answer.stdout}{answer.stderr}")

    def services_find_their_pods(self):
        for service, component, port in (("jobmanager", "jobmanager", 6123), ("rest", "jobmanager", 8081),
                                         ("taskmanager", "taskmanager", 6121)):
            found = self.plane.get(self.namespace, "service", f"weir-{service}")["spec"]
            for pod in self.pods(component):
                labels = pod["metadata"]["labels"]
                expect(found["selector"].items() <= labels.items(), f"{service} selects {found['selector']}")
                ports = {entry["name"]: entry["containerPort"] for entry in pod["spec"]["containers"][0]["ports"]}
                expect(ports[found["ports"][0]["targetPort"]] == port, f"{service} goes to {ports}")

    def scales(self):
        for number in (4, 1, 3):
            self.plane.kubectl("-n", self.namespace, "scale", "statefulset/weir-taskmanager", f"--replicas={number}")
            self.serve_until(f"{number} TaskManagers", self.count(number))

    def budget_keeps_all_but_one(self):
        """Two evictions at once: the second is refused while the first is not made good."""
        def evict(number):
            eviction = {"apiVersion": "policy/v1", "kind": "Eviction",
                        "metadata": {"name": f"weir-taskmanager-{number}", "namespace": self.namespace}}
            path = f"/api/v1/namespaces/{self.namespace}/pods/weir-taskmanager-{number}/eviction"
            return self.plane.attempt("create", "--raw", path, "-f", "-", given=json.dumps(eviction))

        def one_may_go():
            return self.plane.get(self.namespace, "pdb", "weir-taskmanager")["status"].get("disruptionsAllowed") == 1
        wait_for("the budget to allow one", one_may_go)
        first, second = evict(0), evict(1)
        expect(first.returncode == 0, first.stderr)
        expect(second.returncode != 0 and "disruption budget" in second.stderr, second.stdout + second.stderr)
        self.serve_until("three TaskManagers again", self.count(3))

    def roll(self, what, cause, replicas, done):
        """Runs `cause`, and sees the TaskManagers go one by one."""
        before = {pod["metadata"]["uid"] for pod in self.pods()}
        missing = []

        def watch(pods):
            missing.append(replicas - sum(is_ready(pod) for pod in pods))
        cause()
        self.serve_until(what, lambda pods: len(pods) == replicas and done(pods, before), watch)
        expect(max(missing) == 1, f"TaskManagers that were away, look by look: {missing}")

    def restarts_one_by_one(self):
        def restart():
            self.plane.kubectl("-n", self.namespace, "rollout", "restart", "statefulset/weir-taskmanager")
        self.roll("new TaskManagers", restart, 3,
                  lambda pods, before: not before & {pod["metadata"]["uid"] for pod in pods})

    def rolls_back(self):
        def configuration():
            return self.plane.get(self.namespace, "configmap", "weir-config")["data"]["config.yaml"]

        def checksums(pods):
            return {pod["metadata"]["annotations"]["checksum/config"] for pod in pods}
        old, old_sums = configuration(), checksums(self.pods())
        self.roll("TaskManagers with the new settings", lambda: self.upgrade(
            "--set", "taskmanager.replicas=3", "--set", "configuration.heartbeat\\.interval=5 s"), 3,
            lambda pods, before: len(checksums(pods)) == 1 and not checksums(pods) & old_sums)
        expect('heartbeat.interval: "5 s"' in configuration(), configuration())
        self.roll("TaskManagers with the old settings", lambda: self.plane.helm(
            "rollback", "weir", "1", "--namespace", self.namespace), 2,
            lambda pods, before: checksums(pods) == old_sums)
        expect(configuration() == old, configuration())

    def upgrades_as_the_page_says(self):
        """Another image rolls out; a number of TaskManagers that nobody sets is whatever `kubectl scale` made it."""
        def upgrade(*settings):
            sets = [word for setting in settings for word in ("--set", setting)]
            self.plane.helm("upgrade", "weir", CHART, "--namespace", self.namespace, "--reuse-values", *sets)

        def all_of(tag):
            return lambda pods, before: all(pod["spec"]["containers"][0]["image"].endswith(f":{tag}") for pod in pods)
        self.roll("TaskManagers of a newer image", lambda: upgrade("image.tag=newer"), 2, all_of("newer"))
        upgrade("taskmanager.replicas=null")
        self.serve_until("one TaskManager", self.count(1))
        self.plane.kubectl("-n", self.namespace, "scale", "statefulset/weir-taskmanager", "--replicas=3")
        self.serve_until("three TaskManagers", self.count(3))
        self.roll("TaskManagers of the newest image", lambda: upgrade("image.tag=newest"), 3, all_of("newest"))

    def submits(self):
        self.upgrade("--values", CHART / "examples/submission.yaml")

        def job():
            return self.plane.get(self.namespace, "jobs")["items"]

        def active():
            return [pod for pod in self.pods("submission") if pod["status"]["phase"] == "Pending"]
        expect(len(job()) == 1, f"jobs {job()}")
        # No JobManager answers: tried again.
        first = wait_for("the pod that submits", active)[0]
        self.plane.end_with(self.namespace, first, 3)
        second = wait_for("the pod that tries again", lambda: [pod for pod in active() if pod["metadata"]["name"] !=
                                                               first["metadata"]["name"]])[0]
        # A wrong job: not tried again.
        self.plane.end_with(self.namespace, second, 1)

        def failed():
            return [condition["reason"] for condition in job()[0]["status"].get("conditions", [])
                    if condition["type"] == "Failed"]
        expect(wait_for("the Job to fail", failed) == ["PodFailurePolicy"], f"jobs {job()}")
        # Another upgrade with the same submission is not another Job; without it there is none.
        name = job()[0]["metadata"]["name"]
        self.upgrade("--values", CHART / "examples/submission.yaml")
        expect([found["metadata"]["name"] for found in job()] == [name], f"jobs {job()}")
        self.upgrade()
        wait_for("the Job to go", lambda: not job())

    def says_what_a_namespace_forbids(self):
        """No pod appears, and the StatefulSet's events say why."""
        self.plane.make_namespace("forbidden")
        self.plane.helm("install", "weir", CHART, "--namespace", "forbidden", "--set-json",
                        'taskmanager.extraVolumes=[{"name": "root", "hostPath": {"path": "/"}}]')
        wait_for("the reason", lambda: "violates PodSecurity" in self.plane.kubectl(
            "-n", "forbidden", "describe", "statefulset/weir-taskmanager"))
        expect(not self.plane.pods("forbidden", "taskmanager"), "there are pods")

    def takes_all_values(self):
        self.plane.make_namespace("values")
        for values in VALUES:
            objects = self.plane.helm("template", "weir", CHART, "--namespace", "values", "--values", values,
                                      "--kube-version", KUBERNETES[-1])
            self.plane.kubectl("-n", "values", "apply", "--dry-run=server", "--validate=strict", "-f", "-",
                               given=objects)

    def takes_the_manifests(self):
        self.plane.make_namespace("manifests")
        self.plane.kubectl("-n", "manifests", "apply", "--validate=strict", "-f", MANIFESTS)
        wait_for("pods", lambda: len(self.plane.pods("manifests", "taskmanager")) == 2 and
                 len(self.plane.pods("manifests", "jobmanager")) == 1 and
                 len(self.plane.pods("manifests", "submission")) == 1)

    def leaves_the_claims(self):
        self.plane.helm("uninstall", "weir", "--namespace", self.namespace)
        wait_for("its pods to go", lambda: not self.pods() and not self.pods("jobmanager"))
        claims = [claim["metadata"]["name"] for claim in self.plane.get(self.namespace, "pvc")["items"]]
        expect(claims == ["weir-checkpoints", "weir-metadata"], f"claims {claims}")


def run_cluster_cases(cases, tools, folder):
    cluster = ClusterTest(tools, folder)
    try:
        if cases.case("an API server starts", cluster.start) and cases.case("the chart installs", cluster.installs):
            cases.case("its account has no rights", cluster.account_has_no_rights)
            cases.case("services find their pods", cluster.services_find_their_pods)
            cases.case("kubectl scale scales TaskManagers", cluster.scales)
            cases.case("the disruption budget takes one at a time", cluster.budget_keeps_all_but_one)
            cases.case("a rolling restart takes one at a time", cluster.restarts_one_by_one)
            cases.case("new settings roll out, and back", cluster.rolls_back)
            cases.case("another image rolls out, and leaves a number that nobody sets",
                       cluster.upgrades_as_the_page_says)
            cases.case("a job is submitted by a Kubernetes Job", cluster.submits)
            cases.case("pods that do not appear have a reason", cluster.says_what_a_namespace_forbids)
            cases.case("the API server takes every value", cluster.takes_all_values)
            cases.case("the API server takes the plain manifests", cluster.takes_the_manifests)
            cases.case("uninstalling leaves the claims", cluster.leaves_the_claims)
    finally:
        cluster.plane.close()


def main():
    packages, cache = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    cases = report.Report()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-kubernetes-"))
    tools = cache / "kubernetes-tools"
    try:
        cases.case("the manifests are objects", manifests_are_objects)
        if cases.case("Helm and Kubernetes are compiled", lambda: control_plane.build_tools(tools)):
            chart = ChartTest(tools, folder)
            cases.case("the manifests are what the chart renders", chart.is_what_the_manifests_say)
            cases.case("the chart is clean", chart.is_clean)
            cases.case("it makes what Kubernetes knows, all pods restricted", chart.makes_what_kubernetes_knows)
            cases.case("faults in objects are found", chart.validator_finds_faults)
            cases.case("it refuses wrong values", chart.refuses_wrong_values)
            run_cluster_cases(cases, tools, folder)
        pods_under_podman.run_cases(cases, packages, cache)
    finally:
        shutil.rmtree(folder)
    cases.close()


if __name__ == "__main__":
    main()
