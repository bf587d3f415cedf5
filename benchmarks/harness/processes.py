"""What the kernel knows about processes: CPU time and memory of whole trees."""

import os
import pathlib
import signal
import subprocess
import time

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class BenchmarkError(Exception):
    """Something that the person who runs the benchmarks should read."""


def _stat(pid):
    """The fields of /proc/<pid>/stat behind the program's name, or None when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def tree(roots):
    """The processes and all that descend from them, as pid -> stat fields."""
    stats = {int(name): _stat(name) for name in os.listdir("/proc") if name.isdigit()}
    children = {}
    for pid, fields in stats.items():
        if fields is not None:
            children.setdefault(int(fields[1]), []).append(pid)
    found = {}
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if stats.get(pid) is not None:
            found[pid] = stats[pid]
            waiting += children.get(pid, [])
    return found


def cpu_seconds(roots):
    """User and system time of the trees, with that of children that have ended and were waited for."""
    return sum(int(ticks) for fields in tree(roots).values() for ticks in fields[11:15]) / _TICKS_PER_SECOND


def pss_mib(roots):
    """Proportional set size of the trees: shared pages count once over all processes that share them."""
    total_kib = 0
    for pid in tree(roots):
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total_kib += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total_kib / 1024


def wait_until(what, probe, timeout_s, interval_s=0.001, alive=()):
    """Polls until the probe gives something; the processes must live meanwhile."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = probe()
        if found:
            return found
        for process in alive:
            if process.poll() is not None:
                raise BenchmarkError(f"{process.args[0]} ended with status {process.returncode} ({what})")
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{what}: not after {timeout_s} s")
        time.sleep(interval_s)


def read_if_complete(path):
    """The file's text once it has been renamed into place, else None."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return None


def stop(process, timeout_s=20):
    """Ends one process that we started; one that does not end in time is killed and named."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise BenchmarkError(f"{process.args[0]} did not end within {timeout_s} s of SIGTERM") from None


class IdleProbe:
    """The longest time that a thread with nothing to do was kept from running, in milliseconds."""

    def __init__(self, build):
        self.process = subprocess.Popen([build / "benchmarks" / "benchmark_idle_probe"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def stop(self):
        output, _ = self.process.communicate(timeout=10)
        return float(output)
