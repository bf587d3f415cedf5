#!/usr/bin/env python3
"""compose_test.py PACKAGES CACHE: deploy/compose under podman-compose, with a Kafka image made of the tests' jars.

The sample job runs between containers while TaskManagers come, leave in order and are killed, and the JobManager is
killed; Kafka's own consumer then finds every line. The job goes on after `down` and `up`, and `down --volumes` leaves
nothing. CACHE keeps the unpacked Debian between runs.
"""

import contextlib
import datetime
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import podman
import report
from report import expect, wait_for

KAFKA_VERSION = "4.1.2"
LINES_PER_SECOND = 100
SERVICES = ("jobmanager", "taskmanager", "kafka", "topics", "submit")
# How long a job may be away when the JobManager is started again: less than a worker's lease, 30 s, which it would
# take where TaskManagers do not find its new address, or did not say that they left.
MOST_SECONDS_WITHOUT_JOBMANAGER = 15


class Feeder(threading.Thread):
    """Numbered lines into Kafka's console producer, until it is told to stop."""

    def __init__(self, first, command, environment):
        super().__init__()
        self.producer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                         env=environment)
        self.told = threading.Event()
        self.count = first

    def run(self):
        while not self.told.wait(1 / LINES_PER_SECOND):
            self.producer.stdin.write(f"line {self.count}\n")
            self.producer.stdin.flush()
            self.count += 1

    def stop(self):
        """The number after the last line's; the producer has sent them."""
        self.told.set()
        self.join()
        self.producer.communicate(timeout=60)
        expect(self.producer.returncode == 0, f"the producer ended with {self.producer.returncode}")
        return self.count


class ComposeTest:
    def __init__(self, packages, cache):
        self.packages = pathlib.Path(packages).resolve()
        self.cache = pathlib.Path(cache).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-compose-"))
        self.podman = podman.Podman(self.folder)
        self.name = self.podman.name
        self.kafka_image = f"{self.podman.image}-kafka"
        self.prometheus_image = f"{self.podman.image}-prometheus"
        self.port, self.prometheus_port = free_ports(2)
        self.environment = dict(self.podman.environment, WEIR_IMAGE=self.podman.image, KAFKA_IMAGE=self.kafka_image,
                                PROMETHEUS_IMAGE=self.prometheus_image, WEIR_REST_PORT=str(self.port),
                                WEIR_PROMETHEUS_PORT=str(self.prometheus_port))
        self.feeder = None
        self.count = self.output_count = 0
        self.job = None

    def compose(self, *arguments, **variables):
        return report.run("podman-compose", "--project-name", self.name, "--file",
                          podman.SOURCE / "deploy/compose/compose.yaml", *arguments, cwd=self.folder,
                          env=dict(self.environment, **variables))

    def up(self, *services, **variables):
        self.compose("up", "--detach", "--no-build", *services, **variables)

    def container(self, service, number=1):
        return f"{self.name}_{service}_{number}"

    # ---- images

    def build(self):
        self.podman.prepare("podman-compose")
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        jars = pathlib.Path(cache) / f"weir/kafka-{KAFKA_VERSION}/libs"
        if not jars.is_dir():
            raise report.Skip(f"{jars} is missing; the tests with Kafka fetch it")
        self.podman.import_debian(self.cache)
        self.podman.build_weir(self.packages)
        kafka = podman.SOURCE / "tests/deploy/kafka"
        self.podman.build(self.kafka_image, kafka / "Dockerfile", kafka, "--build-context", f"jars={jars}")
        prometheus = podman.SOURCE / "tests/deploy/prometheus"
        self.podman.build(self.prometheus_image, prometheus / "Dockerfile", prometheus)

    # ---- what there is to see

    def rest(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return json.load(answer)

    def task_managers(self):
        try:
            return self.rest("/overview")["taskmanagers"]
        except (OSError, ValueError):
            return None

    def running_job(self):
        """The id of the sample job once all its tasks run."""
        try:
            jobs = self.rest("/jobs")["jobs"]
            details = self.rest(f"/jobs/{jobs[0]['id']}") if jobs else {}
        except (OSError, ValueError):
            return None
        state = details.get("state")
        expect(state not in ("FAILED", "FINISHED", "CANCELED"), f"the job is {details}")
        runs = state == "RUNNING" and all(vertex["status"] == "RUNNING" for vertex in details["vertices"])
        return details["jid"] if runs else None

    def address(self, service):
        networks = json.loads(self.podman("inspect", "--format", "{{json .NetworkSettings.Networks}}",
                                          self.container(service)))
        return networks[f"{self.name}_default"]["IPAddress"]

    def logs(self, service, number=1):
        result = subprocess.run(["podman", "logs", self.container(service, number)], capture_output=True, text=True,
                                env=self.environment, check=True)
        return (result.stdout + result.stderr).splitlines()

    def newest_host(self):
        """The number of the TaskManager that has started the newest worker of the job."""
        starts = [(line_time(line), number) for number in (1, 2, 3) for line in self.logs("taskmanager", number)
                  if "started worker" in line and self.job in line]
        return max(starts)[1]

    def restarts(self):
        """When the JobManager set the job running again, each time."""
        return [line_time(line) for line in self.logs("jobmanager") if "RESTARTING -> RUNNING" in line]

    def pause_after(self, known, since):
        """Seconds from `since` until the restart that came after the known ones; all tasks run then."""
        restarts = wait_for("the job's restart", lambda: self.restarts()[len(known):])
        wait_for("the job to run", self.running_job, 120)
        return (restarts[0] - since).total_seconds()

    # ---- the cluster

    def starts(self):
        self.up(*SERVICES)
        self.job = wait_for("the sample job to run", self.running_job, 180)
        expect(self.task_managers() == 1, "not one TaskManager")
        ports = self.podman("port", self.container("jobmanager")).split()
        expect(ports[-1] == f"127.0.0.1:{self.port}", f"published: {ports}")
        self.feed(0)

    def feed(self, first):
        producer = ["podman", "exec", "--interactive", self.container("kafka"),
                    "/opt/kafka/bin/kafka-console-producer.sh", "--bootstrap-server", "kafka:9092", "--topic", "input"]
        self.feeder = Feeder(first, producer, self.environment)
        self.feeder.start()

    def grows(self):
        start = time.monotonic()
        self.up("taskmanager", WEIR_TASKMANAGERS="3")
        wait_for("three TaskManagers", lambda: self.task_managers() == 3)
        print(f"        from one to three TaskManagers in {time.monotonic() - start:.1f} s")
        expect(self.running_job() == self.job, "the job was disturbed")

    def shrinks(self):
        known, number = self.restarts(), self.newest_host()
        self.podman("stop", "--time", "20", self.container("taskmanager", number))
        asked = [line_time(line) for line in self.logs("taskmanager", number) if "stopping: SIGTERM" in line][-1]
        pause = self.pause_after(known, asked)
        wait_for("two TaskManagers", lambda: self.task_managers() == 2)
        print(f"        from three to two: the job was started again {pause:.3f} s after SIGTERM")
        expect(pause < 10, "the job waited for a time-out")

    def loses_a_task_manager(self):
        known, number = self.restarts(), self.newest_host()
        killed = datetime.datetime.utcnow()
        self.podman("kill", "--signal", "KILL", self.container("taskmanager", number))
        pause = self.pause_after(known, killed)
        print(f"        the job was started again {pause:.3f} s after SIGKILL of a container")

    def loses_its_jobmanager(self):
        known, address = self.task_managers(), self.address("jobmanager")
        self.podman("kill", "--signal", "KILL", self.container("jobmanager"))
        self.podman("start", self.container("jobmanager"))
        start = time.monotonic()
        wait_for("all TaskManagers to register", lambda: self.task_managers() == known, MOST_SECONDS_WITHOUT_JOBMANAGER)
        registered = time.monotonic() - start
        wait_for("the job to be recovered", lambda: self.running_job() == self.job, MOST_SECONDS_WITHOUT_JOBMANAGER)
        print(f"        after the JobManager was started again, at {self.address('jobmanager')} instead of {address}: "
              f"TaskManagers {registered:.1f} s, job {time.monotonic() - start:.1f} s")
        # As `up` does when it is called again: the job is not submitted a second time.
        self.podman("start", "--attach", self.container("submit"))
        expect(len(self.rest("/jobs")["jobs"]) == 1, f"{self.rest('/jobs')}")

    def has_lost_nothing(self):
        self.count = self.feeder.stop()
        expect(self.count > LINES_PER_SECOND, f"only {self.count} lines were fed")
        self.finds_lines(self.count)

    def finds_lines(self, count):
        wanted = {f"Processed: line {number}" for number in range(count)}
        found = wait_for("all lines in the output", lambda: self.output_with(wanted), 120)
        expect(set(found) == wanted, f"besides: {sorted(set(found) - wanted)[:5]}")
        print(f"        {count} lines in, {len(found)} out, none missing (at least once)")
        self.output_count = len(found)

    def output_with(self, wanted):
        """The output, once all that is wanted is there: a consumer may end before it has met the broker."""
        found = self.consume()
        return found if wanted <= set(found) else None

    def consume(self, *options):
        """The output topic, by Kafka's own consumer, until nothing comes for three seconds."""
        result = subprocess.run(["podman", "exec", self.container("kafka"), "/opt/kafka/bin/kafka-console-consumer.sh",
                                 "--bootstrap-server", "kafka:9092", "--topic", "output", "--from-beginning",
                                 "--timeout-ms", "3000", *options], capture_output=True, text=True,
                                env=self.environment, timeout=120, check=False)
        return result.stdout.splitlines()

    def goes_down_and_up(self):
        """The volumes stay, so the job goes on where it was."""
        self.compose("down", WEIR_TASKMANAGERS="3")
        expect(not self.left("ps", "--all"), f"containers: {self.left('ps', '--all')}")
        self.podman("network", "rm", f"{self.name}_default")
        start = time.monotonic()
        self.up(*SERVICES, WEIR_TASKMANAGERS="3")
        # All TaskManagers left in order: nobody waits for their workers' leases.
        wait_for("the job to run again", lambda: self.running_job() == self.job, MOST_SECONDS_WITHOUT_JOBMANAGER)
        print(f"        the job ran again {time.monotonic() - start:.1f} s after `up`")
        code = self.podman("wait", self.container("submit"), timeout_s=120).strip()
        expect(code == "0" and "runs already" in "\n".join(self.logs("submit")), f"{code}: {self.logs('submit')}")
        self.feed(self.count)
        wait_for("more lines", lambda: self.feeder.count > self.count + LINES_PER_SECOND)

    def has_demo_data(self):
        self.up("demo-data")
        wanted = self.output_count + 20
        wait_for("demo data in the output", lambda: len(self.consume("--max-messages", str(wanted))) == wanted)
        self.podman("stop", "--time", "20", self.container("demo-data"))
        code = self.podman("inspect", "--format", "{{.State.ExitCode}}", self.container("demo-data")).strip()
        expect(code == "0", f"it ended with {code} when it was asked to stop")

    def is_watched(self):
        """Prometheus has the figures of cluster, vertices and checkpoints that REST shows."""
        self.up("prometheus")
        wait_for("the TaskManagers' number", lambda: self.figure("weir_taskmanagers") == self.task_managers())
        # Nothing is fed, so both come to the same number.
        wait_for("the records that REST shows", lambda: self.records_read() and self.records_read() == self.figure(
            f'sum(weir_vertex_read_records_total{{job_id="{self.job}"}})'))
        wait_for("checkpoints", lambda: self.figure('sum(weir_job_checkpoints_total{outcome="completed"})'))

    def records_read(self):
        return sum(vertex["metrics"]["read-records"] for vertex in self.rest(f"/jobs/{self.job}")["vertices"])

    def figure(self, query):
        """What a query gives now, none before Prometheus knows."""
        url = f"http://127.0.0.1:{self.prometheus_port}/api/v1/query?query={urllib.parse.quote(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                found = json.load(answer)["data"]["result"]
        except (OSError, ValueError):
            return None
        return float(found[0]["value"][1]) if found else None

    def ends(self):
        self.compose("down", "--volumes", WEIR_TASKMANAGERS="3")
        for what in (("ps", "--all"), ("volume", "ls")):
            expect(not self.left(*what), f"{what}: {self.left(*what)}")

    def left(self, *what):
        """What podman has of this project."""
        return self.podman(*what, "--quiet", "--filter", f"label=io.podman.compose.project={self.name}").split()

    def close(self):
        if self.feeder:
            self.feeder.told.set()
        names = [self.container(service) for service in (*SERVICES, "demo-data", "prometheus")]
        names += [self.container("taskmanager", number) for number in (2, 3)]
        for command in (["rm", "--force", "--ignore", "--time", "0", *names],
                        ["network", "rm", f"{self.name}_default"],
                        ["volume", "rm", f"{self.name}_shared", f"{self.name}_kafka"]):
            subprocess.run(["podman", *command], env=self.environment, capture_output=True, check=False)
        self.podman.remove_images()
        shutil.rmtree(self.folder)


def free_ports(count):
    """Of this machine, none twice."""
    with contextlib.ExitStack() as stack:
        reservations = [stack.enter_context(socket.socket()) for _ in range(count)]
        for reservation in reservations:
            reservation.bind(("127.0.0.1", 0))
        return [reservation.getsockname()[1] for reservation in reservations]


def line_time(line):
    return datetime.datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S.%f")


def main():
    test = ComposeTest(*sys.argv[1:])
    cases = report.Report()
    try:
        if cases.case("images for compose are built", test.build) and cases.case("compose starts the sample job",
                                                                                 test.starts):
            cases.case("TaskManagers are added while it runs", test.grows)
            # Before a TaskManager is killed: the next JobManager waits for the lease of what ran there.
            cases.case("the JobManager is killed", test.loses_its_jobmanager)
            cases.case("one leaves in order", test.shrinks)
            cases.case("Kafka's own consumer finds every line", test.has_lost_nothing)
            cases.case("the job goes on after down and up", test.goes_down_and_up)
            cases.case("a TaskManager is killed", test.loses_a_task_manager)
            cases.case("Kafka's own consumer finds every line again", test.has_lost_nothing)
            cases.case("demo data goes through it", test.has_demo_data)
            cases.case("Prometheus watches it", test.is_watched)
            cases.case("down with volumes leaves nothing", test.ends)
    finally:
        test.close()
    cases.close()


if __name__ == "__main__":
    main()
