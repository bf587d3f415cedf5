// Which subtasks fail and start again together, for every kind of edge.
#include "jobmanager/graph/failover_regions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobmanager/job/failover_scope.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using Regions = std::vector<std::uint32_t>;

struct Edge {
  std::uint32_t source = 0;
  std::uint32_t target = 0;
  proto::Partitioning partitioning = proto::FORWARD;
};

proto::JobGraph Graph(const std::vector<std::uint32_t>& parallelisms,
                      const std::vector<Edge>& edges) {
  proto::JobGraph graph;
  for (const std::uint32_t parallelism : parallelisms) {
    graph.add_vertices()->set_parallelism(parallelism);
  }
  for (const Edge& edge : edges) {
    proto::JobEdge* const added = graph.add_edges();
    added->set_source_vertex(edge.source);
    added->set_target_vertex(edge.target);
    added->set_partitioning(edge.partitioning);
  }
  return graph;
}

Regions RegionsOf(const FailoverRegions& regions, std::uint32_t vertex) {
  Regions found;
  for (std::uint32_t subtask = 0; subtask < regions.SubtasksOf(vertex); ++subtask) {
    found.push_back(regions.RegionOf(vertex, subtask));
  }
  return found;
}

TEST(FailoverRegionsTest, AVertexAloneHasARegionPerSubtask) {
  const FailoverRegions regions(Graph({3}, {}));
  EXPECT_EQ(regions.count(), 3u);
  EXPECT_THAT(RegionsOf(regions, 0), ElementsAre(0, 1, 2));
}

TEST(FailoverRegionsTest, ForwardEdgesJoinEqualIndexes) {
  const FailoverRegions regions(Graph({2, 2, 2}, {{0, 1}, {1, 2}}));
  EXPECT_EQ(regions.count(), 2u);
  for (std::uint32_t vertex = 0; vertex < 3; ++vertex) {
    EXPECT_THAT(RegionsOf(regions, vertex), ElementsAre(0, 1)) << vertex;
  }
}

TEST(FailoverRegionsTest, EdgesFromAllToAllJoinAll) {
  for (const proto::Partitioning partitioning : {proto::REBALANCE, proto::SHUFFLE, proto::BROADCAST,
                                                 proto::GLOBAL, proto::KEY_GROUP, proto::CUSTOM}) {
    const FailoverRegions regions(Graph({2, 3}, {{0, 1, partitioning}}));
    EXPECT_EQ(regions.count(), 1u) << proto::Partitioning_Name(partitioning);
  }
}

TEST(FailoverRegionsTest, RescaleJoinsTheGroups) {
  const FailoverRegions out(Graph({2, 4}, {{0, 1, proto::RESCALE}}));
  EXPECT_EQ(out.count(), 2u);
  EXPECT_THAT(RegionsOf(out, 1), ElementsAre(0, 0, 1, 1));
  const FailoverRegions in(Graph({4, 2}, {{0, 1, proto::RESCALE}}));
  EXPECT_EQ(in.count(), 2u);
  EXPECT_THAT(RegionsOf(in, 0), ElementsAre(0, 0, 1, 1));
  // Three sources of two targets: no source belongs to both, but all targets have one.
  const FailoverRegions uneven(Graph({3, 2}, {{0, 1, proto::RESCALE}}));
  EXPECT_EQ(uneven.count(), 2u);
}

TEST(FailoverRegionsTest, UnjoinedPipelinesOfAJobStandAlone) {
  const FailoverRegions regions(
      Graph({1, 2, 2, 2}, {{0, 1, proto::REBALANCE}, {2, 3, proto::KEY_GROUP}}));
  EXPECT_EQ(regions.count(), 2u);
  EXPECT_THAT(RegionsOf(regions, 0), ElementsAre(0));
  EXPECT_THAT(RegionsOf(regions, 1), ElementsAre(0, 0));
  EXPECT_THAT(RegionsOf(regions, 2), ElementsAre(1, 1));
  EXPECT_THAT(RegionsOf(regions, 3), ElementsAre(1, 1));
}

TEST(FailoverRegionsTest, AnUpstreamNeighbourOfADownstreamNeighbourIsJoined) {
  // Two sources that only meet in what they send to.
  const FailoverRegions regions(Graph({2, 2, 1}, {{0, 2, proto::GLOBAL}, {1, 2, proto::GLOBAL}}));
  EXPECT_EQ(regions.count(), 1u);
}

TEST(FailoverScopeTest, CoordinatorsBringTheRegionsOfTheirSubtasks) {
  const FailoverRegions regions(Graph({2, 3}, {}));
  FailoverScope scope(regions, {0});
  EXPECT_TRUE(scope.empty());
  scope.Add(1, 2);
  EXPECT_EQ(scope.region_count(), 1u);
  EXPECT_FALSE(scope.coordinators());
  scope.AddCoordinators();
  EXPECT_TRUE(scope.Contains(0, 0));
  EXPECT_TRUE(scope.Contains(0, 1));
  EXPECT_FALSE(scope.Contains(1, 0));
  EXPECT_EQ(scope.region_count(), 3u);
  EXPECT_FALSE(scope.all());
}

TEST(FailoverScopeTest, AllRegionsAreTheWholeJob) {
  const FailoverRegions regions(Graph({2}, {}));
  FailoverScope scope(regions, {0});
  FailoverScope other = scope;
  scope.Add(0, 0);
  EXPECT_FALSE(scope.all());
  other.Add(0, 1);
  EXPECT_FALSE(scope.Contains(other));
  scope.Add(other);
  EXPECT_TRUE(scope.Contains(other));
  EXPECT_TRUE(scope.all());
  EXPECT_TRUE(scope.coordinators());
  scope.Clear();
  EXPECT_TRUE(scope.empty());
}

}  // namespace
}  // namespace weir::jobmanager
