"""What a benchmark measures against each other. A contestant's measure(run) returns a Sample."""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

from harness import processes
from harness.cluster import LocalCluster


ALLOCATIONS = "allocations / M records"


@dataclasses.dataclass
class Sample:
    """Values by metric; `result` is what has to be equal over all contestants (None: nothing to compare)."""
    values: dict
    result: tuple = None


def _throughput(records, result, wall_s, cpu_s):
    return Sample({"M records / CPU s": records / cpu_s / 1e6, "M records / s": records / wall_s / 1e6,
                   "CPU s": cpu_s, "wall s": wall_s}, result)


def output_of(command):
    """What a program of ours prints: one line of JSON."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise processes.BenchmarkError(f"{pathlib.Path(command[0]).name} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


class ResultDirectory:
    """Where the subtasks of a job write what they counted."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="weir-result-"))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def parts(self, subtasks):
        return [json.loads((self.path / f"{i}.json").read_text()) for i in range(subtasks)]

    def read(self, subtasks):
        parts = self.parts(subtasks)
        digest = sum(int(part["hash"], 16) for part in parts) % 2**64
        wall_s = (max(part["end_ns"] for part in parts) - min(part["begin_ns"] for part in parts)) / 1e9
        return (sum(part["count"] for part in parts), f"{digest:016x}"), wall_s


@dataclasses.dataclass
class Limit:
    """A program without Weir that prints one line of JSON (benchmarks/limits/stopwatch.h)."""
    name: str
    program: str
    arguments: tuple = ()
    question: str = None

    def measure(self, run):
        out = output_of([run.build / "benchmarks" / self.program, *self.arguments, "--records", run.records])
        if out["records"] <= 0:
            raise processes.BenchmarkError(f"{self.program}: too few records to settle first")
        return _throughput(out["records"], (out["count"], out["hash"]), out["wall_s"], out["cpu_s"])


@dataclasses.dataclass
class KeyedState:
    """A program of benchmarks/state/ or a limit that keeps its state in a folder of its own. `metrics`: what it prints
    beside a limit's line, by the name in the table."""
    name: str
    program: str
    arguments: tuple = ()
    metrics: dict = dataclasses.field(default_factory=dict)

    def measure(self, run):
        with tempfile.TemporaryDirectory(prefix="weir-state-") as directory:
            out = output_of([run.build / "benchmarks" / self.program, *self.arguments,
                             "--directory", pathlib.Path(directory) / "state", "--records", run.records])
        sample = _throughput(out["records"], (out["count"], out["hash"]), out["wall_s"], out["cpu_s"])
        sample.values.update({name: out[printed] for name, printed in self.metrics.items()})
        return sample


@dataclasses.dataclass
class InProcess:
    """A job run by benchmark_in_process: `through` is "chain" (the SDK alone), "steps" (the same, with the
    longest step timed) or "engine" (the task engine). `settled`: its CPU time counts after so many records."""
    name: str
    through: str
    plugin: str
    entry: str
    arguments: tuple = ()
    parallelism: int = 1
    settled: int = 0
    question: str = None

    def measure(self, run):
        with ResultDirectory() as directory:
            out = output_of([run.build / "benchmarks" / "benchmark_in_process", self.through,
                             run.build / "jobs" / self.plugin, self.entry, self.parallelism, *self.arguments,
                             "--records", run.records, "--settled", self.settled,
                             "--result-directory", directory.path])
            result, wall_s = directory.read(self.parallelism)
            parts = directory.parts(self.parallelism)
        sample = _throughput(run.records, result, wall_s, out["cpu_s"])
        if self.settled:
            if run.records <= self.settled:
                raise processes.BenchmarkError(f"{self.plugin}: too few records to settle first")
            cpu_s = max(part["end_cpu_s"] for part in parts) - max(part["settled_cpu_s"] for part in parts)
            sample.values["M records / CPU s"] = (run.records - self.settled) / cpu_s / 1e6
            sample.values["CPU s"] = cpu_s
        if self.through == "steps":
            sample.values["longest step ms"] = out["longest_step_ms"]
        sample.values["peak MiB"] = out["peak_mib"]
        sample.values[ALLOCATIONS] = out["allocations"] / run.records * 1e6
        return sample


@dataclasses.dataclass
class ClusterJob:
    """A job on a cluster of processes. CPU seconds are those of JobManager, TaskManagers and all their workers, from
    before the submission until the job has ended; wall time is from the first record at a sink to the last."""
    name: str
    plugin: str
    entry: str
    arguments: tuple = ()
    task_managers: int = 1
    slots: int = 1
    parallelism: int = 1

    def measure(self, run):
        cluster = run.clusters.get(self.task_managers, self.slots)
        plugin = run.build / "jobs" / self.plugin
        cluster.upload(plugin)
        with ResultDirectory() as directory:
            cpu_before = processes.cpu_seconds(cluster.pids())
            job = cluster.run(plugin, self.entry, self.parallelism,
                              [*self.arguments, "--records", run.records, "--result-directory", directory.path])
            cluster.wait_until_ended(job)
            # A worker that ends between two readings would be counted neither as itself nor by its parent.
            processes.wait_until("the job's processes to end",
                                 lambda: set(processes.tree(cluster.pids())) == set(cluster.pids()), 30)
            cpu_s = processes.cpu_seconds(cluster.pids()) - cpu_before
            result, wall_s = directory.read(self.parallelism)
        return _throughput(run.records, result, wall_s, cpu_s)


@dataclasses.dataclass
class BareServer:
    """What a process that listens and does nothing costs."""
    name: str

    def measure(self, run):
        with tempfile.TemporaryDirectory(prefix="weir-bare-") as directory:
            path = pathlib.Path(directory) / "address"
            begin = time.monotonic()
            process = subprocess.Popen([run.build / "benchmarks" / "benchmark_bare_server", "--address-file", path])
            try:
                processes.wait_until("the bare server", lambda: processes.read_if_complete(path), 10, alive=[process])
                start_ms = (time.monotonic() - begin) * 1000
                memory = processes.pss_mib([process.pid])
            finally:
                processes.stop(process)
        return Sample({"start ms": start_ms, "idle PSS MiB": memory})


def _settled_pss_mib(pids):
    """Once two readings a tenth of a second apart differ by less than 64 KiB."""
    last = processes.pss_mib(pids)

    def settled():
        nonlocal last
        before, last = last, processes.pss_mib(pids)
        return abs(last - before) < 1 / 16
    processes.wait_until("memory to settle", settled, 30, interval_s=0.1)
    return last


@dataclasses.dataclass
class Servers:
    """Start and idle memory of a fresh cluster: `part` is "jobmanager", "taskmanager" or "cluster" (both)."""
    name: str
    part: str

    def measure(self, run):
        with LocalCluster(run.build, task_managers=1, slots=2) as cluster:
            pids = {"jobmanager": [cluster.job_manager.pid], "taskmanager": [cluster.task_managers[0].pid],
                    "cluster": cluster.pids()}[self.part]
            start = cluster.start_ms["taskmanagers" if self.part == "taskmanager" else self.part]
            return Sample({"start ms": start, "idle PSS MiB": _settled_pss_mib(pids)})


@dataclasses.dataclass
class Submission:
    """From the request that runs an uploaded plugin until all subtasks are RUNNING, and what the idle job costs."""
    name: str
    plugin: str
    entry: str
    task_managers: int = 2
    slots: int = 1
    parallelism: int = 2

    def measure(self, run):
        cluster = run.clusters.get(self.task_managers, self.slots)
        plugin = run.build / "jobs" / self.plugin
        cluster.upload(plugin)
        with ResultDirectory() as directory:
            memory_before = _settled_pss_mib(cluster.pids())
            begin = time.monotonic()
            job = cluster.run(plugin, self.entry, self.parallelism,
                              ["--records", 0, "--result-directory", directory.path])
            answered = time.monotonic()
            cluster.wait_until_running(job)
            running = time.monotonic()
            memory = _settled_pss_mib(cluster.pids()) - memory_before
            cluster.cancel(job)
        return Sample({"submit to RUNNING ms": (running - begin) * 1000, "request ms": (answered - begin) * 1000,
                       "PSS of the job MiB": memory})
