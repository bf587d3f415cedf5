"""Whether Weir has become slower: ratios to the limit against those on record."""

import json

LEAST_SHARE = 0.85


def recorded_ratios(directory, name):
    """By (benchmark, contestant): the median ratio in the latest record of that set of benchmarks."""
    records = [json.loads(path.read_text()) for path in directory.glob("*.json")]
    ratios = {}
    for record in sorted(records, key=lambda record: record["time"]):
        if record["settings"]["set"] != name:
            continue
        for benchmark in record["benchmarks"]:
            for row in benchmark["rows"]:
                if "ratio" in row:
                    ratios[benchmark["name"], row["contestant"]] = row["ratio"]["median"]
    return ratios


def fallen(result, recorded):
    """The contestants of one benchmark whose best round is below LEAST_SHARE of what is on record."""
    found = {}
    for row in result["rows"]:
        before = recorded.get((result["name"], row["contestant"]))
        if before is not None and "ratio" in row and row["ratio"]["highest"] < LEAST_SHARE * before:
            found[row["contestant"]] = (row["ratio"]["highest"], before)
    return found


def confirmed(first, second):
    """Those that fell in both runs, one line each."""
    return [f"{contestant}: best ratio {max(best, second[contestant][0]):.3f}, on record {before:.3f}"
            for contestant, (best, before) in first.items() if contestant in second]
