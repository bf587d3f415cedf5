import json
import unittest

import check_sizes
from synthetic import SyntheticTree


def function_of(lines):
    return "void Long() {\n" + "  F();\n" * (lines - 2) + "}\n"


def complaints(files, exceptions=None):
    with SyntheticTree({**files, check_sizes.RATCHET: json.dumps(exceptions or {})}) as tree:
        return check_sizes.check(tree)


class SizesTest(unittest.TestCase):
    def test_at_the_limit_passes(self):
        self.assertEqual([], complaints({
            "a.cc": function_of(60) + "\n" * 440, "a.h": "\n" * 250, "b.cc": "//" + "x" * 118 + "\n",
            "a.py": "def f():\n" + "    g()\n" * 59}))

    def test_above_the_limit_fails(self):
        for files, fragment in (
                ({"a.cc": function_of(61)}, "a.cc:Long: 61 lines"),
                ({"a.cc": "\n" * 501}, "a.cc: 501 lines"),
                ({"a.h": "\n" * 251}, "a.h: 251 lines"),
                ({"a.py": "def f():\n" + "    g()\n" * 60}, "a.py:f: 61 lines"),
                ({"a/CMakeLists.txt": "x" * 121}, "121 columns")):
            found = complaints(files)
            self.assertEqual(1, len(found), found)
            self.assertIn(fragment, found[0])

    def test_an_exception_holds_at_its_size_and_only_shrinks(self):
        files = {"a.cc": function_of(70)}
        self.assertEqual([], complaints(files, {"a.cc:Long": 70}))
        self.assertIn("grew to 70", complaints(files, {"a.cc:Long": 69})[0])
        self.assertIn("shrank to 70", complaints(files, {"a.cc:Long": 71})[0])
        self.assertIn("remove it", complaints({"a.cc": function_of(60)}, {"a.cc:Long": 70})[0])


if __name__ == "__main__":
    unittest.main()
