"""Tests of tests/runner/count_results.py."""

import pathlib
import tempfile
import unittest

import count_results

GTEST = """<testsuites><testsuite name="S">
<testcase name="Good" classname="S" status="run" result="completed"/>
<testcase name="Bad" classname="S" status="run" result="completed"><failure message="1 is not 2"/></testcase>
<testcase name="Left" classname="S" status="run" result="skipped">
<skipped message="a/b.cc:3&#x0A;no JDK here"/></testcase>
<testcase name="DISABLED_Off" classname="S" status="notrun" result="suppressed"/>
</testsuite></testsuites>"""
GOOD_GTEST = """<testsuites><testsuite>
<testcase name="A" classname="S" status="run" result="completed"/>
</testsuite></testsuites>"""


def junit(*tests):
    cases = ""
    for name, status, output in tests:
        failure = '<failure message="Failed"/>' if status == "fail" else ""
        cases += f'<testcase name="{name}" status="{status}">{failure}<system-out>{output}</system-out></testcase>'
    return f"<testsuite>{cases}</testsuite>"


def count(junit_text, gtest_files=(), labels=None):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (*gtest_files, ("junit", junit_text)):
            (pathlib.Path(folder) / f"{name}.xml").write_text(text, encoding="utf-8")
        summary = count_results.count("release", f"{folder}/junit.xml", folder, labels or {})
    return summary


def numbers(summary):
    return summary["passed"], len(summary["failed"]), len(summary["skipped"])


class CountTest(unittest.TestCase):
    def test_counts_googletest_cases(self):
        summary = count(junit(("t", "fail", "")), [("t", GTEST)])
        self.assertEqual((1, 1, 2), numbers(summary))
        self.assertEqual(["no JDK here", "disabled"], [entry["reason"] for entry in summary["skipped"]])
        self.assertEqual("S.Bad", summary["failed"][0]["case"])

    def test_a_bad_end_after_good_cases_is_a_failure(self):
        summary = count(junit(("t", "fail", "")), [("t", GOOD_GTEST)])
        self.assertEqual((1, 1, 0), numbers(summary))
        self.assertIn("outside its cases", summary["failed"][0]["reason"])

    def test_a_crash_fails_the_case_it_happened_in(self):
        output = "[ RUN      ] S.A\n[       OK ] S.A (0 ms)\n[ RUN      ] S.B\nSegmentation fault"
        summary = count(junit(("t", "fail", output)))
        self.assertEqual((1, 1, 0), numbers(summary))
        self.assertEqual("S.B", summary["failed"][0]["case"])

    def test_scripts_report_their_own_numbers(self):
        self.assertEqual((5, 0, 0), numbers(count(junit(("r", "run", "passed  x\n5 passed, 0 failed\n")))))
        summary = count(junit(("r", "fail", "FAILED  names\n4 passed, 1 failed, 2 skipped\n")))
        self.assertEqual((4, 1, 2), numbers(summary))
        self.assertEqual("FAILED  names", summary["failed"][0]["reason"])

    def test_other_tests_count_once(self):
        self.assertEqual((1, 0, 0), numbers(count(junit(("r", "run", "")))))
        self.assertEqual((0, 1, 0), numbers(count(junit(("r", "fail", "")))))
        self.assertEqual((0, 1, 0), numbers(count(junit(("r", "notrun", "")))))

    def test_no_result_is_a_failure(self):
        self.assertEqual((0, 1, 0), numbers(count("")))


class TotalTest(unittest.TestCase):
    def total(self, summaries, require_kafka=False):
        lines = []
        well = count_results.total(summaries, require_kafka, lines.append)
        return well, lines

    def test_adds_up_and_ends_with_the_line(self):
        first = count(junit(("t", "fail", "")), [("t", GTEST)])
        second = count(junit(("t", "run", "")), [("t", GOOD_GTEST)])
        well, lines = self.total([first, second])
        self.assertFalse(well)
        self.assertEqual("2 passed, 1 failed, 2 skipped", lines[-1])
        self.assertTrue(any("no JDK here" in line for line in lines))
        self.assertTrue(self.total([second])[0])

    def test_required_kafka_turns_its_skips_into_failures(self):
        by_reason = {**count_results.new_summary("a"),
                     "skipped": [{"case": "S.A", "reason": "no Kafka broker can be started"}]}
        by_label = {**count_results.new_summary("b"),
                    "skipped": [{"case": "S.B", "reason": "no JDK", "labels": ["kafka"]}]}
        other = {**count_results.new_summary("c"), "skipped": [{"case": "S.C", "reason": "one processor only"}]}
        self.assertEqual((True, "0 passed, 0 failed, 3 skipped"),
                         (lambda result: (result[0], result[1][-1]))(self.total([by_reason, by_label, other])))
        well, lines = self.total([by_reason, by_label, other], require_kafka=True)
        self.assertEqual((False, "0 passed, 2 failed, 1 skipped"), (well, lines[-1]))


class LabelsTest(unittest.TestCase):
    def test_reads_the_listing_of_ctest(self):
        listing = {"tests": [{"name": "t", "properties": [{"name": "LABELS", "value": ["unit", "kafka"]}]},
                             {"name": "u"}]}
        self.assertEqual({"t": ["unit", "kafka"], "u": []}, count_results.labels_from_ctest(listing))


if __name__ == "__main__":
    unittest.main()
