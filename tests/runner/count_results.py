"""Counts test cases over whole ctest runs.

    count_results.py count --name NAME --junit FILE --gtest FOLDER --labels FILE --summary FILE
    count_results.py note --name NAME --case TEXT (--passed | --failed REASON) --summary FILE
    count_results.py total [--require-kafka] SUMMARY…

`count` reads what one ctest run left: its JUnit file, the XML files that GoogleTest binaries wrote into FOLDER, and
the labels (`ctest --show-only=json-v1`). A binary that crashed left no XML; its cases are then read from its output,
and the one it died in counts as failed. A binary that ends badly after all its cases passed (a sanitizer's report at
exit) is one more failed case. `note` records a step that is no ctest test. `total` prints what failed and what was
skipped and why, and ends with `N passed, N failed, N skipped`.
"""

import argparse
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

_LAST_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)
_GTEST_LINE = re.compile(r"\[( RUN      |       OK |  FAILED  |  SKIPPED )\] ([\w/.<>]+\.[\w/<>]+)(.*)")
_KAFKA = re.compile(r"kafka|broker", re.IGNORECASE)


def new_summary(name):
    return {"name": name, "passed": 0, "failed": [], "skipped": []}


def _parse(file):
    try:
        return xml.etree.ElementTree.parse(file).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return None


def _count_gtest_xml(root, labels, summary):
    """Adds the cases of one binary; answers how many of them failed."""
    failed = 0
    for case in root.iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        failures = [failure.get("message", "") for failure in case.findall("failure")]
        skipped = case.find("skipped")
        if failures:
            failed += 1
            summary["failed"].append({"case": name, "reason": failures[0]})
        elif case.get("result") == "skipped" or skipped is not None:
            reason = skipped.get("message", "") if skipped is not None else ""
            summary["skipped"].append({"case": name, "reason": _without_place(reason), "labels": labels})
        elif case.get("status") == "notrun":
            summary["skipped"].append({"case": name, "reason": "disabled", "labels": labels})
        else:
            summary["passed"] += 1
    return failed


def _without_place(reason):
    """GoogleTest puts `file:line` before what the test said."""
    lines = [line.strip() for line in reason.split("\n") if line.strip()]
    said = [line for line in lines if not re.fullmatch(r"\S+:\d+(: Skipped)?", line)]
    return " ".join(said) or "no reason given"


def _count_gtest_output(output, labels, summary):
    """The same from the output of a binary that left no XML."""
    results = {}
    for mark, name, rest in _GTEST_LINE.findall(output):
        if mark.strip() == "RUN" or " ms)" in rest:
            results[name] = mark.strip()
    for name, mark in results.items():
        if mark == "OK":
            summary["passed"] += 1
        elif mark == "SKIPPED":
            summary["skipped"].append({"case": name, "reason": "see the output", "labels": labels})
        else:
            reason = "failed" if mark == "FAILED" else "the process ended or was ended in this case"
            summary["failed"].append({"case": name, "reason": reason})
    return sum(1 for mark in results.values() if mark in ("FAILED", "RUN"))


def _count_script(name, failed, output, summary):
    """A test that is no GoogleTest binary; answers how many failed cases it reported."""
    counts = _LAST_LINE.findall(output)
    if not counts:
        if not failed:
            summary["passed"] += 1
        return 0
    passed, failures, skipped = (int(number or 0) for number in counts[-1])
    summary["passed"] += passed
    details = [line.strip() for line in output.split("\n") if line.startswith("FAILED")]
    for index in range(failures):
        summary["failed"].append({"case": name, "reason": details[index] if index < len(details) else "see the output"})
    summary["skipped"] += [{"case": name, "reason": "see the output", "labels": []}] * skipped
    return failures


def count(name, junit, gtest_folder, labels_of):
    """The summary of one ctest run. `labels_of`: test name -> labels."""
    summary = new_summary(name)
    root = _parse(junit)
    if root is None:
        summary["failed"].append({"case": name, "reason": f"ctest left no readable {junit}"})
        return summary
    for test in root.iter("testcase"):
        _count_test(test, gtest_folder, labels_of, summary)
    return summary


def _count_test(test, gtest_folder, labels_of, summary):
    name = test.get("name")
    labels = labels_of.get(name, [])
    status = test.get("status")
    output = test.findtext("system-out") or ""
    if status == "disabled" or test.find("skipped") is not None:
        reason = output.strip().split("\n")[-1] or "disabled"
        summary["skipped"].append({"case": name, "reason": reason, "labels": labels})
        return
    failed = status != "run"
    gtest_root = _parse(pathlib.Path(gtest_folder) / f"{name}.xml")
    if gtest_root is not None:
        failures = _count_gtest_xml(gtest_root, labels, summary)
    elif _GTEST_LINE.search(output):
        failures = _count_gtest_output(output, labels, summary)
    else:
        failures = _count_script(name, failed, output, summary)
    if failed and failures == 0:
        failure = test.find("failure")
        message = failure.get("message") if failure is not None else status
        summary["failed"].append({"case": name, "reason": f"the process failed outside its cases: {message}"})


def labels_from_ctest(listing):
    """Test name -> labels, from what `ctest --show-only=json-v1` prints."""
    result = {}
    for test in listing.get("tests", []):
        properties = {entry["name"]: entry["value"] for entry in test.get("properties", [])}
        result[test["name"]] = properties.get("LABELS", [])
    return result


def total(summaries, require_kafka, write=print):
    """Prints the report; answers whether everything is well."""
    passed = sum(summary["passed"] for summary in summaries)
    failed, skipped = [], []
    for summary in summaries:
        failed += [(summary["name"], entry["case"], entry["reason"]) for entry in summary["failed"]]
        for entry in summary["skipped"]:
            needs_kafka = "kafka" in entry.get("labels", []) or _KAFKA.search(entry["reason"])
            if require_kafka and needs_kafka:
                failed.append((summary["name"], entry["case"], f"Kafka is required but: {entry['reason']}"))
            else:
                skipped.append((summary["name"], entry["case"], entry["reason"]))
    for what, entries in (("SKIPPED", skipped), ("FAILED", failed)):
        for name, case, reason in entries:
            write(f"{what} [{name}] {case}: {' '.join(reason.split())[:300]}")
    for summary in summaries:
        write(f"{summary['name']}: {summary['passed']} passed, {len(summary['failed'])} failed, "
              f"{len(summary['skipped'])} skipped")
    write(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return not failed


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("count")
    for option in ("--name", "--junit", "--gtest", "--labels", "--summary"):
        verb.add_argument(option, required=True)
    verb = verbs.add_parser("note")
    for option in ("--name", "--case", "--summary"):
        verb.add_argument(option, required=True)
    outcome = verb.add_mutually_exclusive_group(required=True)
    outcome.add_argument("--passed", action="store_true")
    outcome.add_argument("--failed")
    verb = verbs.add_parser("total")
    verb.add_argument("--require-kafka", action="store_true")
    verb.add_argument("summaries", nargs="+")
    return parser.parse_args()


def main():
    arguments = _arguments()
    if arguments.verb == "total":
        summaries = [json.loads(pathlib.Path(file).read_text(encoding="utf-8")) for file in arguments.summaries]
        return 0 if total(summaries, arguments.require_kafka) else 1
    if arguments.verb == "count":
        listing = json.loads(pathlib.Path(arguments.labels).read_text(encoding="utf-8"))
        summary = count(arguments.name, arguments.junit, arguments.gtest, labels_from_ctest(listing))
    else:
        summary = new_summary(arguments.name)
        summary["passed"] = int(arguments.passed)
        if arguments.failed:
            summary["failed"].append({"case": arguments.case, "reason": arguments.failed})
    pathlib.Path(arguments.summary).write_text(json.dumps(summary), encoding="utf-8")
    return 1 if summary["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
