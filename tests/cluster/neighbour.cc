#include "tests/cluster/neighbour.h"

#include <algorithm>
#include <cstdio>

namespace weir::cluster_test {

JobRequest NeighbourJob(const std::string& folder, const std::string& end_file) {
  return {.plugin = PluginPath("cluster_exchange_job"),
          .entry = "exchange",
          .arguments = Arguments({{"output", folder},
                                  {"sources", "2"},
                                  {"sinks", "2"},
                                  {"records", "1000000000"},
                                  {"source-rate", "5000"},
                                  {"end-file", end_file}})};
}

void ExpectNothingMissed(const std::string& folder) {
  const std::vector<ArrivedRecord> arrivals = ReadArrivals(folder);
  std::size_t expected = 0;
  for (std::uint32_t source = 0; source < 2; ++source) {
    std::int64_t records = 0;
    for (const ArrivedRecord& record : arrivals) {
      if (record.source_subtask == source) records = std::max(records, record.value + 1);
    }
    EXPECT_GT(records, 0) << "source " << source << " of the neighbour";
    const auto counts = Occurrences(arrivals, source, records);
    EXPECT_TRUE(
        std::all_of(counts.begin(), counts.end(), [](std::uint32_t count) { return count == 1; }))
        << "source " << source << " of the neighbour missed or repeated a record";
    expected += static_cast<std::size_t>(records);
  }
  EXPECT_EQ(arrivals.size(), expected);
  std::printf("neighbour: %zu records, none missed\n", arrivals.size());
}

}  // namespace weir::cluster_test
