"""Runs a benchmark: all contestants in turn, round after round, results compared before times count."""

import dataclasses
import statistics
import sys

from harness.processes import BenchmarkError


@dataclasses.dataclass
class Benchmark:
    """`contestants`: the limit first, if there is one. Their results must be equal, or, where they do different work,
    those of all that have the same `question`. `ratio_of`: the metric that is also given as a ratio to the limit of
    the same round."""
    name: str
    what: str
    contestants: list
    ratio_of: str = None
    records: int = 0       # of the short set
    full_records: int = 0  # of --full
    gates: list = dataclasses.field(default_factory=list)
    only_full: bool = False  # not in the short set
    rounds: int = None       # of the short set, where fewer have to do


@dataclasses.dataclass
class Run:
    """What contestants need to know."""
    build: object
    clusters: object
    records: int = 0


def measure(benchmark, run, rounds):
    """samples[contestant name] = list of values of each round."""
    samples = {contestant.name: [] for contestant in benchmark.contestants}
    expected = {}
    for number in range(rounds):
        for contestant in benchmark.contestants:
            sample = contestant.measure(run)
            if sample.result is not None:
                first, result = expected.setdefault(getattr(contestant, "question", None),
                                                    (contestant.name, sample.result))
                if sample.result != result:
                    raise BenchmarkError(f"{benchmark.name}: {contestant.name} gave count and hash {sample.result}, "
                                         f"{first} gave {result}")
            samples[contestant.name].append(sample.values)
            print(".", end="", flush=True, file=sys.stderr)
        print(f" round {number + 1} of {rounds}", file=sys.stderr)
    return samples


def summarize(benchmark, samples):
    """One row per contestant: median, lowest and highest of each metric, and ratios to the limit of the same round:
    `ratio` of the metric that the benchmark is about, with each round's in `round_ratios`, and `ratios` of those that
    gates look at."""
    limit = benchmark.contestants[0].name
    rows = []
    for contestant in benchmark.contestants:
        values = samples[contestant.name]
        metrics = {metric: _spread([value[metric] for value in values]) for metric in values[0]}
        row = {"contestant": contestant.name, "metrics": metrics}
        if benchmark.ratio_of and contestant.name != limit:
            row["round_ratios"] = _ratios(benchmark.ratio_of, values, samples[limit])
            row["ratio"] = _spread(row["round_ratios"])
        if contestant.name != limit:
            row["ratios"] = {gate.metric: _spread(_ratios(gate.metric, values, samples[limit]))
                             for gate in benchmark.gates
                             if gate.contestant == contestant.name and not gate.absolute
                             and gate.metric != benchmark.ratio_of}
        rows.append(row)
    return rows


def _ratios(metric, values, limits):
    return [own[metric] / bound[metric] for own, bound in zip(values, limits)]


def _spread(values):
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}
