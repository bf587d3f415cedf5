#!/usr/bin/env python3
"""containers_test.py PACKAGES CACHE: the image, under podman, from the packages in a folder.

It is built from the Dockerfile on a Debian that debootstrap has made, and tried: roles, bad input, an arbitrary user
with a read-only root and no capabilities, a cluster of containers that loses TaskManagers in two ways, and a worker
that runs out of memory. CACHE keeps the unpacked Debian between runs.
"""

import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import podman
import report
from report import expect, run, wait_for

MOST_MEGABYTES_ABOVE_BASE = 150
REMOTE = "security.allow-unauthenticated-remote: true"


class ContainersTest:
    def __init__(self, packages, cache):
        self.packages = pathlib.Path(packages).resolve()
        self.cache = pathlib.Path(cache).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-containers-"))
        self.name = self.folder.name
        self.podman = podman.Podman(self.folder)
        self.image = self.podman.image
        self.environment = self.podman.environment
        self.started = set()
        self.properties = REMOTE

    def container(self, role):
        return f"{self.name}-{role}"

    # ---- the image

    def build(self):
        self.podman.prepare()
        self.podman.import_debian(self.cache)
        self.podman.build_weir(self.packages)

    def is_small_and_labelled(self):
        sizes = {image: int(self.podman("image", "inspect", "--format", "{{.Size}}", image))
                 for image in (self.podman.base, self.image)}
        above = (sizes[self.image] - sizes[self.podman.base]) / 1e6
        print(f"        {above:.0f} MB above the base image")
        expect(above <= MOST_MEGABYTES_ABOVE_BASE, f"{above} MB above the base image")
        labels = json.loads(self.podman("image", "inspect", "--format", "{{json .Labels}}", self.image))
        expect(labels["org.opencontainers.image.revision"] == "0123abc", f"labels {labels}")

    def try_once(self, *arguments, options=(), timeout_s=30):
        """Exit code and output of a container that is expected to end by itself."""
        result = subprocess.run(["podman", "run", "--rm", *options, self.image, *arguments], capture_output=True,
                                text=True, timeout=timeout_s, env=self.environment, check=False)
        return result.returncode, result.stdout + result.stderr

    def expect_refusal(self, words, *arguments, options=(), code=2):
        found, output = self.try_once(*arguments, options=options)
        expect(found == code and words in output,
               f"{arguments}: exit code {found}, not {code} with '{words}':\n{output}")

    def says_what_is_wrong(self):
        self.expect_refusal("'jobmaneger' is no role", "jobmaneger")
        self.expect_refusal("security.allow-unauthenticated-remote", "jobmanager", code=1)
        self.expect_refusal("did you mean 'rest.port'", "jobmanager", options=("-e", "WEIR_PROPERTIES=rest.prt: 1"))
        self.expect_refusal("expected an integer", "taskmanager", "-Dtaskmanager.numberOfTaskSlots=many")
        secret = self.folder / "secret.yaml"
        secret.write_text("rest.port: 8081\n")
        secret.chmod(0o600)
        self.expect_refusal("cannot read /etc/weir/config.yaml", "jobmanager",
                            options=("-v", f"{secret}:/etc/weir/config.yaml:ro"))
        broken = self.folder / "broken.yaml"
        broken.write_text("rest: [\n")
        self.expect_refusal("not YAML", "jobmanager", options=("-v", f"{broken}:/etc/weir/config.yaml:ro"))
        self.expect_refusal("line 2: 'rest.port 1' is not of the form 'key: value'", "jobmanager",
                            options=("-e", "WEIR_PROPERTIES=log.level: warn\nrest.port 1"))
        self.expect_refusal("one of text, json", "jobmanager", options=("-e", "WEIR_PROPERTIES=log.format: xml"))
        self.expect_refusal("the limit of this container is", "taskmanager",
                            "-Dtaskmanager.memory.process.size=1 gb", options=("--memory", "256m"))
        self.expect_refusal("cannot be written", "taskmanager", options=(
            "--read-only", "-e", f"WEIR_PROPERTIES={REMOTE}", "--tmpfs", "/data:ro"))
        self.expect_refusal("cannot connect to", "list", "-m", "127.0.0.1:1", code=3)

    def reads_secrets_from_a_file(self):
        secret = self.folder / "secret"
        secret.write_text("rest.port: eighty\n")
        mounted = ("-v", f"{secret}:/run/secrets/weir:ro", "-e", "WEIR_PROPERTIES_FILE=/run/secrets/weir",
                   "-e", "WEIR_PROPERTIES=log.level: warn")
        self.expect_refusal("WEIR_PROPERTIES line 2: 'rest.port' is 'eighty'", "jobmanager", options=mounted)
        secret.chmod(0o600)
        self.expect_refusal("cannot read WEIR_PROPERTIES_FILE /run/secrets/weir", "jobmanager", options=mounted)

    def waits_for_its_jobmanager(self):
        """And says so, as JSON, one object a line."""
        role = "lonely"
        self.podman("run", "--detach", "--name", self.container(role), "--no-healthcheck", "-e",
                    f"WEIR_PROPERTIES={REMOTE}\nlog.format: json\njobmanager.rpc.address: 127.0.0.1", self.image,
                    "taskmanager")
        self.started.add(role)
        wait_for("a word on the JobManager", lambda: "no session with the JobManager" in self.logs(role), 30)
        self.podman("stop", "--time", "20", self.container(role))
        lines = [json.loads(line) for line in self.logs(role).splitlines()]
        expect(all(sorted(line) == ["level", "logger", "message", "time"] for line in lines), f"lines {lines}")
        expect(any(line["level"] == "WARN" and "127.0.0.1:6123" in line["message"] for line in lines),
               f"no warning names the address: {lines}")
        code = self.podman("inspect", "--format", "{{.State.ExitCode}}", self.container(role)).strip()
        expect(code == "0", f"exit code {code} after SIGTERM")
        self.podman("rm", self.container(role))
        self.started.remove(role)

    # ---- a cluster

    def start(self, role, server, *options):
        self.podman("run", "--detach", "--name", self.container(role), "--network", self.name, "--hostname", role,
                    "--no-healthcheck", "--user", "4711:4711", "--read-only", "--cap-drop", "ALL",
                    "--security-opt", "no-new-privileges", "--tmpfs", "/data:mode=1777", "-e",
                    f"WEIR_PROPERTIES={self.properties}", "-v", f"{self.folder}/jobs:/jobs:ro", *options, self.image,
                    server)
        self.started.add(role)

    def address_of(self, role):
        networks = json.loads(self.podman("inspect", "--format", "{{json .NetworkSettings.Networks}}",
                                          self.container(role)))
        return networks[self.name]["IPAddress"]

    def weir(self, *arguments):
        return self.podman("exec", self.container("jobmanager"), "weir", *arguments)

    def task_managers(self):
        try:
            return json.loads(self.weir("status", "--json")).get("taskmanagers", 0)
        except report.Failure:
            return 0

    def start_cluster(self):
        self.podman("network", "create", self.name)
        self.start("jobmanager", "jobmanager")
        # Podman's name server is restarted when containers come and go, and can stay away: a worker that is started
        # meanwhile does not find its JobManager, and ends with its first lease. That is not what is tested here.
        self.properties += f"\njobmanager.rpc.address: {self.address_of('jobmanager')}"
        for number in (1, 2):
            self.start(f"taskmanager-{number}", "taskmanager", "--memory", "256m", "--cpus", "2")
        wait_for("two TaskManagers", lambda: self.task_managers() == 2)
        # What the image's HEALTHCHECK runs; podman itself needs systemd to.
        for role in self.started:
            self.podman("exec", self.container(role), "/usr/lib/weir/health.sh")

    def build_jobs(self):
        run("dpkg-deb", "-x", next(self.packages.glob("weir-sdk_*.deb")), self.folder / "sdk")
        run("cmake", "-S", podman.SOURCE / "tests/deploy/job", "-B", self.folder / "jobs", "-G", "Ninja",
            "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_PREFIX_PATH={self.folder}/sdk/usr")
        run("cmake", "--build", self.folder / "jobs")
        self.folder.chmod(0o755)

    def slots_follow_the_limits(self):
        state = json.loads(self.weir("status", "--json"))
        # Two containers with two cores each.
        expect(state["slots-total"] == 2 * min(2, os.cpu_count()), f"status {state}")

    def runs_a_job(self):
        outcome = json.loads(self.weir("run", "--json", "-p", "2", "/jobs/squares.so"))
        expect(outcome["state"] == "FINISHED", f"the job is {outcome}")

    def submit(self, *settings):
        """An endless job, which fails where a record is missing."""
        job = json.loads(self.weir("run", "--json", "-d", *settings, "/jobs/endless.so"))["jobid"]
        wait_for("the job to run", lambda: self.runs(job))
        return job

    def submit_restarting(self):
        """One that is restarted ten times, soon."""
        return self.submit("-D", "restart-strategy.type=fixed-delay", "-D", "restart-strategy.fixed-delay.attempts=10",
                           "-D", "restart-strategy.fixed-delay.delay=100 ms")

    def details(self, job):
        return json.loads(self.weir("status", "--json", job))

    def runs(self, job):
        details = self.details(job)
        expect(details["state"] not in ("FAILED", "FINISHED", "CANCELED"), f"the job is {details}")
        return details["state"] == "RUNNING" and all(vertex["status"] == "RUNNING" for vertex in details["vertices"])

    def logs(self, role):
        result = subprocess.run(["podman", "logs", self.container(role)], capture_output=True, text=True,
                                env=self.environment, check=True)
        return result.stdout + result.stderr

    def logged_at(self, role, *words):
        """When the last line with all these words was logged."""
        line = [line for line in self.logs(role).splitlines() if all(word in line for word in words)][-1]
        return datetime.datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S.%f")

    def host_of(self, job):
        """The role of the container that runs the job's worker."""
        for role in ("taskmanager-1", "taskmanager-2"):
            if any("started worker" in line and job in line for line in self.logs(role).splitlines()):
                return role
        raise report.Failure(f"no TaskManager has started a worker of job {job}")

    def leaves_in_order(self):
        job = self.submit_restarting()
        role = self.host_of(job)
        stopping = subprocess.Popen(["podman", "stop", "--time", "20", self.container(role)], env=self.environment,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("the JobManager to hear of it", lambda: "leaves the cluster" in self.logs("jobmanager"), 20)
        wait_for("the job to go on elsewhere", lambda: self.runs(job), 20)
        # From the logs: podman lets nobody ask while it waits for a container to stop.
        other = "taskmanager-2" if role == "taskmanager-1" else "taskmanager-1"
        pause = self.logged_at(other, "started worker", job) - self.logged_at(role, "stopping: SIGTERM")
        print(f"        its next worker was started {pause.total_seconds():.3f} s after SIGTERM (restart delay 0.1 s)")
        expect(pause.total_seconds() < 5, "the job waited for a time-out")
        expect(stopping.wait(timeout=30) == 0, "the container did not stop")
        code = self.podman("inspect", "--format", "{{.State.ExitCode}}", self.container(role)).strip()
        expect(code == "0", f"exit code {code} after SIGTERM")
        self.podman("start", self.container(role))
        wait_for("the TaskManager to be back", lambda: self.task_managers() == 2)
        self.weir("cancel", job)

    def is_killed(self):
        job = self.submit_restarting()
        for number in (1, 2):
            self.podman("kill", "--signal", "KILL", self.container(f"taskmanager-{number}"))
        start = time.monotonic()
        wait_for("the JobManager to miss them", lambda: self.task_managers() == 0, 20)
        for number in (1, 2):
            self.podman("start", self.container(f"taskmanager-{number}"))
        wait_for("the job to go on", lambda: self.runs(job), 60)
        print(f"        the job ran again {time.monotonic() - start:.1f} s after both were killed and started again")
        self.weir("cancel", job)

    def record_count(self, job):
        """How many records have passed the job's exchange; the job has never been restarted and runs."""
        details = self.details(job)
        expect(details["state"] == "RUNNING" and details["restarts"] == 0, f"a neighbour was disturbed: {details}")
        return sum(vertex["metrics"]["read-records"] for vertex in details["vertices"])

    def outgrows_its_memory(self):
        # With three of four slots taken, one of them is in the container of the hoarder. They fail for good at the
        # first record that is missing, and at whatever else would restart them.
        neighbours = [self.submit("-D", "restart-strategy.type=none") for _ in range(3)]
        hoarder = subprocess.run(["podman", "exec", self.container("jobmanager"), "weir", "run", "--json", "-D",
                                  "restart-strategy.type=none", "/jobs/endless.so", "hoard"], env=self.environment,
                                 capture_output=True, text=True, timeout=120, check=False)
        text = hoarder.stdout + hoarder.stderr
        expect(hoarder.returncode == 4, f"exit code {hoarder.returncode}: {text}")
        print("        " + json.loads(hoarder.stdout)["cause"].replace("\n", " ")[:400])
        for words in ("out of memory; the limit is 256 MiB", "keeper"):
            expect(words in text, f"'{words}' is not in {text}")
        expect(self.task_managers() == 2, "a TaskManager died with the worker")
        for neighbour in neighbours:
            count = self.record_count(neighbour)
            wait_for("another second's records of a neighbour",
                     lambda job=neighbour, most=count + 1000: self.record_count(job) >= most)
            self.weir("cancel", neighbour)
            # Its slot is free for the next.
            wait_for("the job to end", lambda job=neighbour: self.details(job)["state"] == "CANCELED")

    def close(self):
        roles = [self.container(role) for role in self.started]
        for command in (["rm", "--force", "--time", "0", *roles], ["network", "rm", self.name]):
            subprocess.run(["podman", *command], env=self.environment, capture_output=True, check=False)
        self.podman.remove_images()
        shutil.rmtree(self.folder)


def main():
    test = ContainersTest(*sys.argv[1:])
    cases = report.Report()
    try:
        if cases.case("the image is built from the Dockerfile", test.build):
            cases.case("it is small and labelled", test.is_small_and_labelled)
            cases.case("it says what is wrong", test.says_what_is_wrong)
            cases.case("it reads secrets from a file", test.reads_secrets_from_a_file)
            cases.case("a TaskManager waits for its JobManager", test.waits_for_its_jobmanager)
            if cases.case("jobs build", test.build_jobs) and cases.case("a cluster of containers starts",
                                                                        test.start_cluster):
                cases.case("slots follow the limits of containers", test.slots_follow_the_limits)
                cases.case("a job runs across containers", test.runs_a_job)
                cases.case("a TaskManager leaves in order", test.leaves_in_order)
                cases.case("TaskManagers are killed", test.is_killed)
                cases.case("a worker that outgrows its memory dies alone", test.outgrows_its_memory)
    finally:
        test.close()
    cases.close()


if __name__ == "__main__":
    main()
