"""How the cost of a record grows with one quantity at a time."""

import dataclasses
import statistics
import sys

from harness import chart
from harness.processes import BenchmarkError
from harness.rounds import Run

TIME = "ns / record"
MEMORY = "peak MiB"


@dataclasses.dataclass
class Study:
    """`series`: by name a function that makes the contestant for one x. `records`: how many for one x. `metrics`: what
    is drawn, a chart each."""
    name: str
    what: str
    x_name: str
    xs: tuple
    series: dict
    records: object
    metrics: tuple = (TIME,)


def measure(study, build, clusters, rounds):
    """{series: [{"x": …, metric: median, …}, …]}; contestants of one x must agree on the result."""
    lines = {name: [] for name in study.series}
    for x in study.xs:
        run = Run(build, clusters, study.records(x))
        samples = {name: [] for name in study.series}
        results = {}
        for _ in range(rounds):
            for name, make in study.series.items():
                sample = make(x).measure(run)
                results[name] = sample.result
                samples[name].append({**sample.values, TIME: 1000 / sample.values["M records / CPU s"]})
        if len(set(results.values())) != 1:
            raise BenchmarkError(f"{study.name} at {x}: different results: {results}")
        for name, values in samples.items():
            lines[name].append({"x": x, "records": run.records,
                                **{metric: statistics.median(value[metric] for value in values)
                                   for metric in values[0]}})
        print(".", end="", flush=True, file=sys.stderr)
    print(f" {study.name}", file=sys.stderr)
    return lines


def print_table(study, lines):
    print(f"\n{study.name}: {study.what}")
    for metric in study.metrics:
        print(f"  {metric:<28}" + "".join(f"{chart.short_number(x):>10}" for x in study.xs))
        for name, points in lines.items():
            if metric in points[0]:
                print(f"  {name:<28}" + "".join(f"{point[metric]:>10.3g}" for point in points))


def charts(study, lines):
    """{file name: SVG}"""
    made = {}
    for metric in study.metrics:
        drawn = {name: [(point["x"], point[metric]) for point in points if point[metric] > 0]
                 for name, points in lines.items() if metric in points[0]}
        suffix = "-memory" if metric == MEMORY else ""
        made[f"scaling-{study.name}{suffix}.svg"] = chart.line_chart(study.what, study.x_name, metric, drawn)
    return made
