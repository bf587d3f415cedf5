import json
import pathlib
import shutil
import subprocess
import unittest
import unittest.mock

import check_headers
from synthetic import SyntheticTree


class HeadersTest(unittest.TestCase):
    def run_check(self, files, sources=(), compiler=None, extra=""):
        """Runs the check twice and answers both results and what it remembers."""
        compiler = compiler or shutil.which("c++")
        with SyntheticTree(files) as tree:
            build = pathlib.Path(tree.root) / "build"
            build.mkdir()
            commands = [{"file": f"{tree.root}/{path}", "directory": str(build),
                         "command": f"ccache {compiler} -std=c++20 -I{tree.root} {extra} -c {path}"}
                        for path in (*sources, "none.cc")]
            (build / "compile_commands.json").write_text(json.dumps(commands), encoding="utf-8")
            first = check_headers.check(tree, build)
            second = check_headers.check(tree, build)
            return first, second, json.loads((build / "self_contained_headers.json").read_text(encoding="utf-8"))

    def test_a_complete_header_passes_and_is_remembered(self):
        first, second, memory = self.run_check({
            "common/a.h": '#pragma once\n#include "common/b.h"\nB F();\n',
            "common/b.h": "#pragma once\nstruct B {};\n"})
        self.assertEqual(([], [], 2), (first, second, len(memory)))

    def test_a_missing_include_fails_every_time(self):
        first, second, _ = self.run_check({"common/a.h": "#pragma once\nstd::string F();\n"})
        self.assertEqual(1, len(first))
        self.assertIn("common/a.h: does not compile alone", first[0])
        self.assertEqual(first, second)

    def test_a_missing_include_guard_fails(self):
        first, _, _ = self.run_check({"common/a.h": "struct A {};\n"})
        self.assertEqual(1, len(first))

    def test_a_change_in_an_included_header_is_noticed(self):
        files = {"common/a.h": '#pragma once\n#include "common/b.h"\nB F();\n',
                 "common/b.h": "#pragma once\nstruct B {};\n"}
        with SyntheticTree(files) as tree:
            build = pathlib.Path(tree.root) / "build"
            build.mkdir()
            command = {"file": "x.cc", "directory": "/",
                       "command": f"{shutil.which('c++')} -std=c++20 -I{tree.root} -c x.cc"}
            (build / "compile_commands.json").write_text(json.dumps([command]), encoding="utf-8")
            self.assertEqual([], check_headers.check(tree, build))
            (pathlib.Path(tree.root) / "common/b.h").write_text("#pragma once\nstruct C {};\n", encoding="utf-8")
            self.assertEqual(["common/a.h"], [line.split(":")[0] for line in check_headers.check(tree, build)])

    def test_a_header_that_a_source_includes_first_is_left_to_the_build(self):
        files = {"common/a.h": "no C++ at all", "common/a.cc": '#include "common/a.h"\n#include <string>\n'}
        self.assertEqual([], self.run_check(files, sources=["common/a.cc"])[0])
        self.assertEqual(1, len(self.run_check(files)[0]))
        self.assertEqual(1, len(self.run_check(files, sources=["common/a.cc"], extra="-include pch.h")[0]))

    def test_chains_hold_each_header_once_and_are_as_few_as_can_be(self):
        included = {"a": set(), "b": {"a"}, "c": {"a", "b"}, "d": {"a"}, "e": {"a", "d"}, "f": set()}
        chains = check_headers.chains(included)
        self.assertEqual(sorted(included), sorted(header for chain in chains for header in chain))
        self.assertEqual(3, len(chains))
        for chain in chains:
            for before, after in zip(chain, chain[1:]):
                self.assertIn(before, included[after])

    def test_a_chain_is_compiled_by_one_process(self):
        files = {"common/a.h": "#pragma once\nstruct A {};\n",
                 "common/b.h": '#pragma once\n#include "common/a.h"\nstruct B : A {};\n',
                 "common/c.h": '#pragma once\n#include "common/b.h"\nstruct C : B {};\n'}
        with unittest.mock.patch("check_headers.subprocess.run", wraps=subprocess.run) as run:
            self.assertEqual([], self.run_check(files)[0])
        self.assertEqual(1, run.call_count)

    def test_of_a_chain_only_the_incomplete_header_is_blamed(self):
        first, second, memory = self.run_check({
            "common/a.h": "#pragma once\nstd::string F();\n",
            "common/b.h": '#pragma once\n#include <string>\n#include "common/a.h"\nstd::string G();\n'})
        self.assertEqual(["common/a.h"], [line.split(":")[0] for line in first])
        self.assertEqual((first, 1), (second, len(memory)))

    def test_a_header_gets_no_help_from_one_that_it_does_not_include(self):
        first, _, _ = self.run_check({"common/a.h": "#pragma once\n#include <string>\nstruct A {};\n",
                                      "common/b.h": "#pragma once\nstruct B { std::string text; };\n"})
        self.assertEqual(["common/b.h"], [line.split(":")[0] for line in first])

    def test_a_header_gets_no_help_from_one_that_it_includes_too_late(self):
        for code in ("std::string F();", "#define TEXT std::string\nTEXT F();"):
            first, _, _ = self.run_check({"common/a.h": "#pragma once\n#include <string>\nstruct A {};\n",
                                          "common/b.h": f'#pragma once\n{code}\n#include "common/a.h"\n'})
            self.assertEqual(["common/b.h"], [line.split(":")[0] for line in first])

    def test_a_tree_that_is_not_configured_fails(self):
        with SyntheticTree({"common/a.h": ""}) as tree:
            self.assertIn("no compile_commands.json", check_headers.check(tree, tree.root)[0])


if __name__ == "__main__":
    unittest.main()
