"""Contestants of the open loop: how long records are under way while they are sent at a fixed rate."""

import dataclasses
import time

from harness import processes
from harness.contestants import ResultDirectory, Sample, output_of

WARM_UP_S = 1.0  # at the beginning: neither records nor CPU time count


def quantile(latencies, share):
    """Nanoseconds that this share of [[nanoseconds, count], …], ascending, does not exceed."""
    wanted = share * sum(count for _, count in latencies)
    seen = 0
    for nanoseconds, count in latencies:
        seen += count
        if seen >= wanted:
            return nanoseconds
    raise processes.BenchmarkError("no latency was recorded")


def merged(parts):
    """Several such lists as one."""
    return sorted(pair for part in parts for pair in part)


def _sample(latencies, result, cpu_s_per_million):
    values = {f"{name} ms": quantile(latencies, share) / 1e6
              for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("longest", 1.0))}
    return Sample({**values, "CPU s / M records": cpu_s_per_million}, result)


def _arguments(run, per_second):
    return ("--records", run.records, "--per-second", per_second, "--warm-up", int(per_second * WARM_UP_S))


@dataclasses.dataclass
class LatencyLimit:
    name: str
    program: str
    per_second: int

    def measure(self, run):
        out = output_of([run.build / "benchmarks" / self.program, *_arguments(run, self.per_second)])
        return _sample(out["latencies"], (out["count"], out["hash"]), out["cpu_s"] / run.records * 1e6)


@dataclasses.dataclass
class LatencyJob:
    """CPU seconds are those of all processes of the cluster between warm-up and the last half second."""
    name: str
    plugin: str
    entry: str
    per_second: int
    task_managers: int = 2
    slots: int = 1
    parallelism: int = 2

    def measure(self, run):
        cluster = run.clusters.get(self.task_managers, self.slots)
        plugin = run.build / "jobs" / self.plugin
        measured_s = run.records / self.per_second - WARM_UP_S - 0.5
        with ResultDirectory() as directory:
            job = cluster.run(plugin, self.entry, self.parallelism,
                              [*_arguments(run, self.per_second), "--result-directory", directory.path])
            cluster.wait_until_running(job)
            time.sleep(WARM_UP_S)
            begin, cpu_before = time.monotonic(), processes.cpu_seconds(cluster.pids())
            time.sleep(measured_s)
            cpu_s, passed_s = processes.cpu_seconds(cluster.pids()) - cpu_before, time.monotonic() - begin
            time.sleep(1.0)  # past the last record, so that asking for the job's state disturbs none
            cluster.wait_until_ended(job)
            result, _ = directory.read(self.parallelism)
            latencies = merged(part["latencies"] for part in directory.parts(self.parallelism))
        return _sample(latencies, result, cpu_s / passed_s / self.per_second * 1e6)
