#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/connectors/kafka.h>

#include "tests/kafka/topic_writer.h"
#include "tests/unit/connectors_kafka/mock_kafka.h"
#include "tests/unit/sdk/source_simulation.h"
#include "tests/unit/test_seed.h"

namespace weir::kafka {
namespace {

// Readers are lost, all of them stop and go on as others: each record is read once.
TEST(KafkaSourceThatFails, ReadsEachRecordOnce) {
  constexpr int kRecords = 3'000;
  test::MockKafka kafka;
  kafka.CreateTopic("input", 5);
  ASSERT_TRUE(test::TopicWriter(kafka.bootstrap_servers()).WriteKeyed("input", kRecords, 100).ok());
  std::vector<std::string> expected;
  for (int i = 0; i < kRecords; ++i) expected.push_back(std::to_string(i));
  std::sort(expected.begin(), expected.end());
  const auto source = KafkaSource<std::string>::Builder()
                          .BootstrapServers(kafka.bootstrap_servers())
                          .Topics({"input"})
                          .GroupId("group")
                          .Bounded(OffsetsInitializer::Latest())
                          .Build();
  const std::uint64_t first_seed = TestSeed();
  for (std::uint64_t seed = first_seed; seed < first_seed + 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    weir::testing::SourceSimulation simulation(source, seed);
    auto records = simulation.Run(/*failures=*/5);
    ASSERT_TRUE(records.ok()) << records.status().ToString();
    std::sort(records->begin(), records->end());
    ASSERT_EQ(*records, expected);
  }
}

}  // namespace
}  // namespace weir::kafka
