"""The pods of deploy/kubernetes/manifests, run by `podman play kube`.

As the manifests say them but for what a cluster does and podman does not: a StatefulSet's pods are made here, the
addresses of services come from host aliases, claims belong to the pods' user, and probes are asked by the test.
"""

import ipaddress
import json
import pathlib
import socket
import subprocess
import time
import urllib.request

import containers_test
import report
from report import expect, wait_for

MANIFESTS = pathlib.Path(__file__).resolve().parents[2] / "deploy/kubernetes/manifests"
# How long TaskManagers may take to find the next JobManager: less than a worker's lease, 30 s, and than
# heartbeat.timeout, 50 s, after which they would have noticed anyway.
MOST_SECONDS_WITHOUT_JOBMANAGER = 15


class PodsTest:
    def __init__(self, packages, cache):
        self.cluster = containers_test.ContainersTest(packages, cache)
        self.podman = self.cluster.podman
        self.name = self.cluster.name
        self.plugin_image = f"{self.cluster.image}-jobs"
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
        recipe.write_text(f"FROM {self.cluster.image}\nCOPY jobs/squares.so jobs/endless.so /jobs/\n")
        self.podman("build", "--quiet", "--isolation", "chroot", "--file", recipe, "--tag", self.plugin_image,
                    self.cluster.folder)
        self.podman("network", "create", self.name)
        network = json.loads(self.podman("network", "inspect", self.name))[0]
        hosts = ipaddress.ip_network(network["subnets"][0]["subnet"])
        for number, pod in enumerate(("jobmanager", "taskmanager-0", "taskmanager-1", "submit",
                                     "submit-endless"), 10):
            self.addresses[pod] = str(hosts[number])

    def settings(self):
        """The ConfigMap under a name of this run: podman keeps a volume of it."""
        settings = json.loads(json.dumps(self.objects["ConfigMap", "config"]))
        settings["metadata"]["name"] = f"{self.name}-config"
        return settings

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
            if "configMap" in volume:
                volume["configMap"]["name"] = f"{self.name}-config"
        spec.setdefault("restartPolicy", "Always")
        spec["hostAliases"] = [{"ip": self.addresses["jobmanager"], "hostnames": ["weir-jobmanager", "weir-rest"]}]
        template.update(apiVersion="v1", kind="Pod")
        template["metadata"]["name"] = f"{self.name}-{name}"
        return template

    def play(self, owner, name, image, claims=()):
        objects = [self.settings(), *(self.claim(kind) for kind in claims),
                   self.pod(owner, name, image)]
        manifest = self.cluster.folder / f"{name}.yaml"
        # JSON is YAML.
        manifest.write_text("\n---\n".join(json.dumps(found) for found in objects))
        self.pods.append(name)
        # A pod that comes in place of another has its address, as behind a service, down to the link: neighbours would
        # go on for half a minute with what they know of that.
        address = self.addresses[name]
        link = "02:00:" + ":".join(f"{int(part):02x}" for part in address.split("."))
        self.podman("play", "kube", "--network", self.name, "--ip", address, "--mac-address", link, manifest)

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

    def submit(self, name="submit", arguments=None):
        """The pod of the manifest's Kubernetes Job, or of one that submits something else."""
        owner = json.loads(json.dumps(self.objects["Job", "submit"]))
        if arguments:
            owner["spec"]["template"]["spec"]["containers"][0]["args"] = ["run", "-d", "-m", "weir-rest:8081",
                                                                          *arguments]
        self.play(owner, name, self.plugin_image)
        code = self.podman("wait", self.container(name, "weir"), timeout_s=60).strip()
        expect(code == "0", f"exit code {code}: {self.logs(name, 'weir')}")

    def submits(self):
        self.submit()
        wait_for("the job to finish", lambda: self.states() == ["FINISHED"])

    def states(self):
        return sorted(job["state"] for job in json.loads(self.weir("list", "-a", "--json"))["jobs"])

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
        """Another JobManager pod on the same claim, as after its node was drained, takes the job that runs along."""
        job = self.start_endless()
        checkpoint = self.wait_for_checkpoint(job, 0)
        self.end_pod("jobmanager", "jobmanager")
        self.is_replaced(job, checkpoint)

    def survive_a_crash(self):
        """The same after the pod was killed."""
        job, = self.running()
        checkpoint = self.wait_for_checkpoint(job, 0)
        self.podman("kill", "--signal", "KILL", self.container("jobmanager", "jobmanager"))
        self.podman("pod", "rm", "--force", "--time", "0", f"{self.name}-jobmanager")
        self.is_replaced(job, checkpoint)
        self.weir("cancel", job)
        wait_for("the job to end", lambda: self.states() == ["CANCELED", "FINISHED"])

    def start_endless(self):
        """A job that fails for good where a record is missing or comes twice."""
        self.submit("submit-endless", ("-D", "restart-strategy.type=none", "-D",
                                       "execution.checkpointing.interval=1 s", "/jobs/endless.so"))
        return wait_for("the endless job to run", self.running)[0]

    def is_replaced(self, job, checkpoint):
        start = time.monotonic()
        self.start_job_manager()
        answered = time.monotonic() - start
        wait_for("the TaskManagers to register again", lambda: self.status().get("taskmanagers") == 2,
                 MOST_SECONDS_WITHOUT_JOBMANAGER)
        registered = time.monotonic() - start
        wait_for("the job to run again", lambda: self.running() == [job], MOST_SECONDS_WITHOUT_JOBMANAGER)
        print(f"        after the next pod's creation: JobManager {answered:.1f} s, TaskManagers {registered:.1f} s, "
              f"job {time.monotonic() - start:.1f} s")
        restored = self.checkpoints(job)["latest"]["restored"]
        expect(restored and restored["id"] >= checkpoint, f"restored: {restored}, known before: {checkpoint}")
        self.wait_for_checkpoint(job, restored["id"])

    def job(self, job):
        return json.loads(self.weir("status", "--json", job))

    def running(self):
        """The ids of jobs all of whose tasks run; none may have failed."""
        jobs = json.loads(self.weir("list", "-a", "--json"))["jobs"]
        for job in jobs:
            expect(job["state"] != "FAILED", f"the job is {self.job(job['id'])}")
        running = [job["id"] for job in jobs if job["state"] == "RUNNING"]
        return [job for job in running if all(vertex["status"] == "RUNNING" for vertex in self.job(job)["vertices"])]

    def checkpoints(self, job):
        with urllib.request.urlopen(f"http://{self.addresses['jobmanager']}:8081/jobs/{job}/checkpoints",
                                    timeout=10) as answer:
            return json.load(answer)

    def wait_for_checkpoint(self, job, after):
        """The id of a checkpoint that was completed after another."""
        def newer():
            completed = self.checkpoints(job)["latest"]["completed"]
            return completed and completed["id"] > after and completed["id"]
        return wait_for(f"a checkpoint after {after}", newer)

    def close(self):
        environment = {"env": self.cluster.environment, "capture_output": True, "check": False}
        for name in self.pods:
            subprocess.run(["podman", "pod", "rm", "--force", "--time", "0", f"{self.name}-{name}"], **environment)
        volumes = [f"{self.name}-{kind}" for kind in ("checkpoints", "metadata", "config")]
        subprocess.run(["podman", "volume", "rm", "--force", *volumes], **environment)
        subprocess.run(["podman", "rmi", "--force", self.plugin_image], **environment)
        self.cluster.close()


def run_cases(cases, packages, cache):
    test = PodsTest(packages, cache)
    try:
        if cases.case("an image with a plugin is built", test.build) and cases.case("pods make a cluster",
                                                                                    test.run_cluster):
            cases.case("pods answer their probes", test.answer_probes)
            cases.case("the pod of a submission submits", test.submits)
            # Before a TaskManager goes: the next JobManager waits for the lease of what ran there.
            if cases.case("the next JobManager's pod runs the jobs of the last", test.keep_metadata):
                cases.case("so it does when the last was killed", test.survive_a_crash)
            cases.case("a TaskManager's pod leaves in order", test.leave_in_order)
    finally:
        test.close()
