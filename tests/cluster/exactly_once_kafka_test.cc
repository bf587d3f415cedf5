// Exactly once from a real Kafka broker: numbers are produced into a topic of several partitions
// while the job reads it and processes are killed. What is in its files is what follows from the
// numbers, and what an undisturbed run over the whole topic writes.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/disturbed_job.h"
#include "tests/kafka/real_kafka_broker.h"
#include "tests/kafka/topic_writer.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;

constexpr int kPartitions = 4;
constexpr char kTopic[] = "numbers";

int PartitionOf(std::int64_t index, std::int64_t keys) {
  // By key: how often each key came before a number is then the same in every run.
  return static_cast<int>(KeyOf(index, keys) % kPartitions);
}

// Writes 0 … records-1 on a thread of its own, so many a second.
class NumberProducer {
 public:
  NumberProducer(std::string bootstrap_servers, NumberedArguments arguments,
                 std::int64_t records_per_second)
      : bootstrap_servers_(std::move(bootstrap_servers)),
        arguments_(arguments),
        records_per_second_(records_per_second),
        thread_([this](const std::stop_token& stop) { written_ = Run(stop); }) {}

  // Waits until all are acknowledged. Once.
  Status Finish() {
    thread_.join();
    return written_;
  }

 private:
  static constexpr auto kTick = 10ms;

  Status Run(const std::stop_token& stop) {
    test::TopicWriter writer(bootstrap_servers_);
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t index = 0; index < arguments_.records;) {
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      const auto due =
          static_cast<std::int64_t>(elapsed.count() * static_cast<double>(records_per_second_));
      for (; index < std::min(due, arguments_.records); ++index) {
        WEIR_RETURN_IF_ERROR(
            writer.Write(kTopic, {.key = std::nullopt,
                                  .value = std::to_string(index),
                                  .partition = PartitionOf(index, arguments_.keys)}));
      }
      stopped.wait_for(lock, stop, kTick, [] { return false; });
      if (stop.stop_requested()) return Status(StatusCode::kCanceled, "the test ended");
    }
    return writer.Flush();
  }

  const std::string bootstrap_servers_;
  const NumberedArguments arguments_;
  const std::int64_t records_per_second_;
  Status written_;  // the thread's until it has ended
  std::jthread thread_;
};

class ExactlyOnceKafkaTest : public DisturbedJobTest {
 protected:
  void SetUp() override {
    DisturbedJobTest::SetUp();
    auto broker = test::RealKafkaBroker::Start();
    if (!broker.ok()) GTEST_SKIP() << "SKIPPED: real Kafka: " << broker.status().message();
    broker_ = *std::move(broker);
    const Status created = broker_->CreateTopic(kTopic, kPartitions);
    ASSERT_TRUE(created.ok()) << created.message();
    arguments_.records = RecordsForKills();
  }
  // "A,B,…": how many of the numbers each partition gets.
  std::string Stops() const {
    std::vector<std::int64_t> counts(kPartitions, 0);
    for (std::int64_t index = 0; index < arguments_.records; ++index) {
      ++counts[static_cast<std::size_t>(PartitionOf(index, arguments_.keys))];
    }
    std::string text;
    for (const std::int64_t count : counts) {
      text += (text.empty() ? "" : ",") + std::to_string(count);
    }
    return text;
  }
  std::string SubmitNumbered(const std::string& output, const CheckpointVariant& variant) {
    return Submit({.plugin = PluginPath("cluster_numbered_kafka_job"),
                   .entry = "numbered-kafka",
                   .arguments = Arguments({{"bootstrap-servers", broker_->bootstrap_servers()},
                                           {"topic", kTopic},
                                           {"group", "numbers"},
                                           {"stops", Stops()},
                                           {"output", MakeFolder(output)}}),
                   .parallelism = 2,
                   .configuration = Configuration(variant)});
  }
  std::vector<std::string> SortedLines(const std::string& folder) {
    std::vector<std::string> lines = ReadPublishedLines(PathOf(folder));
    std::ranges::sort(lines);
    return lines;
  }

  std::unique_ptr<test::RealKafkaBroker> broker_;
  NumberedArguments arguments_;
};

TEST_F(ExactlyOnceKafkaTest, AnyProcessIsKilledAndTheOutputIsThatOfAnUndisturbedRun) {
  ASSERT_NO_FATAL_FAILURE(StartRecoverableCluster());
  const CheckpointVariant& variant = VariantOfRun(seed_, 0);
  NumberProducer producer(broker_->bootstrap_servers(), arguments_, kRecordsPerSecond);
  const std::string disturbed = SubmitNumbered("disturbed", variant);
  Disturb(disturbed, [](ProcessKiller& killer) { return killer.ChooseVictim(); });
  if (HasFatalFailure()) return;
  const Status written = producer.Finish();
  ASSERT_TRUE(written.ok()) << written.message();
  ExpectExactlyOnce(arguments_, PathOf("disturbed"));

  const std::string undisturbed = SubmitNumbered("undisturbed", variant);
  WaitForState(undisturbed, "FINISHED", kPatience + std::chrono::seconds(kills_));
  EXPECT_EQ(Job(undisturbed).restarts, 0);
  // The counts carry the whole state of each key: equal lines are equal states.
  EXPECT_TRUE(SortedLines("disturbed/counts") == SortedLines("undisturbed/counts"));
  EXPECT_TRUE(SortedLines("disturbed/windows") == SortedLines("undisturbed/windows"));
}

}  // namespace
}  // namespace weir::cluster_test
