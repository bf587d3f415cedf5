import unittest

import check_dependencies
import cmake_source
from synthetic import SyntheticTree


def include_complaints(files):
    with SyntheticTree(files) as tree:
        return check_dependencies.check_includes(tree)


def link_complaints(files):
    with SyntheticTree(files) as tree:
        return check_dependencies.check_links(tree)


class IncludesTest(unittest.TestCase):
    def assert_one(self, fragment, files):
        complaints = include_complaints(files)
        self.assertEqual(1, len(complaints), complaints)
        self.assertIn(fragment, complaints[0])

    def test_allowed_edges_pass(self):
        self.assertEqual([], include_complaints({
            "sdk/include/weir/status.h": "#include <string>\n",
            "sdk/include/weir/internal/batch.h": "#include <weir/status.h>\n",
            "proto/job.proto": "",
            "common/text.h": "#include <weir/status.h>\n",
            "jobmanager/graph/graph.h": "#include <weir/internal/batch.h>\n",
            "jobmanager/rest/routes.cc":
                '#include "jobmanager/graph/graph.h"\n#include "proto/job.pb.h"\n#include "common/text.h"\n'
                '#include <nlohmann/json.hpp>\n#include <unistd.h>\n',
            "tests/unit/x_test.cc": '#include "jobmanager/graph/graph.h"\n#include <gtest/gtest.h>\n',
        }))

    def test_sdk_uses_the_standard_library_alone(self):
        self.assert_one("may not use the library posix", {"sdk/src/a.cc": "#include <unistd.h>\n"})
        self.assert_one("may not use the library boost", {"sdk/src/a.cc": "#include <boost/asio.hpp>\n"})
        self.assert_one("sdk may not use common", {"sdk/src/a.cc": '#include "common/t.h"\n', "common/t.h": ""})

    def test_servers_do_not_see_each_other(self):
        self.assert_one("taskmanager may not use jobmanager", {
            "taskmanager/a.cc": '#include "jobmanager/b.h"\n', "jobmanager/b.h": ""})

    def test_order_inside_a_server(self):
        self.assert_one("jobmanager/graph may not use jobmanager/rest", {
            "jobmanager/graph/a.cc": '#include "jobmanager/rest/b.h"\n', "jobmanager/rest/b.h": ""})

    def test_common_does_not_see_proto(self):
        self.assert_one("common may not use proto", {"common/a.cc": '#include "proto/a.pb.h"\n', "proto/a.proto": ""})

    def test_connectors_and_examples_see_public_headers_only(self):
        for path in ("connectors/kafka/src/a.cc", "examples/a/a.cc"):
            self.assert_one("sees only what a job author sees", {
                path: "#include <weir/internal/batch.h>\n", "sdk/include/weir/internal/batch.h": ""})

    def test_a_connector_does_not_see_another(self):
        self.assert_one("connectors/socket may not use connectors/kafka", {
            "connectors/socket/a.cc": "#include <weir/connectors/kafka.h>\n",
            "connectors/kafka/include/weir/connectors/kafka.h": ""})

    def test_a_new_folder_has_to_be_entered(self):
        self.assert_one("not in the dependency table", {"taskmanager/novelty/a.cc": ""})
        self.assert_one("under no folder", {"elsewhere/a.cc": ""})

    def test_unknown_headers(self):
        self.assert_one("belongs to no library", {"common/a.cc": "#include <folly/string.h>\n"})
        self.assert_one("no file of the tree", {"common/a.cc": '#include "text.h"\n'})
        self.assert_one("no header of the SDK", {"common/a.cc": "#include <weir/nothing.h>\n"})
        self.assert_one("behind a macro", {"common/a.cc": "#include NAME\n"})

    def test_form_of_public_headers(self):
        files = {"sdk/include/weir/status.h": ""}
        self.assert_one("included as <weir/status.h>", {**files, "common/a.cc": '#include "weir/status.h"\n'})
        self.assert_one("is public", {**files, "common/a.cc": '#include "sdk/include/weir/status.h"\n'})

    def test_costly_headers_stay_out_of_headers(self):
        self.assert_one("costly to parse", {"jobmanager/a.h": "#include <grpcpp/grpcpp.h>\n"})
        self.assertEqual([], include_complaints({"jobmanager/a.cc": "#include <grpcpp/grpcpp.h>\n"}))


class LinksTest(unittest.TestCase):
    MODULES = {
        "sdk/CMakeLists.txt": "add_library(weir_sdk STATIC a.cc)\nadd_library(weir::sdk ALIAS weir_sdk)\n",
        "connectors/socket/CMakeLists.txt": "weir_add_connector(socket SOURCES a.cc)\n",
        "examples/job/CMakeLists.txt":
            "weir_add_job(a a.cc)\ntarget_link_libraries(a PRIVATE weir::sdk weir::socket)\n",
        "proto/CMakeLists.txt": "weir_add_module(proto SOURCES a.cc EXTERNAL weir_rpc_static)\n",
        "common/CMakeLists.txt": "weir_add_module(common SOURCES ${sources} DEPENDS sdk EXTERNAL yaml-cpp)\n",
        "jobmanager/CMakeLists.txt": "weir_add_module(jobmanager SOURCES a.cc DEPENDS common proto)\n",
    }

    def assert_one(self, fragment, files):
        complaints = link_complaints({**self.MODULES, **files})
        self.assertEqual(1, len(complaints), complaints)
        self.assertIn(fragment, complaints[0])

    def test_allowed_edges_pass(self):
        self.assertEqual([], link_complaints(self.MODULES))

    def test_forbidden_edges_by_function(self):
        self.assert_one("taskmanager may not use jobmanager", {
            "taskmanager/CMakeLists.txt": "weir_add_module(taskmanager SOURCES a.cc DEPENDS jobmanager)\n"})
        self.assert_one("connectors/kafka may not use common", {
            "connectors/kafka/CMakeLists.txt":
                "weir_add_connector(kafka SOURCES a.cc EXTERNAL weir_common PkgConfig::RDKAFKA)\n"})
        self.assert_one("examples may not use common", {
            "examples/CMakeLists.txt": "weir_add_job(word_count a.cc)\n"
                                       "target_link_libraries(word_count PRIVATE weir::common)\n"})

    def test_forbidden_edges_by_plain_commands(self):
        self.assert_one("sdk may not use common", {
            "sdk/CMakeLists.txt": "add_library(weir_sdk STATIC a.cc)\nadd_library(weir::sdk ALIAS weir_sdk)\n"
                                  "target_link_libraries(weir_sdk PRIVATE $<BUILD_INTERFACE:weir_common>)\n"})

    def test_outside_libraries(self):
        self.assert_one("may not link PkgConfig::RDKAFKA", {
            "cli/CMakeLists.txt": "weir_add_module(cli SOURCES a.cc EXTERNAL PkgConfig::RDKAFKA)\n"})
        self.assert_one("neither a target of ours", {
            "cli/CMakeLists.txt": "weir_add_module(cli SOURCES a.cc EXTERNAL folly)\n"})
        self.assert_one("neither a target of ours", {
            "cli/CMakeLists.txt": "weir_add_module(cli SOURCES a.cc EXTERNAL ${whatever})\n"})


class CmakeSourceTest(unittest.TestCase):
    def test_reads_nested_brackets_quotes_and_comments(self):
        text = '# f(x)\nif(A AND (B))\n  f(a "b c" # d\n    e)\nendif()\n'
        self.assertEqual([("if", ("A", "AND", "B")), ("f", ("a", "b c", "e")), ("endif", ())],
                         [(command.name, command.arguments) for command in cmake_source.commands(text)])

    def test_sections(self):
        command = cmake_source.commands("f(name SOURCES a b DEPENDS c LABELS d)")[0]
        self.assertEqual(["c"], command.after("DEPENDS", ("SOURCES", "DEPENDS", "LABELS")))


if __name__ == "__main__":
    unittest.main()
