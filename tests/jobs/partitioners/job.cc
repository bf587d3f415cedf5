// Every way to distribute records: each reaches exactly one subtask, by broadcast all of them.
#include <cstdint>
#include <string>

#include "tests/jobs/golden_job.h"

namespace weir::golden::partitioners {
namespace {

// Of what all subtasks get, each keeps its share.
struct KeepShare {
  void Open(RuntimeContext& context) {
    subtask = context.subtask_index();
    subtasks = context.parallelism();
  }
  bool operator()(const std::string& line) const { return std::stoull(line) % subtasks == subtask; }
  std::uint32_t subtask = 0;
  std::uint32_t subtasks = 1;
};

auto Labeled(const DataStream<std::string>& stream, const std::string& label) {
  return stream.Map([label](const std::string& line) { return label + " " + line; });
}

void Partitioners(GoldenJob& golden) {
  const auto lines = golden.Lines();
  const auto by_last_digit = [](const std::string& line, std::uint32_t partitions) {
    return (line.back() - '0') % partitions;
  };
  golden.Expect(Labeled(lines.Rebalance(), "rebalance")
                    .Union(Labeled(lines.Rescale(), "rescale"), Labeled(lines.Shuffle(), "shuffle"),
                           Labeled(lines.Global(), "global"),
                           Labeled(lines.PartitionCustom(by_last_digit), "custom"),
                           Labeled(lines.Broadcast().Filter(KeepShare()), "broadcast")));
}

}  // namespace

GOLDEN_JOB(Partitioners)

}  // namespace weir::golden::partitioners
