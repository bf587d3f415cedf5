"""What there is to measure. A new limit, job or query is a program in limits/ or jobs/ and an entry here.

The gates are those of the project's issue on the hot path; docs/performance.md says how they stand.
"""

from harness.contestants import (ALLOCATIONS, BareServer, ClusterJob, InProcess, KeyedState, Limit, Servers,
                                 Submission)
from harness.gates import Gate
from harness.latency import LatencyJob, LatencyLimit
from harness.rounds import Benchmark

_PER_CORE = "M records / CPU s"
_STATELESS = "benchmark_nexmark_stateless.so"
_SHUFFLE = "benchmark_shuffle.so"
_COUNT = "benchmark_keyed_count.so"
_KEYED = "benchmark_nexmark_keyed.so"
_WINDOWS = "benchmark_nexmark_windows.so"
_WINDOWED_COUNT = "benchmark_windowed_count.so"


def _stateless(query, source, jobs):
    """`jobs`: name of the job by what the contestant is called; the engine runs all, the SDK alone the first."""
    arguments = ("--source", source)
    first = next(iter(jobs))
    return [
        Limit("loop by hand", "benchmark_nexmark_limit", ("--query", query, *arguments)),
        InProcess(f"SDK chain{first}", "chain", _STATELESS, jobs[first], arguments),
        *(InProcess(f"task engine{name}", "engine", _STATELESS, job, arguments) for name, job in jobs.items()),
    ]


_MAP_AND_UPDATE = {", Map": "q1-map", ", Update": "q1-update"}
_STRINGS = {", MapInto": "q1-strings-map-into", ", Map": "q1-strings-map", ", Update": "q1-strings-update"}

STATELESS = [
    Benchmark("nexmark-q0-memory", "bids of 80 bytes that lie in memory (80 MiB), passed through",
              _stateless("q0", "memory", {"": "q0"}), _PER_CORE, records=100_000_000, full_records=400_000_000),
    Benchmark("nexmark-q1-memory", "the same, dollars to euros",
              _stateless("q1", "memory", _MAP_AND_UPDATE), _PER_CORE, records=100_000_000, full_records=400_000_000,
              gates=[Gate("q1 chained, in memory, Map", "task engine, Map", 0.40, 0.5),
                     Gate("q1 chained, in memory, Update", "task engine, Update", 0.55, 0.65),
                     Gate("q1 in memory, Map, allocations per M", "task engine, Map", 100, None, ALLOCATIONS, True,
                          True)]),
    Benchmark("nexmark-q2-memory", "the same, the bids on one auction in 123",
              _stateless("q2", "memory", {"": "q2"}), _PER_CORE, records=100_000_000, full_records=400_000_000,
              gates=[Gate("q2 chained, in memory", "task engine", 0.65, 0.8)]),
    Benchmark("nexmark-q1-generated", "bids of 80 bytes made from their number, dollars to euros",
              _stateless("q1", "generated", _MAP_AND_UPDATE), _PER_CORE, records=20_000_000, full_records=100_000_000,
              gates=[Gate("q1 with generator", "task engine, Map", 0.80, 0.9)]),
    Benchmark("nexmark-q2-generated", "the same, the bids on one auction in 123",
              _stateless("q2", "generated", {"": "q2"}), _PER_CORE, records=20_000_000, full_records=100_000_000,
              gates=[Gate("q2 with generator", "task engine", 0.80, 0.9)]),
    Benchmark("nexmark-q1-strings", "bids with strings of their own made from their number, dollars to euros",
              [*_stateless("q1", "strings", _STRINGS),
               Limit("loop by hand, into a second record", "benchmark_nexmark_limit",
                     ("--query", "q1-into", "--source", "strings"))],
              _PER_CORE, records=6_000_000, full_records=50_000_000,
              gates=[Gate("q1 with generator and strings, MapInto", "task engine, MapInto", 0.70, 0.85),
                     Gate("q1 with strings, MapInto, allocations per M", "task engine, MapInto", 1000, None,
                          ALLOCATIONS, True, True)]),
    Benchmark("nexmark-q13", "bids with a value from a table of 10 000 at the side",
              _stateless("q13", "generated", {"": "q13"}), _PER_CORE, records=20_000_000, full_records=50_000_000,
              only_full=True),
    Benchmark("nexmark-q14", "bids in a range of prices, with the time of day and the number of letters c",
              _stateless("q14", "generated", {"": "q14"}), _PER_CORE, records=20_000_000, full_records=50_000_000,
              only_full=True),
    Benchmark("nexmark-q21", "bids with the id of their channel, by regular expression where it is not popular",
              _stateless("q21", "generated", {"": "q21"}), _PER_CORE, records=2_000_000, full_records=10_000_000,
              only_full=True),
    Benchmark("nexmark-q22", "bids with three directories of their url",
              _stateless("q22", "generated", {"": "q22"}), _PER_CORE, records=20_000_000, full_records=50_000_000,
              only_full=True),
]


def _shuffle(record, entry):
    return [
        Limit("two processes by hand", "benchmark_shuffle_limit", ("--record", record)),
        InProcess("task engine, one process", "engine", _SHUFFLE, entry, parallelism=2),
        ClusterJob("two TaskManagers", _SHUFFLE, entry, task_managers=2, parallelism=2),
    ]


def _latency(per_second):
    return [LatencyLimit("two processes by hand", "benchmark_latency_limit", per_second),
            LatencyJob("two TaskManagers", _SHUFFLE, "latency", per_second)]


BETWEEN_TASK_MANAGERS = [
    Benchmark("shuffle-longs", "keyBy 2→2 of 8-byte numbers, half of them to the other process",
              _shuffle("long", "shuffle-longs"), _PER_CORE, records=60_000_000, full_records=400_000_000,
              gates=[Gate("shuffle of longs", "two TaskManagers", 0.4, 0.6)]),
    Benchmark("shuffle-bids", "keyBy 2→2 of full Nexmark bids, half of them to the other process",
              _shuffle("bid", "shuffle-bids"), _PER_CORE, records=8_000_000, full_records=50_000_000,
              gates=[Gate("shuffle of full bids", "two TaskManagers", 0.75, 0.85)]),
    Benchmark("latency-100k", "open loop, 100 000 full bids a second, keyBy 2→2; those that go to the other process",
              _latency(100_000), records=450_000, full_records=2_000_000, rounds=3,
              gates=[Gate("latency at 100 k/s, p50 ms", "two TaskManagers", 0.5, 0.2, "p50 ms", True, True),
                     Gate("latency at 100 k/s, p99 to the limit's", "two TaskManagers", 3, 2, "p99 ms", False, True),
                     Gate("latency at 100 k/s, CPU s per M", "two TaskManagers", 1, None, "CPU s / M records", True,
                          True)]),
    Benchmark("latency-10k", "the same with 10 000 a second", _latency(10_000), records=45_000, full_records=200_000,
              only_full=True),
    Benchmark("latency-500k", "the same with 500 000 a second", _latency(500_000), records=2_250_000,
              full_records=10_000_000, only_full=True),
]

def _count(keys, settled):
    arguments = ("--keys", str(keys))
    return [
        Limit("loop by hand", "benchmark_keyed_count_limit", (*arguments, "--settled", str(settled))),
        InProcess("SDK chain", "chain", _COUNT, "aggregate", arguments, settled=settled),
        InProcess("task engine, chained", "engine", _COUNT, "aggregate", arguments, settled=settled),
        InProcess("task engine, keyBy 2→2", "engine", _COUNT, "aggregate", arguments, 2, settled),
    ]


def _count_gates(name):
    return [Gate(f"running count, {name} keys, chained", "task engine, chained", 0.75, 0.9),
            Gate(f"running count, {name} keys, keyBy 2→2", "task engine, keyBy 2→2", 0.50, 0.7)]


def _keyed(query, what, source=(), full_records=40_000_000, **options):
    return Benchmark(f"nexmark-{query}", what,
                     [Limit("loop by hand", "benchmark_nexmark_keyed_limit", ("--query", query)),
                      InProcess("SDK chain", "chain", _KEYED, query, source),
                      InProcess("task engine", "engine", _KEYED, query, source)],
                     _PER_CORE, records=10_000_000, full_records=full_records, **options)


_BIDS = ("--source", "generated")

KEYED = [
    Benchmark("keyed-count-1m", "running count over 1 M keys, spread evenly, once nearly all are there",
              _count(1_000_000, 4_000_000), _PER_CORE, records=34_000_000, full_records=104_000_000,
              gates=_count_gates("1 M")),
    Benchmark("keyed-count-10m", "the same over 10 M keys", _count(10_000_000, 40_000_000), _PER_CORE,
              records=60_000_000, full_records=140_000_000, rounds=3, gates=_count_gates("10 M")),
    Benchmark("keyed-count-growth", "the longest step (CPU time) while the table grows to 10 M keys",
              [InProcess("SDK chain", "steps", _COUNT, "aggregate", ("--keys", "10000000"))],
              records=40_000_000, full_records=40_000_000, rounds=3,
              gates=[Gate("longest step to 10 M keys, ms", "SDK chain", 10, 4, "longest step ms", True, True)]),
    _keyed("q3", "auctions of one category joined with their sellers in three states, by person",
           gates=[Gate("q3", "task engine", 0.5)]),
    _keyed("q17", "statistics of bids by auction and day", _BIDS),
    _keyed("q4", "mean of winning prices by category, after the winning price by auction", only_full=True),
    _keyed("q9", "winning bid by auction", only_full=True),
    _keyed("q18", "last bid by bidder and auction", _BIDS, only_full=True),
    _keyed("q20", "bids joined with auctions of one category, by auction", only_full=True,
           gates=[Gate("q20", "task engine", 0.5)]),
    _keyed("q15", "bids, and different bidders and auctions, by day and rank", _BIDS, only_full=True),
    _keyed("q16", "the same by channel and day", _BIDS, full_records=10_000_000, only_full=True),
    _keyed("q19", "the ten highest bids by auction", _BIDS, full_records=20_000_000, only_full=True),
]


def window_contestants(query, jobs, events_per_second):
    """`jobs`: "chain" and "engine" at parallelism 1, "exchange" the engine at 2."""
    arguments = (*_BIDS, "--events-per-second", str(events_per_second))
    contestants = {"chain": InProcess("SDK chain", "chain", _WINDOWS, query, arguments),
                   "engine": InProcess("task engine", "engine", _WINDOWS, query, arguments),
                   "exchange": InProcess("task engine, keyBy 2→2", "engine", _WINDOWS, query, arguments, 2)}
    limit = Limit("loop by hand", "benchmark_nexmark_window_limit",
                  ("--query", query, "--events-per-second", str(events_per_second)))
    return [limit, *(contestants[job] for job in jobs)]


def _windows(query, what, jobs, **options):
    return Benchmark(f"nexmark-{query}", what, window_contestants(query, jobs, 1_000_000), _PER_CORE,
                     records=16_000_000, full_records=40_000_000, rounds=3, **options)


def _minute_windows(question):
    return [InProcess(f"{question}, task engine", "engine", _WINDOWED_COUNT, question, question=question),
            Limit(f"{question}, loop by hand", "benchmark_windowed_count_limit", ("--windows", question),
                  question=question)]


WINDOWS = [
    _windows("q5", "the auctions with the most bids, windows of 10 s every 2 s", ("chain", "engine", "exchange"),
             gates=[Gate("q5 chained", "task engine", 0.8), Gate("q5, keyBy 2→2", "task engine, keyBy 2→2", 0.45)]),
    _windows("q8", "persons who open an auction in the same 10 s, joined", ("engine",),
             gates=[Gate("q8", "task engine", 0.5)]),
    Benchmark("sliding-windows", "counts over 10 000 keys, windows of 60 s that slide by 1 s; the limit: tumbling ones",
              _minute_windows("tumbling") + _minute_windows("sliding"), _PER_CORE, records=90_000_000,
              full_records=300_000_000, rounds=3,
              gates=[Gate("sliding 60 s/1 s, CPU s to tumbling", "sliding, task engine", 1.3, None, "CPU s", False,
                          True)]),
    _windows("q6", "mean price of the last ten auctions that a seller sold", ("chain", "engine", "exchange"),
             only_full=True),
    _windows("q7", "the highest bids, windows of 10 s over all", ("engine",), only_full=True),
    _windows("q11", "bids by bidder and session, gap 10 s", ("chain", "engine", "exchange"), only_full=True),
    _windows("q12", "bids by bidder, windows of 10 s of processing time", ("chain", "engine", "exchange"),
             only_full=True),
]

SERVERS = [
    Benchmark("servers", "start (spawned to answering REST or registered) and idle memory",
              [BareServer("bare process"), Servers("JobManager", "jobmanager"),
               Servers("TaskManager, 2 slots", "taskmanager"), Servers("both", "cluster")],
              gates=[Gate("idle JobManager and TaskManager, PSS MiB", "both", 60, 40, "idle PSS MiB", True, True),
                     Gate("cluster start, ms", "both", 150, 75, "start ms", True, True)]),
    Benchmark("submission", "a job of two vertices, parallelism 2 on two TaskManagers, whose plugin is uploaded",
              [Submission("keyBy 2→2", _SHUFFLE, "trickle")],
              gates=[Gate("run request to RUNNING, ms", "keyBy 2→2", 50, 25, "submit to RUNNING ms", True, True)]),
]



def _stored(spread, what, gate):
    arguments = ("--spread", spread, "--keys", "1000000")
    return Benchmark(f"stored-count-{spread}", what,
                     [KeyedState("RocksDB by hand, get and put", "benchmark_stored_count_limit", arguments),
                      KeyedState("write-back cache above RocksDB", "benchmark_stored_count",
                                 (*arguments, "--cached", "65536", "--checkpoints", "2"))],
                     _PER_CORE, records=1_000_000, full_records=20_000_000, rounds=3, only_full=True,
                     gates=[Gate(f"RocksDB, keyed update, {spread} keys", "write-back cache above RocksDB", gate,
                                 required=True)])


STORED = [
    _stored("uniform", "running count in 100 bytes for each of 1 M keys, spread evenly, with two checkpoints", 0.9),
    _stored("nexmark", "the same, keys as auctions are bid on", 4),
]

_HELD = {"longest step ms": "longest_step_ms", "longest step CPU ms": "longest_step_cpu_ms",
         "M records / task CPU s": "task_rate", "snapshots": "snapshots", "restore ms": "restore_ms",
         "restore CPU ms": "restore_cpu_ms"}


def held_state(state_mb):
    """Snapshots of so much keyed state in memory, and its restore; by wall time, for which the machine has to be idle.
    The state's size is an argument of the run. Not required of strings: the task copies an entry before it first
    writes to it, so evenly spread updates make it copy most of the state (0.3 s of CPU for a GB) each time."""
    benchmarks = []
    for kind, value_bytes, what in (("plain", 0, "values of 100 bytes"), ("strings", 1000, "strings of 1000 bytes")):
        arguments = ("--state-mb", str(state_mb), "--value-bytes", str(value_bytes), "--snapshots")
        benchmarks.append(Benchmark(
            f"held-state-{kind}", f"{state_mb} MB of {what}, updated evenly",
            [KeyedState("without snapshots", "benchmark_held_state", (*arguments, "0"), _HELD),
             KeyedState("snapshots all the while", "benchmark_held_state", (*arguments, "1"), _HELD)],
            "M records / s", records=10_000_000, full_records=100_000_000, rounds=3, only_full=True,
            gates=[Gate(f"{state_mb} MB {kind}, rate while snapshots are taken", "snapshots all the while", 0.85,
                        metric="M records / s", required=value_bytes == 0),
                   Gate(f"{state_mb} MB {kind}, longest pause of the task, ms", "snapshots all the while", 10, None,
                        "longest step ms", True, True, value_bytes == 0)]))
    return benchmarks


BENCHMARKS = [*STATELESS, *KEYED, *WINDOWS, *STORED, *BETWEEN_TASK_MANAGERS, *SERVERS]

# Nexmark's queries that are not measured, and why.
MISSING = {
    "q10": "files are measured by themselves",
}
