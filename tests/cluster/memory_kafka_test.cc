// Memory of workers whose Kafka client cannot get rid of what it holds: the client's queues are
// bounded, in both directions.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/cluster/memory_fixture.h"
#include "tests/kafka/real_kafka_broker.h"
#include "tests/kafka/topic_writer.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;

constexpr int kPartitions = 4;

class KafkaMemoryTest : public MemoryTest {
 protected:
  void SetUp() override {
    // Old segments go: the test writes as fast as it can and reads nothing back.
    auto broker = test::RealKafkaBroker::Start(
        {.properties = {"log.retention.bytes=67108864", "log.segment.bytes=16777216",
                        "log.retention.check.interval.ms=1000",
                        "log.segment.delete.delay.ms=1000"}});
    if (!broker.ok()) GTEST_SKIP() << "SKIPPED: real Kafka: " << broker.status().message();
    broker_ = *std::move(broker);
  }
  JobRequest Job(const std::string& entry, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--bootstrap-servers", broker_->bootstrap_servers()});
    return {.plugin = PluginPath("cluster_kafka_job"),
            .entry = entry,
            .arguments = std::move(arguments),
            .parallelism = 4};
  }
  void ExpectBounded(const std::map<pid_t, std::int64_t>& baseline, const char* what) {
    const auto stopped = Soak() ? 30s : 3s;
    ASSERT_EQ(baseline.size(), 2U);
    const std::int64_t growth = WorstGrowth(baseline, stopped, [] { return false; });
    std::printf("%s for %ld s: worst growth of a worker %ld KiB\n", what,
                static_cast<long>(stopped.count()), static_cast<long>(growth / 1024));
    EXPECT_LE(growth, 64 * kMiB);
  }
  // Asks again until the count stays the same from one look to the next.
  template <class Count>
  void WaitUntilItStands(const Count& count) {
    std::uint64_t last = count();
    WaitUntil("nothing moves", [&] {
      const std::uint64_t before = std::exchange(last, count());
      return before == last;
    });
  }
  std::uint64_t RecordsRead(const std::string& job, const std::string& vertex) {
    std::uint64_t records = 0;
    for (const SubtaskView& subtask : Subtasks(job, vertex)) records += subtask.records_in;
    return records;
  }

  std::unique_ptr<test::RealKafkaBroker> broker_;
};

TEST_F(KafkaMemoryTest, ABrokerThatStandsStillUnderFullInput) {
  StartCluster();
  ASSERT_TRUE(broker_->CreateTopic("flood", kPartitions).ok());
  const std::string job =
      Submit(Job("kafka-write", {"--topic", "flood", "--end-file", PathOf("end")}));
  WaitUntilRunning(job);
  if (HasFatalFailure()) return;
  WaitFor(Soak() ? 10s : 2s, [] { return false; });  // of steady flow
  const auto baseline = Baseline(Workers(job, "sink"));
  broker_->Pause();
  ExpectBounded(baseline, "broker stopped");
  WaitUntilItStands([&] { return RecordsRead(job, "sink"); });
  const std::uint64_t at_stop = RecordsRead(job, "sink");
  broker_->Resume();
  WaitUntil("the flow goes on", [&] { return RecordsRead(job, "sink") > at_stop; });
  Touch(PathOf("end"));
  WaitForState(job, "FINISHED");
}

TEST_F(KafkaMemoryTest, ASourceThatNobodyReadsFrom) {
  constexpr std::int64_t kRecords = 400'000;  // of 1000 bytes
  StartCluster();
  ASSERT_TRUE(broker_->CreateTopic("lines", kPartitions, {{"retention.bytes", "-1"}}).ok());
  test::TopicWriter writer(broker_->bootstrap_servers());
  ASSERT_TRUE(writer.WriteKeyed("lines", kRecords, 1000, std::string(990, '.')).ok());
  ASSERT_TRUE(writer.Flush().ok());
  const std::string folder = MakeFolder("read");
  const std::string gate = PathOf("stop");
  const std::string job = Submit(Job("kafka-read", {"--topic", "lines", "--output", folder,
                                                    "--stop-file", gate, "--sink-rate", "2000"}));
  WaitUntilRunning(job);
  if (HasFatalFailure()) return;
  // Slower than Kafka: the queues on the way are full long before the sinks stop.
  WaitFor(Soak() ? 10s : 2s, [] { return false; });
  const auto baseline = Baseline(Workers(job, "lines"));
  Touch(gate);
  ExpectBounded(baseline, "sinks stopped");
  WaitUntilItStands([&] { return ReadSummary(folder).records; });
  const std::uint64_t at_stop = ReadSummary(folder).records;
  EXPECT_LT(at_stop, static_cast<std::uint64_t>(kRecords)) << "the input ended before the test";
  std::filesystem::remove(gate);
  WaitUntil("the flow goes on", [&] { return ReadSummary(folder).records > at_stop; });
  ASSERT_TRUE(client().Cancel(job).ok());
  WaitForState(job, "CANCELED");
}

}  // namespace
}  // namespace weir::cluster_test
