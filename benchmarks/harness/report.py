"""Tables for people, JSON for the records."""

import datetime
import json
import os
import pathlib
import platform
import re
import subprocess


def print_table(benchmark, rows):
    print(f"\n{benchmark.name}: {benchmark.what}")
    metrics = list(rows[0]["metrics"])
    for row in rows[1:]:
        metrics += [metric for metric in row["metrics"] if metric not in metrics]
    width = max(len(row["contestant"]) for row in rows)
    print("  " + " " * width + "".join(f"{metric:>28}" for metric in metrics)
          + (f"{'ratio to the limit':>28}" if benchmark.ratio_of else ""))
    for row in rows:
        cells = [_cell(row["metrics"].get(metric)) for metric in metrics]
        if benchmark.ratio_of:
            cells.append(_cell(row.get("ratio")))
        print(f"  {row['contestant']:<{width}}" + "".join(f"{cell:>28}" for cell in cells))


def print_markdown(record):
    """The gates and ratios of a record as tables for a page."""
    print(f"{record['machine']['cpu']}, {record['machine']['cpus']} processors, {record['machine']['memory_gib']} GiB, "
          f"kernel {record['machine']['kernel']}; commit {record['commit'][:12]}, {record['time'][:10]}.\n")
    print("| gate | asked for | stretch | measured (lowest–highest) | |\n| --- | --- | --- | --- | --- |")
    for benchmark in record["benchmarks"]:
        for line in benchmark["gates"]:
            stretch = "" if line["stretch"] is None else line["stretch"]
            print(f"| {line['what']} | {'≤' if line['at_most'] else '≥'} {line['gate']} | {stretch} "
                  f"| {_cell(line['measured'])} | {line['verdict']} |")
    print("\n| benchmark | contestant | M records / CPU s | ratio to the limit |\n| --- | --- | --- | --- |")
    for benchmark in record["benchmarks"]:
        for row in benchmark["rows"] if benchmark["ratio_of"] else []:
            print(f"| `{benchmark['name']}` | {row['contestant']} | {_cell(row['metrics'][benchmark['ratio_of']])} "
                  f"| {_cell(row.get('ratio'))} |")


def _cell(spread):
    if spread is None:
        return "–"
    return f"{_number(spread['median'])} ({_number(spread['lowest'])}–{_number(spread['highest'])})"


def _number(value):
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{digits}f}"


def machine():
    """What kind of machine this is, without its name."""
    cpu_info = pathlib.Path("/proc/cpuinfo").read_text()
    memory = pathlib.Path("/proc/meminfo").read_text()
    model = re.search(r"model name\s*:\s*(.*)", cpu_info)
    return {"cpu": model.group(1) if model else platform.machine(), "cpus": os.cpu_count(),
            "memory_gib": round(int(re.search(r"MemTotal:\s*(\d+)", memory).group(1)) / 2**20),
            "kernel": platform.release().split("-")[0]}


def commit(root):
    """Which source the tree at `root` holds."""
    def git(*arguments):
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""
    return {"commit": git("rev-parse", "HEAD"), "uncommitted_changes": bool(git("status", "--porcelain"))}


def write_record(path, source, settings, benchmarks):
    """`source`: what commit() gave when the run began."""
    record = {"time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), **source,
              "machine": machine(), "settings": settings, "benchmarks": benchmarks}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_rounded(record), indent=1) + "\n")


def _rounded(value):
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
