#include "jobmanager/graph/job_graph_check.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

TEST(JobGraphCheckTest, AcceptsAChain) {
  const Status status = CheckJobGraph(ChainGraph({2, 4, 1}));
  EXPECT_TRUE(status.ok()) << status.ToString();
}

struct BadGraph {
  const char* name;
  std::function<void(proto::JobGraph&)> spoil;
  std::string message;
};

std::vector<BadGraph> BadVertices() {
  using Graph = proto::JobGraph;
  return {
      {"version", [](Graph& graph) { graph.set_format_version(2); },
       "job 'chain': its JobGraph has format version 2; this JobManager reads version 1"},
      {"empty", [](Graph& graph) { graph.clear_vertices(); },
       "job 'chain': it has no operators: the job function built an empty graph"},
      {"no source", [](Graph& graph) { graph.mutable_vertices(0)->set_is_source(false); },
       "job 'chain': it has no source, so nothing would ever flow"},
      {"parallelism 0", [](Graph& graph) { graph.mutable_vertices(1)->set_parallelism(0); },
       "job 'chain': vertex 'v1' has parallelism 0"},
      {"parallelism above", [](Graph& graph) { graph.mutable_vertices(1)->set_parallelism(129); },
       "job 'chain': vertex 'v1' has parallelism 129, above its max parallelism 128"},
      {"odd max parallelism",
       [](Graph& graph) { graph.mutable_vertices(1)->set_max_parallelism(100); },
       "job 'chain': vertex 'v1' has max parallelism 100; it must be a power of two, at most "
       "32768"},
      {"large max parallelism",
       [](Graph& graph) { graph.mutable_vertices(1)->set_max_parallelism(65536); },
       "job 'chain': vertex 'v1' has max parallelism 65536; it must be a power of two, at most "
       "32768"},
      {"id", [](Graph& graph) { graph.mutable_vertices(1)->set_id("x"); },
       "job 'chain': vertex 'v1' has the id 'x'; an id is 32 hex digits"},
      {"duplicate id",
       [](Graph& graph) { graph.mutable_vertices(1)->set_id(graph.vertices(0).id()); },
       "job 'chain': vertex 'v1' has the id aaaaaaaaaaaaaaaaaaaaaaaaaaaa1000 of another vertex: "
       "give one of them another uid"},
      {"duplicate operator",
       [](Graph& graph) {
         graph.mutable_vertices(1)->mutable_operators(0)->set_id(
             graph.vertices(0).operators(0).id());
       },
       "job 'chain': operator 'Operator 1' of vertex 'v1' has the id of another operator: give "
       "one of them another uid"},
      {"no operators", [](Graph& graph) { graph.mutable_vertices(1)->clear_operators(); },
       "job 'chain': vertex 'v1' has no operators"},
      {"no group", [](Graph& graph) { graph.mutable_vertices(1)->clear_slot_sharing_group(); },
       "job 'chain': vertex 'v1' has no slot sharing group"},
  };
}

std::vector<BadGraph> BadEdges() {
  using Graph = proto::JobGraph;
  return {
      {"source index", [](Graph& graph) { graph.mutable_edges(0)->set_source_vertex(9); },
       "job 'chain': an edge leaves vertex number 9, but there are 3 vertices"},
      {"target index", [](Graph& graph) { graph.mutable_edges(0)->set_target_vertex(9); },
       "job 'chain': an edge of vertex 'v0' enters vertex number 9, but there are 3 vertices"},
      {"cycle", [](Graph& graph) { graph.mutable_edges(1)->set_target_vertex(1); },
       "job 'chain': the edge from vertex 'v1' to vertex 'v1' closes a cycle"},
      {"into a source", [](Graph& graph) { graph.mutable_vertices(1)->set_is_source(true); },
       "job 'chain': the edge from vertex 'v0' enters the source vertex 'v1'"},
      {"third input", [](Graph& graph) { graph.mutable_edges(0)->set_target_input(2); },
       "job 'chain': an edge enters input 2 of vertex 'v1'; a vertex has at most two"},
      {"partitioning",
       [](Graph& graph) {
         graph.mutable_edges(0)->set_partitioning(static_cast<proto::Partitioning>(77));
       },
       "job 'chain': the edge from vertex 'v0' to vertex 'v1' has a partitioning that this version "
       "does not know"},
      {"forward", [](Graph& graph) { graph.mutable_edges(0)->set_partitioning(proto::FORWARD); },
       "job 'chain': a forward edge needs equal parallelism, but vertex 'v0' has 2 and vertex 'v1' "
       "has 4"},
      {"no input", [](Graph& graph) { graph.mutable_edges()->DeleteSubrange(0, 1); },
       "job 'chain': vertex 'v1' is no source and has no input"},
      {"subtasks",
       [](Graph& graph) {
         for (int i = 0; i < 9; ++i) {
           proto::JobVertex* const vertex = graph.add_vertices();
           *vertex = graph.vertices(0);
           vertex->set_id(std::string(31, 'b') + static_cast<char>('0' + i));
           vertex->mutable_operators(0)->set_id(vertex->id());
           vertex->set_parallelism(32768);
           vertex->set_max_parallelism(32768);
         }
       },
       "job 'chain': it has 294919 subtasks; at most 262144 are supported"},
  };
}

TEST(JobGraphCheckTest, NamesWhatIsWrong) {
  std::vector<BadGraph> cases = BadVertices();
  for (BadGraph& bad : BadEdges()) cases.push_back(std::move(bad));
  for (const BadGraph& bad : cases) {
    proto::JobGraph graph = ChainGraph({2, 4, 1});
    bad.spoil(graph);
    const Status status = CheckJobGraph(graph);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << bad.name;
    EXPECT_EQ(status.domain(), ErrorDomain::kUser) << bad.name;
    EXPECT_EQ(status.message(), bad.message) << bad.name;
  }
}

}  // namespace
}  // namespace weir::jobmanager
