#!/usr/bin/env python3
"""Tests of the benchmark runner: runner_test.py BUILD_TREE"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
sys.dont_write_bytecode = True

from catalog import BENCHMARKS as CATALOG, held_state, window_contestants  # noqa: E402
from harness import chart, gates, latency, processes, recovery, regression, rounds, scaling  # noqa: E402
from harness.contestants import Sample  # noqa: E402
from harness.gates import Gate  # noqa: E402

WINDOW_QUERIES = {"q5": ("chain", "engine", "exchange"), "q6": ("chain", "engine", "exchange"), "q7": ("engine",),
                  "q8": ("engine", "exchange"), "q11": ("chain", "engine", "exchange"),
                  "q12": ("chain", "engine", "exchange")}

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()


class Fixed:
    """A contestant that gives one value after the other."""

    def __init__(self, name, values, result=(1, "a")):
        self.name, self.values, self.result = name, iter(values), result

    def measure(self, _):
        return Sample({"speed": next(self.values)}, self.result)


class Answer(Fixed):
    """One that answers a question of several."""

    def __init__(self, name, question, result):
        super().__init__(name, [1], result)
        self.question = question


class Cost:
    """A contestant that takes x nanoseconds for a record."""

    def __init__(self, x, result):
        self.x, self.result = x, result

    def measure(self, _):
        return Sample({"M records / CPU s": 1000 / self.x}, self.result)


def summary(benchmark, count):
    return rounds.summarize(benchmark, rounds.measure(benchmark, None, count))


class RoundsTest(unittest.TestCase):
    def test_takes_ratios_within_a_round(self):
        benchmark = rounds.Benchmark("b", "", [Fixed("limit", [10, 20, 40]), Fixed("ours", [5, 5, 30])], "speed")
        row = summary(benchmark, 3)[1]
        self.assertEqual(row["round_ratios"], [0.5, 0.25, 0.75])
        self.assertEqual(row["ratio"], {"median": 0.5, "lowest": 0.25, "highest": 0.75})

    def test_a_different_result_is_an_error(self):
        benchmark = rounds.Benchmark("b", "", [Fixed("limit", [1]), Fixed("ours", [1], (1, "b"))], "speed")
        with self.assertRaisesRegex(processes.BenchmarkError, "ours gave count and hash"):
            rounds.measure(benchmark, None, 1)

    def test_different_questions_may_have_different_answers(self):
        contestants = [Answer("a", "one", (1, "x")), Answer("b", "one", (1, "x")), Answer("c", "other", (2, "y"))]
        rounds.measure(rounds.Benchmark("b", "", contestants, "speed"), None, 1)
        contestants = [Answer("a", "one", (1, "x")), Answer("b", "other", (1, "y")), Answer("c", "one", (1, "y"))]
        with self.assertRaisesRegex(processes.BenchmarkError, "c gave count and hash .* a gave"):
            rounds.measure(rounds.Benchmark("b", "", contestants, "speed"), None, 1)


class GateTest(unittest.TestCase):
    ROWS = [{"contestant": "ours", "metrics": {"p99": {"median": 3.0, "lowest": 2, "highest": 4}},
             "ratio": {"median": 0.6, "lowest": 0.5, "highest": 0.7},
             "ratios": {"p99": {"median": 2.5, "lowest": 2, "highest": 3}}}]

    def verdict(self, *arguments):
        return Gate("what", "ours", *arguments).judge(self.ROWS, "speed")["verdict"]

    def test_judges_the_ratio(self):
        self.assertEqual(self.verdict(0.5, 0.7, "speed"), "met")
        self.assertEqual(self.verdict(0.5, 0.6, "speed"), "stretch met")
        self.assertEqual(self.verdict(0.61, None, "speed"), "NOT met")

    def test_judges_what_shall_be_little(self):
        self.assertEqual(self.verdict(3, 2, "p99", True, True), "met")
        self.assertEqual(self.verdict(2.9, 2, "p99", True, True), "NOT met")
        self.assertEqual(self.verdict(3, 2.5, "p99", False, True), "stretch met")


    def test_a_required_gate_that_is_missed_fails_the_run(self):
        judged = [Gate(what, "ours", gate, required=required, metric="speed").judge(self.ROWS, "speed")
                  for what, gate, required in (("a", 0.5, True), ("b", 0.7, True), ("c", 0.7, False))]
        self.assertEqual(gates.missed([{"name": "some", "gates": judged}]), ["some, b: 0.6, asked for ≥ 0.7"])


class RegressionTest(unittest.TestCase):
    @staticmethod
    def result(highest):
        return {"name": "b", "rows": [{"contestant": "limit"},
                                      {"contestant": "ours", "ratio": {"highest": highest, "median": 0}}]}

    def test_compares_with_the_latest_record_of_the_set(self):
        with tempfile.TemporaryDirectory() as directory:
            for name, when, median in (("short-a", "2026-01-01", 0.9), ("short-b", "2026-01-02", 0.5),
                                       ("full-c", "2026-01-03", 0.1)):
                row = {"contestant": "ours", "ratio": {"median": median}}
                (pathlib.Path(directory) / f"{name}.json").write_text(json.dumps(
                    {"time": when, "settings": {"set": name.split("-")[0]},
                     "benchmarks": [{"name": "b", "rows": [row]}]}))
            recorded = regression.recorded_ratios(pathlib.Path(directory), "short")
        self.assertEqual(recorded, {("b", "ours"): 0.5})
        self.assertEqual(regression.fallen(self.result(0.43), recorded), {})
        self.assertEqual(list(regression.fallen(self.result(0.42), recorded)), ["ours"])

    def test_a_loss_counts_when_it_shows_twice(self):
        self.assertEqual(regression.confirmed({"ours": (0.4, 0.5)}, {}), [])
        self.assertEqual(len(regression.confirmed({"ours": (0.4, 0.5)}, {"ours": (0.41, 0.5)})), 1)


class LatencyTest(unittest.TestCase):
    def test_merges_and_takes_quantiles(self):
        both = latency.merged([[[1, 98], [500, 1]], [[7, 1]]])
        self.assertEqual(latency.quantile(both, 0.5), 1)
        self.assertEqual(latency.quantile(both, 0.985), 7)
        self.assertEqual(latency.quantile(both, 1.0), 500)
        with self.assertRaises(processes.BenchmarkError):
            latency.quantile([], 0.5)


class RecoveryTest(unittest.TestCase):
    KILLED_NS = 10_000_000_000

    def test_only_records_made_after_the_kill_count_as_new(self):
        old = (self.KILLED_NS - 1, self.KILLED_NS + 300_000_000, 1)
        survivor = (self.KILLED_NS + 4, self.KILLED_NS + 9, 0)
        new = (self.KILLED_NS + 5, self.KILLED_NS + 400_000_000, 1)
        self.assertIsNone(recovery.first_record_ms([old, survivor], self.KILLED_NS))
        self.assertEqual(recovery.first_record_ms([old, survivor, new], self.KILLED_NS), 400.0)

    def test_the_rate_is_back_when_it_stays(self):
        rate = [(-0.1, 100), (0.0, 100), (0.1, 0), (0.2, 500), *((0.3 + n / 10, 100) for n in range(5))]
        self.assertEqual(recovery.rate_back_ms(rate, 100), 200)
        self.assertIsNone(recovery.rate_back_ms(rate[:6], 100))

    def test_a_window_counts_what_arrived_in_it(self):
        arrivals = [(0, self.KILLED_NS + ns, 0) for ns in (-1, 0, 99_999_999)]
        rate = dict(recovery.rate_over_time(arrivals, self.KILLED_NS))
        self.assertEqual((rate[-0.1], rate[0.0], rate[0.1]), (10, 20, 0))

    def test_phases_end_with_the_last_subtask(self):
        job = {"timestamps": {"RESTARTING": 1010, "RUNNING": 1030}}
        subtasks = [{"attempt": 0, "start-time": 1, "status-duration": {"DEPLOYING": 900}},
                    {"attempt": 1, "start-time": 1050, "status-duration": {"DEPLOYING": 5, "INITIALIZING": 40}},
                    {"attempt": 1, "start-time": 1060, "status-duration": {"DEPLOYING": 3, "INITIALIZING": 100}}]
        phases = recovery.phases_of(job, [{"subtasks": subtasks}], 1000, 200)
        self.assertEqual(list(phases.values()), [10, 20, 30, 5, 100, 35])

    def test_state_that_differs_is_an_error(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "0-0.arrivals"
            path.write_bytes(struct.pack("<qqqq", 1, 2, 3, 3) + b"half")
            self.assertEqual(recovery.read_arrivals(directory), [(1, 2, 0)])
            path.write_bytes(struct.pack("<qqqq", 1, 2, 3, 4))
            with self.assertRaises(processes.BenchmarkError):
                recovery.read_arrivals(directory)

    def test_the_chart_is_well_formed(self):
        xml.dom.minidom.parseString(chart.time_chart("t", "s", "records", {"sink": [(-1.0, 0), (0.0, 5), (1.0, 3)]}))


class ScalingTest(unittest.TestCase):
    def study(self, results):
        return scaling.Study("s", "what", "keys", (10, 1000),
                             {name: lambda x, result=result: Cost(x, result) for name, result in results.items()},
                             lambda x: 1000 * x)

    def test_gives_the_cost_of_a_record(self):
        study = self.study({"one": (1, "a")})
        lines = scaling.measure(study, None, None, 1)
        self.assertEqual([(point["x"], point["records"]) for point in lines["one"]], [(10, 10000), (1000, 1000000)])
        self.assertAlmostEqual(lines["one"][0][scaling.TIME], 10)
        drawn = scaling.charts(study, lines)
        self.assertEqual(list(drawn), ["scaling-s.svg"])
        document = xml.dom.minidom.parseString(drawn["scaling-s.svg"])
        self.assertEqual(len(document.getElementsByTagName("polyline")), 1)
        self.assertEqual(len(document.getElementsByTagName("circle")), 2)

    def test_a_different_result_is_an_error(self):
        with self.assertRaisesRegex(processes.BenchmarkError, "s at 10: different results"):
            scaling.measure(self.study({"one": (1, "a"), "other": (1, "b")}), None, None, 1)


class ChartTest(unittest.TestCase):
    def test_gates_are_bars(self):
        lines = [Gate("a < b", "ours", 0.5, 0.7, "speed").judge(GateTest.ROWS, "speed"),
                 Gate("c", "ours", 2, None, "p99", True, True).judge(GateTest.ROWS, "speed")]
        document = xml.dom.minidom.parseString(chart.gate_chart("title", lines))
        bars = [bar for bar in document.getElementsByTagName("rect") if bar.getAttribute("width") != "100%"]
        self.assertEqual(len(bars), 2)
        self.assertNotEqual(bars[0].getAttribute("fill"), bars[1].getAttribute("fill"))

    def test_numbers_are_short(self):
        self.assertEqual([chart.short_number(n) for n in (16, 1000, 65536, 1e7)], ["16", "1 k", "65.5 k", "10 M"])


class CatalogTest(unittest.TestCase):
    def test_gates_name_contestants_and_names_are_unique(self):
        every = [*CATALOG, *held_state(10)]
        names = [benchmark.name for benchmark in every]
        self.assertEqual(len(names), len(set(names)))
        for benchmark in every:
            contestants = {contestant.name for contestant in benchmark.contestants}
            for gate in benchmark.gates:
                self.assertIn(gate.contestant, contestants, benchmark.name)


class QueriesTest(unittest.TestCase):
    """Jobs give what the loops by hand give, which tests/unit/benchmarks compares with plain ones."""

    def check(self, name, contestants, records):
        with self.subTest(name):
            rounds.measure(rounds.Benchmark(name, "", contestants), rounds.Run(BUILD, None, records), 1)

    def test_queries_of_single_records_and_of_keys(self):
        for benchmark in CATALOG:
            if benchmark.name.startswith("nexmark-") and "-memory" not in benchmark.name and not any(
                    benchmark.name == f"nexmark-{query}" for query in WINDOW_QUERIES):
                self.check(benchmark.name, benchmark.contestants, 200_000)

    def test_queries_of_windows(self):
        # Of events that take half a minute of event time.
        for query, jobs in WINDOW_QUERIES.items():
            self.check(query, window_contestants(query, jobs, 20_000), 600_000)

    def test_sliding_windows(self):
        benchmark = next(benchmark for benchmark in CATALOG if benchmark.name == "sliding-windows")
        self.check(benchmark.name, benchmark.contestants, 3_000_000)


class WholeRunTest(unittest.TestCase):
    def test_a_run_compares_results_and_leaves_a_record(self):
        with tempfile.TemporaryDirectory() as directory:
            output = pathlib.Path(directory) / "record.json"
            done = subprocess.run(
                [BENCHMARKS / "run", "--build", BUILD, "--only", "nexmark-q2-memory", "--rounds", "1", "--records",
                 "2000000", "--output", output], capture_output=True, text=True, timeout=60, check=False)
            # 1: slower than on record, which says nothing about so few records.
            self.assertIn(done.returncode, (0, 1), done.stderr)
            self.assertIn("q2 chained, in memory", done.stdout)
            record = json.loads(output.read_text())
            self.assertEqual(record["benchmarks"][0]["records"], 2000000)

    def test_a_topic_gets_all_events(self):
        with tempfile.TemporaryDirectory() as directory:
            bootstrap = pathlib.Path(directory) / "bootstrap"
            broker = subprocess.Popen([BUILD / "bin" / "weir-embedded-kafka", "--topic", "events:4",
                                       "--bootstrap-file", bootstrap], stdin=subprocess.DEVNULL)
            try:
                servers = processes.wait_until("the broker", lambda: processes.read_if_complete(bootstrap), 30,
                                               alive=[broker])
                subprocess.run([BUILD / "benchmarks" / "benchmark_nexmark_topic", "--brokers", servers, "--topic",
                                "events", "--partitions", "4", "--records", "20000"], check=True, timeout=60)
            finally:
                broker.terminate()
                broker.wait(timeout=20)


if __name__ == "__main__":
    unittest.main()
