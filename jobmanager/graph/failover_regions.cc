#include "jobmanager/graph/failover_regions.h"

#include <limits>
#include <numeric>

#include <weir/internal/channel_layout.h>

namespace weir::jobmanager {
namespace {

// Disjoint sets of the numbers 0 .. size - 1 (union-find with path halving).
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t size) : parents_(size) {
    std::iota(parents_.begin(), parents_.end(), 0u);
  }
  std::uint32_t RootOf(std::uint32_t member) {
    while (parents_[member] != member) {
      parents_[member] = parents_[parents_[member]];
      member = parents_[member];
    }
    return member;
  }
  void Join(std::uint32_t one, std::uint32_t other) { parents_[RootOf(one)] = RootOf(other); }

 private:
  std::vector<std::uint32_t> parents_;
};

}  // namespace

FailoverRegions::FailoverRegions(const proto::JobGraph& graph) {
  std::vector<std::uint32_t> first;  // by vertex: the number of its first subtask
  std::uint32_t subtasks = 0;
  for (const proto::JobVertex& vertex : graph.vertices()) {
    first.push_back(subtasks);
    subtasks += vertex.parallelism();
  }
  DisjointSets sets(subtasks);
  for (const proto::JobEdge& edge : graph.edges()) {
    const std::uint32_t sources =
        graph.vertices(static_cast<int>(edge.source_vertex())).parallelism();
    const std::uint32_t targets =
        graph.vertices(static_cast<int>(edge.target_vertex())).parallelism();
    // The numbers of the two enums are the same.
    const auto partitioning = static_cast<internal::Partitioning>(edge.partitioning());
    for (std::uint32_t source = 0; source < sources; ++source) {
      const internal::SubtaskRange range =
          internal::TargetsOf(partitioning, source, sources, targets);
      for (std::uint32_t target = range.first; target < range.end; ++target) {
        sets.Join(first[edge.source_vertex()] + source, first[edge.target_vertex()] + target);
      }
    }
  }
  constexpr std::uint32_t kUnnumbered = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> number_of_root(subtasks, kUnnumbered);
  for (int vertex = 0; vertex < graph.vertices_size(); ++vertex) {
    std::vector<std::uint32_t>& regions = region_of_.emplace_back();
    for (std::uint32_t subtask = 0; subtask < graph.vertices(vertex).parallelism(); ++subtask) {
      std::uint32_t& number =
          number_of_root[sets.RootOf(first[static_cast<std::size_t>(vertex)] + subtask)];
      if (number == kUnnumbered) number = count_++;
      regions.push_back(number);
    }
  }
}

}  // namespace weir::jobmanager
