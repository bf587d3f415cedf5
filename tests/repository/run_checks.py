"""Runs every check of the repository, each after its own tests.

    python3 tests/repository/run_checks.py [--build-dir build/release]

Prints one line per test and check and ends with `N passed, N failed`. Needs Python 3 and git, and for the headers a
configured build tree whose generated sources exist.
"""

import argparse
import pathlib
import sys
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "runner")]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import check_dependencies
import check_documents
import check_headers
import check_names
import check_public_headers
import check_sizes
import check_snippets
import check_text
from source_tree import SourceTree

CHECKS = {
    "includes follow the dependency table": lambda tree, build: check_dependencies.check_includes(tree),
    "links follow the dependency table": lambda tree, build: check_dependencies.check_links(tree),
    "headers compile alone": check_headers.check,
    "functions, files and lines keep to their limits": lambda tree, build: check_sizes.check(tree),
    "public headers are the listed ones": lambda tree, build: check_public_headers.check(tree),
    "names say something": lambda tree, build: check_names.check(tree),
    "text speaks of the project alone": lambda tree, build: check_text.check(tree),
    "modules have a README": lambda tree, build: check_documents.check_readmes(tree),
    "links in pages lead somewhere": lambda tree, build: check_documents.check_links(tree),
    "the guide shows what the tests compile": lambda tree, build: check_snippets.check(tree),
    "dependencies are recorded": lambda tree, build: check_documents.check_dependencies(tree),
}


class Report:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def add(self, name, complaints):
        print(f"{'FAILED' if complaints else 'passed'}  {name}")
        for complaint in complaints:
            print(f"        {complaint}")
        self.passed += not complaints
        self.failed += bool(complaints)


class _Result(unittest.TestResult):
    """Hands every finished test to the report."""

    def __init__(self, report):
        super().__init__()
        self.report = report

    def addSuccess(self, test):
        self.report.add(test.id(), [])

    def addFailure(self, test, err):
        self.report.add(test.id(), self._exc_info_to_string(err, test).split("\n"))

    addError = addFailure

    def addSkip(self, test, reason):
        self.report.add(test.id(), [f"skipped: {reason}"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", default=str(ROOT / "build" / "release"))
    arguments = parser.parse_args()

    report = Report()
    tests = unittest.defaultTestLoader.discover(str(FOLDER / "self_tests"), top_level_dir=str(FOLDER / "self_tests"))
    tests.run(_Result(report))
    tree = SourceTree.open(ROOT)
    for name, check in CHECKS.items():
        report.add(name, check(tree, arguments.build_dir))
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
