#!/usr/bin/env python3
"""Proves that the chained path does nothing expensive for each record: per_record_test.py BUILD_TREE"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = ROOT / "benchmarks" / "per_record"
sys.path.insert(0, str(ROOT / "benchmarks"))
sys.dont_write_bytecode = True

from harness import per_record  # noqa: E402

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
NEEDS_VALGRIND = unittest.skipUnless(shutil.which("valgrind") and shutil.which("objdump"),
                                     "valgrind or objdump is not installed")

# Two lines of a function, of which the second calls another; then that one.
PROFILE = """
ob=/lib/job.so
fn=Work
0x10 1 {records}
0x14 2 {records}
cob=/lib/libc.so
cfn={callee}
calls={records} 0x100 7
0x14 2 123456
ob=/lib/libc.so
fn={callee}
0x100 7 5
"""


def counts(callee, instructions):
    fewer, more = (per_record.Profile(PROFILE.format(records=records, callee=callee)) for records in (1000, 3000))
    return per_record.compare(fewer, more, 2000, lambda path, _: instructions if path == "/lib/job.so" else {})


class CompareTest(unittest.TestCase):
    def expect(self, kind, got):
        self.assertEqual(got, {**dict.fromkeys(per_record.KINDS, 0.0), kind: 1.0} if kind else
                         dict.fromkeys(per_record.KINDS, 0.0))

    def test_counts_calls_by_what_they_stand_for(self):
        for callee, kind in (("malloc", "allocations"), ("operator new(unsigned long)", "allocations"),
                             ("pthread_mutex_lock@@GLIBC_2.2.5", "locks"), ("free'2", "allocations"),
                             ("clock_gettime@@GLIBC_2.17", "clock reads"), ("memcpy", None)):
            with self.subTest(callee):
                self.expect(kind, counts(callee, {}))

    def test_counts_instructions(self):
        for instruction, kind in ((("call", "*0x28(%rax)"), "indirect calls"), (("jmp", "*%rax"), "indirect calls"),
                                  (("call", "*0x2f12(%rip)"), None), (("call", "1230 <memcpy@plt>"), None),
                                  (("lockcmpxchg", "%rcx,(%rdx)"), "atomic instructions"),
                                  (("xchg", "%eax,(%rdx)"), "atomic instructions"), (("xchg", "%ax,%ax"), None),
                                  (("syscall", ""), "system calls"), (("mov", "(%rax),%rbx"), None)):
            with self.subTest(instruction):
                self.expect(kind, counts("memcpy", {0x10: instruction}))


@NEEDS_VALGRIND
class JobsTest(unittest.TestCase):
    def test_the_chained_path_is_clean(self):
        ended = subprocess.run([COMMAND, "--build", BUILD, "q1-map", "q2", "q1-strings-map-into", "keyed-count"],
                               capture_output=True, text=True)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_what_is_done_for_each_record_is_seen(self):
        # Map makes a new record with two strings that need memory.
        with tempfile.TemporaryDirectory() as directory:
            got = per_record.measure(BUILD, "benchmark_nexmark_stateless.so", "q1-strings-map",
                                     ("--source", "strings"), pathlib.Path(directory))
        self.assertGreater(got["allocations"], 2, got)


if __name__ == "__main__":
    ended = unittest.main(exit=False).result
    failed = len(ended.failures) + len(ended.errors)
    passed = ended.testsRun - failed - len(ended.skipped)
    print(f"{passed} passed, {failed} failed" + (f", {len(ended.skipped)} skipped" if ended.skipped else ""))
    sys.exit(1 if failed else 0)
