"""What there is to measure. A new limit, job or query is a program in limits/ or jobs/ and an entry here."""

from harness.contestants import BareServer, ClusterJob, InProcess, Limit, Servers, Submission
from harness.rounds import Benchmark

_PER_CORE = "M records / CPU s"
_MAP_FILTER = "benchmark_map_filter.so"
_SHUFFLE = "benchmark_shuffle.so"


def _map_filter(source):
    arguments = ("--source", source)
    return [
        Limit("loop by hand", "benchmark_map_filter_limit", arguments),
        InProcess("SDK chain, Map", "chain", _MAP_FILTER, "map-filter", arguments),
        InProcess("SDK chain, Update", "chain", _MAP_FILTER, "update-filter", arguments),
        InProcess("task engine, Map", "engine", _MAP_FILTER, "map-filter", arguments),
        InProcess("task engine, Update", "engine", _MAP_FILTER, "update-filter", arguments),
        ClusterJob("cluster, Map", _MAP_FILTER, "map-filter", arguments),
    ]


def _shuffle(record, entry):
    return [
        Limit("two processes by hand", "benchmark_shuffle_limit", ("--record", record)),
        InProcess("task engine, one process", "engine", _SHUFFLE, entry, parallelism=2),
        ClusterJob("two TaskManagers", _SHUFFLE, entry, task_managers=2, parallelism=2),
    ]


BENCHMARKS = [
    Benchmark("map-filter-generated", "bids of 80 bytes made from their index, map, filter: one chain",
              _map_filter("generated"), _PER_CORE, records=40_000_000, full_records=400_000_000, gate=0.7),
    Benchmark("map-filter-memory", "the same over bids that lie in memory (80 MiB)",
              _map_filter("memory"), _PER_CORE, records=40_000_000, full_records=400_000_000, gate=0.35),
    Benchmark("shuffle-longs", "keyBy 2→2 of 8-byte numbers, half of them to the other process",
              _shuffle("long", "shuffle-longs"), _PER_CORE, records=60_000_000, full_records=400_000_000, gate=0.4),
    Benchmark("shuffle-bids", "keyBy 2→2 of bids of about 200 bytes, half of them to the other process",
              _shuffle("bid", "shuffle-bids"), _PER_CORE, records=8_000_000, full_records=50_000_000, gate=0.75),
    Benchmark("servers", "start (spawned to answering REST or registered) and idle memory",
              [BareServer("bare process"), Servers("JobManager", "jobmanager"),
               Servers("TaskManager, 2 slots", "taskmanager"), Servers("both", "cluster")]),
    Benchmark("submission", "a job of two vertices, parallelism 2 on two TaskManagers, whose plugin is uploaded",
              [Submission("keyBy 2→2", _SHUFFLE, "trickle")]),
]
