"""How long a job is away when a process of its is killed, on a cluster of real processes with a spare slot.

Counted from just before SIGKILL to the first record at the sink whose input was made after that moment, and which a new
attempt has written. The source keeps to its schedule: what was due meanwhile comes first. Each round has a job of its
own; its first failure is answered at once, later ones would be after a pause."""

import dataclasses
import os
import pathlib
import random
import signal
import statistics
import struct
import tempfile
import time

from harness import chart, processes
from harness.cluster import LocalCluster

_ARRIVAL = struct.Struct("<qqqq")  # as jobs/recovery.cc writes them: created, arrived, turn, count
_WINDOW_S = 0.1
_BEFORE_S, _AFTER_S = 2.0, 4.0
GATE_FIRST_RECORD_MS = 500
GATE_RATE_MS = 2000
PHASES = ("detect", "stop", "slots and workers", "deploy", "restore and open", "first record")


@dataclasses.dataclass
class Settings:
    state_mb: int = 100
    value_bytes: int = 1000
    per_second: int = 20_000
    checkpoint_interval_ms: int = 1000
    victim: str = "taskmanager"
    rounds: int = 5
    seed: int = 1

    def keys(self):
        return max(2, self.state_mb * 1_000_000 // self.value_bytes)


@dataclasses.dataclass
class Round:
    first_record_ms: float
    rate_back_ms: float | None  # none: not within what was watched
    phases_ms: dict
    rate: list  # [(seconds from the kill, records per second that came), ...]


def read_arrivals(directory):
    """[(created ns, arrived ns, attempt), …], when each says what the state should hold by then. A line that is being
    written is left out."""
    found = []
    for path in pathlib.Path(directory).glob("*.arrivals"):
        data, attempt = path.read_bytes(), int(path.stem.partition("-")[2])
        whole = len(data) - len(data) % _ARRIVAL.size
        for created, arrived, turn, count in _ARRIVAL.iter_unpack(data[:whole]):
            if turn != count:
                raise processes.BenchmarkError(f"{path.name}: the state holds {count}, {turn} records of the key came")
            found.append((created, arrived, attempt))
    return found


def first_record_ms(arrivals, killed_ns):
    """From an attempt that was started anew: what a survivor wrote until it was stopped is no sign of recovery. None
    while there is nothing."""
    new = [arrived for created, arrived, attempt in arrivals if created > killed_ns and attempt > 0]
    return (min(new) - killed_ns) / 1e6 if new else None


def rate_over_time(arrivals, killed_ns):
    """Records that came per second, in windows around the kill."""
    first, end = round(-_BEFORE_S / _WINDOW_S), round(_AFTER_S / _WINDOW_S)
    counts = dict.fromkeys(range(first, end), 0)
    for _, arrived, _ in arrivals:
        window = (arrived - killed_ns) // int(_WINDOW_S * 1e9)
        if window in counts:
            counts[window] += 1
    return [(round(window * _WINDOW_S, 3), count / _WINDOW_S) for window, count in counts.items()]


def rate_back_ms(rate, per_second):
    """When the first window after the kill began from which on records came through half a second without a gap, with
    95 % of the rate; None: never."""
    after = [(at, count) for at, count in rate if at >= 0]
    span = round(0.5 / _WINDOW_S)
    for index in range(len(after) - span + 1):
        some = after[index:index + span]
        if sum(count for _, count in some) / span >= 0.95 * per_second and all(count > 0 for _, count in some):
            return some[0][0] * 1000
    return None


def phases_of(job, vertices, killed_wall_ms, first_ms):
    """From the wall-clock times that the JobManager keeps, so each is exact to a millisecond. Of the attempts that were
    started anew, the last to get through a phase counts; another may have written the first record before that, and the
    last phase is negative then."""
    anew = [s for vertex in vertices for s in vertex["subtasks"] if s["attempt"] > 0]
    restarting, running = job["timestamps"]["RESTARTING"], job["timestamps"]["RUNNING"]
    deployed = max(s["start-time"] for s in anew)
    ends = [restarting, running, deployed]
    for state in ("DEPLOYING", "INITIALIZING"):
        ends.append(ends[-1] + max(s["status-duration"].get(state, 0) for s in anew))
    ends.append(killed_wall_ms + first_ms)
    return {name: end - begin for name, begin, end in zip(PHASES, [killed_wall_ms, *ends], ends)}


class _Benchmark:
    def __init__(self, build, settings):
        self.build, self.settings = build, settings
        self.random = random.Random(settings.seed)
        self.checkpoints = tempfile.TemporaryDirectory(prefix="weir-recovery-")
        self.cluster = LocalCluster(build, 3, 1, (
            f"-Dexecution.checkpointing.dir={self.checkpoints.name}",
            f"-Dexecution.checkpointing.interval={settings.checkpoint_interval_ms} ms"))

    def run(self):
        with self.checkpoints, self.cluster:
            return [self._round() for _ in range(self.settings.rounds)]

    def _round(self):
        settings = self.settings
        with tempfile.TemporaryDirectory(prefix="weir-arrivals-") as directory:
            job = self.cluster.run(self.build / "jobs" / "benchmark_recovery.so", "keyed-state", 2, (
                "--keys", settings.keys(), "--value-bytes", settings.value_bytes,
                "--per-second", settings.per_second, "--result-directory", directory))
            self.cluster.wait_until_running(job)
            self._wait_for_load(job, directory)
            time.sleep(self.random.uniform(_BEFORE_S, _BEFORE_S + settings.checkpoint_interval_ms / 1000))
            killed_wall_ms, killed_ns = time.time() * 1000, time.monotonic_ns()
            self._kill(job)
            first_ms = processes.wait_until("the first new record", lambda: first_record_ms(
                read_arrivals(directory), killed_ns), 120, interval_s=0.2, alive=[self.cluster.job_manager])
            time.sleep(_AFTER_S)
            arrivals, details = read_arrivals(directory), self.cluster.job(job)
            vertices = [self.cluster.get(f"/v1/jobs/{job}/vertices/{v['id']}") for v in details["vertices"]]
            self.cluster.replace_ended()
            self.cluster.cancel(job)
        first_ms = first_record_ms(arrivals, killed_ns)
        rate = rate_over_time(arrivals, killed_ns)
        return Round(first_ms, rate_back_ms(rate, settings.per_second),
                     phases_of(details, vertices, killed_wall_ms, first_ms), rate)

    def _wait_for_load(self, job, directory):
        """Until the state is full, and a checkpoint that began after that has completed."""
        alive = self.cluster.servers()
        processes.wait_until("the state to fill", lambda: read_arrivals(directory), 600, 0.05, alive)
        full_ms = time.time() * 1000

        def held():
            latest = self.cluster.get(f"/v1/jobs/{job}/checkpoints")["latest"]["completed"]
            return latest is not None and latest["trigger_timestamp"] > full_ms
        processes.wait_until("a checkpoint of the full state", held, 600, 0.05, alive)

    def _kill(self, job):
        details = self.cluster.job(job)
        vertex = self.cluster.get(f"/v1/jobs/{job}/vertices/{details['vertices'][0]['id']}")
        subtask = self.random.choice(vertex["subtasks"])
        if self.settings.victim == "worker":
            os.kill(subtask["worker-pid"], signal.SIGKILL)
        else:
            self.cluster.task_manager(subtask["taskmanager-id"]).send_signal(signal.SIGKILL)


def measure(build, settings):
    """(a row for the record, {file name: chart})"""
    probe = processes.IdleProbe(build)
    try:
        found = _Benchmark(build, settings).run()
    finally:
        longest_stall_ms = probe.stop()
    firsts = [one.first_record_ms for one in found]
    backs = [one.rate_back_ms for one in found]
    row = {"name": "recovery", "settings": dataclasses.asdict(settings), "longest_stall_ms": longest_stall_ms,
           "first_record_ms": {"median": statistics.median(firsts), "worst": max(firsts), "gate": GATE_FIRST_RECORD_MS},
           "rate_back_ms": {"worst": None if None in backs else max(backs), "gate": GATE_RATE_MS},
           "phases_ms": {name: {"median": statistics.median(one.phases_ms[name] for one in found),
                                "worst": max(one.phases_ms[name] for one in found)} for name in PHASES},
           "rounds": [dataclasses.asdict(one) for one in found]}
    worst = max(found, key=lambda one: one.first_record_ms)
    title = f"Records per second around a SIGKILL, {settings.state_mb} MB of state (the worst round)"
    rates = {"at the sink": worst.rate}
    return row, {"recovery.svg": chart.time_chart(title, "s since the kill", "records / s", rates)}


def print_row(row):
    settings = row["settings"]
    print(f"\nrecovery: SIGKILL of a {settings['victim']}, {settings['state_mb']} MB of heap state, "
          f"{settings['per_second']} records/s, a checkpoint every {settings['checkpoint_interval_ms']} ms, "
          f"{settings['rounds']} rounds")
    first, back = row["first_record_ms"], row["rate_back_ms"]
    verdict = "met" if first["worst"] <= first["gate"] else "NOT met"
    print(f"  first new record   median {first['median']:.0f} ms, worst {first['worst']:.0f} ms "
          f"(gate {first['gate']} ms: {verdict})")
    met = back["worst"] is not None and back["worst"] <= back["gate"]
    shown = "not within what was watched" if back["worst"] is None else f"worst {back['worst']:.0f} ms"
    print(f"  95 % of the rate   {shown} (gate {back['gate']} ms: {'met' if met else 'NOT met'})")
    for name, phase in row["phases_ms"].items():
        print(f"    {name:<18} median {phase['median']:6.0f} ms, worst {phase['worst']:6.0f} ms")
    print(f"  longest stall of an idle thread meanwhile: {row['longest_stall_ms']:.1f} ms", flush=True)
