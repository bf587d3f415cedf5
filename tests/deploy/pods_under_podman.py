"""The pods of deploy/kubernetes/manifests, run by `podman play kube`.

As the manifests say them but for what a cluster does and podman does not: a StatefulSet's pods are made here, the
addresses of services come from host aliases, claims belong to the pods' user, and probes are asked by the test.
"""

import ipaddress
import json
import pathlib
import socket
import subprocess
import urllib.request

import containers_test
import report
from report import expect, wait_for

MANIFESTS = pathlib.Path(__file__).resolve().parents[2] / "deploy/kubernetes/manifests"


class PodsTest:
    def __init__(self, packages, cache):
        self.cluster = containers_test.ContainersTest(packages, cache)
        self.podman = self.cluster.podman
        self.name = self.cluster.name
        self.plugin_image = f"{self.cluster.image}-squares"
        self.pods = []
        self.addresses = {}

    # ---- what is run

    def read(self):
        try:
            import yaml  # pylint: disable=import-outside-toplevel
        except ImportError as missing:
            raise report.Skip("python3-yaml is not installed") from missing
        self.objects = {}
        for manifest in MANIFESTS.iterdir():
            for found in yaml.safe_load_all(manifest.read_text()):
                if found is not None:
                    self.objects[found["kind"], found["metadata"]["name"].removeprefix("weir-").split("-")[0]] = found

    def build(self):
        self.read()
        self.cluster.build()
        self.cluster.build_jobs()
        recipe = self.cluster.folder / "Dockerfile"
        recipe.write_text(f"FROM {self.cluster.image}\nCOPY jobs/squares.so /jobs/\n")
        self.podman("build", "--quiet", "--isolation", "chroot", "--file", recipe, "--tag", self.plugin_image,
                    self.cluster.folder)
        self.podman("network", "create", self.name)
        network = json.loads(self.podman("network", "inspect", self.name))[0]
        hosts = ipaddress.ip_network(network["subnets"][0]["subnet"])
        for number, pod in enumerate(("jobmanager", "taskmanager-0", "taskmanager-1", "submit"), 10):
            self.addresses[pod] = str(hosts[number])

    def claim(self, kind):
        """A claim's volume belongs to the pods' user: podman knows no fsGroup."""
        claim = json.loads(json.dumps(self.objects["PersistentVolumeClaim", kind]))
        owner = str(self.objects["StatefulSet", "jobmanager"]["spec"]["template"]["spec"]["securityContext"]["fsGroup"])
        claim["metadata"].update(name=f"{self.name}-{kind}", annotations={"volume.podman.io/uid": owner,
                                                                         "volume.podman.io/gid": owner})
        return claim

    def pod(self, owner, name, image):
        """The pod that a StatefulSet or Job makes."""
        template = json.loads(json.dumps(owner["spec"]["template"]))
        spec = template["spec"]
        container = spec["containers"][0]
        container.update(image=image, imagePullPolicy="Never")
        # Podman would publish ports on this machine, and needs systemd for probes.
        for field in ("ports", "startupProbe", "readinessProbe", "livenessProbe"):
            container.pop(field, None)
        for volume in spec["volumes"]:
            if "persistentVolumeClaim" in volume:
                kind = volume["persistentVolumeClaim"]["claimName"].removeprefix("weir-")
                volume["persistentVolumeClaim"]["claimName"] = f"{self.name}-{kind}"
        spec.setdefault("restartPolicy", "Always")
        spec["hostAliases"] = [{"ip": self.addresses["jobmanager"], "hostnames": ["weir-jobmanager", "weir-rest"]}]
        template.update(apiVersion="v1", kind="Pod")
        template["metadata"]["name"] = f"{self.name}-{name}"
        return template

    def play(self, owner, name, image, claims=()):
        objects = [self.objects["ConfigMap", "config"], *(self.claim(kind) for kind in claims),
                   self.pod(owner, name, image)]
        manifest = self.cluster.folder / f"{name}.yaml"
        # JSON is YAML.
        manifest.write_text("\n---\n".join(json.dumps(found) for found in objects))
        self.pods.append(name)
        self.podman("play", "kube", "--network", self.name, "--ip", self.addresses[name], manifest)

    def container(self, name, container):
        return f"{self.name}-{name}-{container}"

    def weir(self, *arguments):
        return self.podman("exec", self.container("jobmanager", "jobmanager"), "weir", *arguments)

    def status(self):
        try:
            return json.loads(self.weir("status", "--json"))
        except report.Failure:
            return {}

    def start_job_manager(self, claims=()):
        self.play(self.objects["StatefulSet", "jobmanager"], "jobmanager", self.cluster.image, claims)
        wait_for("the JobManager", self.status, 30)

    # ---- what is shown

    def run_cluster(self):
        self.start_job_manager(("checkpoints", "metadata"))
        for number in (0, 1):
            self.play(self.objects["StatefulSet", "taskmanager"], f"taskmanager-{number}", self.cluster.image)
        wait_for("two TaskManagers", lambda: self.status().get("taskmanagers") == 2)
        # limits.cpu is 1.
        expect(self.status()["slots-total"] == 2, f"status {self.status()}")

    def answer_probes(self):
        container = self.objects["StatefulSet", "jobmanager"]["spec"]["template"]["spec"]["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container[probe]["httpGet"]
            url = f"http://{self.addresses['jobmanager']}:{ports[asked['port']]}{asked['path']}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                expect(answer.status == 200 and json.load(answer)["taskmanagers"] == 2, f"{probe} of {url}")
        container = self.objects["StatefulSet", "taskmanager"]["spec"]["template"]["spec"]["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        port = ports[container["readinessProbe"]["tcpSocket"]["port"]]
        socket.create_connection((self.addresses["taskmanager-0"], port), timeout=10).close()
        self.podman("exec", self.container("taskmanager-0", "taskmanager"),
                    *container["livenessProbe"]["exec"]["command"])

    def submit(self):
        self.play(self.objects["Job", "submit"], "submit", self.plugin_image)
        code = self.podman("wait", self.container("submit", "weir"), timeout_s=60).strip()
        expect(code == "0", f"exit code {code}: {self.logs('submit', 'weir')}")
        wait_for("the job to finish", lambda: self.states() == ["FINISHED"])

    def states(self):
        return [job["state"] for job in json.loads(self.weir("list", "-a", "--json"))["jobs"]]

    def logs(self, name, container):
        result = subprocess.run(["podman", "logs", self.container(name, container)], capture_output=True, text=True,
                                env=self.cluster.environment, check=True)
        return result.stdout + result.stderr

    def end_pod(self, name, role):
        """As a node does: the container within its grace period, then what gave it a network."""
        grace_s = self.objects["StatefulSet", role]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        container = self.container(name, role)
        self.podman("stop", "--time", str(grace_s), container)
        code = self.podman("inspect", "--format", "{{.State.ExitCode}}", container).strip()
        expect(code == "0", f"exit code {code} after SIGTERM")
        self.podman("pod", "rm", "--force", f"{self.name}-{name}")

    def leave_in_order(self):
        self.end_pod("taskmanager-1", "taskmanager")
        wait_for("the JobManager to hear of it",
                 lambda: "leaves the cluster" in self.logs("jobmanager", "jobmanager"), 20)
        wait_for("one TaskManager", lambda: self.status().get("taskmanagers") == 1, 20)

    def keep_metadata(self):
        """Another JobManager pod on the same claim, as after its node was drained."""
        self.end_pod("jobmanager", "jobmanager")
        self.start_job_manager()
        # Whoever was connected to the old pod's address may notice by heartbeat.timeout only, 50 s.
        wait_for("the TaskManager to register again", lambda: self.status().get("taskmanagers") == 1, 180)
        expect(self.states() == ["FINISHED"], f"jobs {self.states()}")

    def close(self):
        environment = {"env": self.cluster.environment, "capture_output": True, "check": False}
        for name in self.pods:
            subprocess.run(["podman", "pod", "rm", "--force", "--time", "0", f"{self.name}-{name}"], **environment)
        volumes = [f"{self.name}-{kind}" for kind in ("checkpoints", "metadata")]
        subprocess.run(["podman", "volume", "rm", "--force", *volumes], **environment)
        subprocess.run(["podman", "rmi", "--force", self.plugin_image], **environment)
        self.cluster.close()


def run_cases(cases, packages, cache):
    test = PodsTest(packages, cache)
    try:
        if cases.case("an image with a plugin is built", test.build) and cases.case("pods make a cluster",
                                                                                    test.run_cluster):
            cases.case("pods answer their probes", test.answer_probes)
            cases.case("the pod of a submission submits", test.submit)
            cases.case("a TaskManager's pod leaves in order", test.leave_in_order)
            cases.case("the next JobManager finds its metadata", test.keep_metadata)
    finally:
        test.close()
