"""What grows in the scaling study. Records per point are chosen so that each takes about a second."""

from harness.contestants import ClusterJob, InProcess, Limit
from harness.scaling import MEMORY, TIME, Study

_SHUFFLE = "benchmark_shuffle.so"
_COUNT = "benchmark_keyed_count.so"
_PADDED = "benchmark_padded.so"


def _engine(plugin, entry, arguments=(), parallelism=2):
    return InProcess("engine", "engine", plugin, entry, tuple(str(a) for a in arguments), parallelism)


def _count(through, keys, parallelism=1):
    return InProcess(through, through, _COUNT, "aggregate", ("--keys", str(keys)), parallelism, settled=4 * keys)


STUDIES = [
    Study("batch", "keyBy 2→2 in one process, by records in a batch of a channel", "records in a batch",
          (16, 32, 64, 128, 256, 512, 1024),
          {"longs": lambda size: _engine(_SHUFFLE, "shuffle-longs", ("--batch-records", size))},
          lambda size: 20_000_000),
    Study("record-size", "keyBy 2→2, by bytes of a record", "bytes of a record", (16, 64, 256, 1024, 4096),
          {"one process": lambda size: _engine(_PADDED, f"padded-{size}"),
           "one chain": lambda size: InProcess("chain", "chain", _PADDED, f"padded-{size}"),
           "two TaskManagers": lambda size: ClusterJob("cluster", _PADDED, f"padded-{size}", task_managers=2,
                                                       parallelism=2)},
          lambda size: min(30_000_000, 2_000_000_000 // size)),
    Study("keys", "running count, by number of keys, once nearly all are there", "keys",
          (1000, 10_000, 100_000, 1_000_000, 10_000_000),
          {"loop by hand": lambda keys: Limit("limit", "benchmark_keyed_count_limit",
                                              ("--keys", str(keys), "--settled", str(4 * keys))),
           "one chain": lambda keys: _count("chain", keys), "keyBy 2→2": lambda keys: _count("engine", keys, 2)},
          lambda keys: 4 * keys + 20_000_000),
    Study("parallelism", "keyBy n→n in one process on two processors, by parallelism", "subtasks of each vertex",
          (1, 2, 4, 16),
          {"longs": lambda count: _engine(_SHUFFLE, "shuffle-longs", (), count)},
          lambda count: 40_000_000),
    Study("channels", "keyBy n→n of longs in one process, by number of channels (n × n)", "channels",
          (1, 16, 256, 4096, 65_536),
          {"longs": lambda channels: _engine(_SHUFFLE, "shuffle-longs", (), round(channels ** 0.5))},
          lambda channels: 20_000_000, (TIME, MEMORY)),
]
