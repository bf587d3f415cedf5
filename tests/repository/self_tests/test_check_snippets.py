"""Tests of the check that the guide shows what is compiled."""

import unittest

import check_snippets
from synthetic import SyntheticTree

SOURCE = "int f() {\n  // [add]\n  int a = 1;\n\n    int b = a;\n  // [/add]\n}\n"
PAGE = "Text.\n\n<!-- snippet: tests/guide/a_test.cc add -->\n```cpp\nint a = 1;\n\n  int b = a;\n```\n"


def run(page, source=SOURCE):
    with SyntheticTree({"docs/guide/a.md": page, "tests/guide/a_test.cc": source}) as tree:
        return check_snippets.check(tree)


class SnippetsTest(unittest.TestCase):
    def test_an_equal_block_passes(self):
        self.assertEqual([], run(PAGE))

    def test_a_block_that_differs_or_has_no_source_fails(self):
        self.assertIn("differs from the snippet add", run(PAGE.replace("a = 1", "a = 2"))[0])
        self.assertIn("no snippet other", run(PAGE.replace(" add -->", " other -->"))[0])
        self.assertIn("no `<!-- snippet", run("```cpp\nint a;\n```\n" + PAGE)[0])

    def test_a_snippet_that_no_page_shows_fails(self):
        self.assertIn("no page of the guide shows the snippet add", run("Text.\n")[0])

    def test_a_page_is_rewritten_from_the_source(self):
        files = {"docs/guide/a.md": PAGE.replace("a = 1", "a = 2"), "tests/guide/a_test.cc": SOURCE}
        with SyntheticTree(files) as tree:
            self.assertEqual(PAGE, check_snippets.rewritten(tree, "docs/guide/a.md"))


if __name__ == "__main__":
    unittest.main()
