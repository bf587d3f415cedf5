"""Tests of the small checks: public headers, names, text and documents."""

import unittest

import check_documents
import check_names
import check_public_headers
import check_text
from synthetic import SyntheticTree


def run(check, files):
    with SyntheticTree(files) as tree:
        return check(tree)


class PublicHeadersTest(unittest.TestCase):
    FILES = {
        check_public_headers.LIST: "# header\nconnectors/kafka/include/weir/kafka.h\nsdk/include/weir/api.h\n",
        "sdk/include/weir/api.h": "", "connectors/kafka/include/weir/kafka.h": "",
        "sdk/include/weir/internal/batch.h": "",
        "connectors/kafka/include/weir/connectors/internal/session.h": "", "common/include_order.h": "",
    }

    def test_the_listed_headers_pass(self):
        self.assertEqual([], run(check_public_headers.check, self.FILES))

    def test_new_missing_and_unprefixed_headers_fail(self):
        self.assertIn("is public but not in", run(
            check_public_headers.check, {**self.FILES, "sdk/include/weir/new.h": ""})[0])
        self.assertIn("not in the tree", run(check_public_headers.check, {
            check_public_headers.LIST: "sdk/include/weir/api.h\n"})[0])
        found = run(check_public_headers.check, {**self.FILES, "connectors/kafka/include/other/a.txt": ""})
        self.assertIn("lie under include/weir/", found[0])


class NamesTest(unittest.TestCase):
    def test_telling_names_pass(self):
        self.assertEqual([], run(check_names.check, {
            "common/murmur3.h": "", "jobmanager/job_manager.cc": "", "common/base64.h": "", "a/core_pattern.h": ""}))

    def test_empty_names_fail(self):
        for path in ("common/string_util.h", "util/a.h", "tests/test_helpers.py", "common/core.h", "a/base/b.cc",
                     "misc.md", "jobmanager/job_manager2.h", "common2/a.h"):
            self.assertEqual(1, len(run(check_names.check, {path: ""})), path)


class TextTest(unittest.TestCase):
    def test_plain_text_passes(self):
        self.assertEqual([], run(check_text.check, {
            "a.cc": "// the rest of the work/root; 'to do' in words; <https://kafka.apache.org>\n",
            "tests/a_test.cc": 'Parse("/tmp/x");\n', "dev": 'mktemp -d /tmp/weir.XXXXXX\n'}))

    def test_open_ends_machine_paths_and_hosts_fail(self):
        for line in ("// TO" "DO: later", "# FIX" "ME", "see /wo" "rk/main", 'cd "/ro' 'ot"', "../sha" "red/design.md",
                     "https://py" "pi.org/simple", "deb.deb" "ian.org", "open(\"/tm" "p/weir\")"):
            self.assertEqual(1, len(run(check_text.check, {"a.cc": line + "\n"})), line)

    def test_the_line_is_named(self):
        self.assertTrue(run(check_text.check, {"a.cc": "\n// TO" "DO\n"})[0].startswith("a.cc:2: "))


class DocumentsTest(unittest.TestCase):
    def test_readmes(self):
        self.assertEqual([], run(check_documents.check_readmes, {"sdk/a.h": "", "sdk/README.md": "", "cli/x.txt": ""}))
        self.assertEqual(1, len(run(check_documents.check_readmes, {"sdk/a.h": ""})))

    def test_links(self):
        files = {"docs/a.md": "[b](../README.md#x) [c](https://example.org/x) [d](guide/) [e](#here)", "README.md": "",
                 "docs/guide/b.md": "[up](../a.md)"}
        self.assertEqual([], run(check_documents.check_links, files))
        for target in ("missing.md", "../../above.md", "/docs/a.md"):
            found = run(check_documents.check_links, {**files, "docs/z.md": f"\n[x]({target})"})
            self.assertEqual(1, len(found), target)
            self.assertTrue(found[0].startswith("docs/z.md:2:"))

    def test_dependencies(self):
        files = {"dev": "readonly build_packages=(\n  g++ cmake  # why\n)\n",
                 "cmake/D.cmake": "find_package(Boost 1.74)",
                 "docs/dependencies.md": "`g++` `cmake` `Boost`"}
        self.assertEqual([], run(check_documents.check_dependencies, files))
        self.assertEqual(3, len(run(check_documents.check_dependencies, {**files, "docs/dependencies.md": ""})))


if __name__ == "__main__":
    unittest.main()
