#include "connectors/kafka/src/split_enumerator.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "connectors/kafka/src/split_discovery.h"
#include "tests/kafka/source_driver.h"

namespace weir::kafka {
namespace {

using Context = test::TestEnumeratorContext<KafkaSplit>;

internal::KafkaSourceOptions Options(bool bounded) {
  internal::KafkaSourceOptions options;
  options.client.bootstrap_servers = "127.0.0.1:1";
  options.topics = {"a", "b"};
  if (bounded) options.stopping_offsets = OffsetsInitializer::Latest();
  return options;
}

std::vector<KafkaSplit> Partitions(const std::string& topic, int count) {
  std::vector<KafkaSplit> splits;
  for (int i = 0; i < count; ++i) splits.push_back({topic, i, 0, 10});
  return splits;
}

SplitDiscovery Finds(std::vector<KafkaSplit> splits) {
  return [splits](const internal::KafkaSourceOptions&, Logger&) {
    return Result<std::vector<KafkaSplit>>(splits);
  };
}

TEST(ReaderOf, SpreadsThePartitionsOfATopicEvenly) {
  for (const std::uint32_t parallelism : {1u, 3u, 4u, 7u}) {
    for (const std::string topic : {"input", "orders", "x"}) {
      std::vector<int> partitions_of(parallelism, 0);
      for (int partition = 0; partition < 28; ++partition) {
        const std::uint32_t reader = ReaderOf(topic, partition, parallelism);
        EXPECT_EQ(reader,
                  (ReaderOf(topic, 0, parallelism) + static_cast<std::uint32_t>(partition)) %
                      parallelism);
        ++partitions_of[reader];
      }
      const auto [fewest, most] = std::minmax_element(partitions_of.begin(), partitions_of.end());
      EXPECT_LE(*most - *fewest, 1) << topic << " at " << parallelism;
    }
  }
}

TEST(ReaderOf, StartsTopicsAtDifferentReaders) {
  std::set<std::uint32_t> starts;
  for (const std::string topic : {"a", "b", "c", "d", "e", "f", "g", "h"})
    starts.insert(ReaderOf(topic, 0, 4));
  EXPECT_GT(starts.size(), 1u);
}

TEST(KafkaSplitEnumerator, AssignsEverySplitOnceAndEndsBoundedReaders) {
  std::vector<KafkaSplit> all = Partitions("a", 6);
  for (const KafkaSplit& split : Partitions("b", 3)) all.push_back(split);
  Context context(3);
  context.registered = {0, 2};
  KafkaSplitEnumerator enumerator(Options(true), Finds(all));
  ASSERT_TRUE(enumerator.Start(context, std::nullopt).ok());
  EXPECT_TRUE(context.assigned[1].empty());
  EXPECT_FALSE(context.no_more_splits[1]);
  enumerator.AddReader(1);
  std::size_t assigned = 0;
  for (std::uint32_t reader = 0; reader < 3; ++reader) {
    EXPECT_EQ(context.assigned[reader].size(), 3u);
    EXPECT_TRUE(context.no_more_splits[reader]);
    assigned += context.assigned[reader].size();
    for (const KafkaSplit& split : context.assigned[reader]) {
      EXPECT_EQ(ReaderOf(split.topic, split.partition, 3), reader);
    }
  }
  EXPECT_EQ(assigned, all.size());
}

TEST(KafkaSplitEnumerator, UnboundedReadersAreNeverTold) {
  Context context(2);
  context.registered = {0, 1};
  KafkaSplitEnumerator enumerator(Options(false), Finds(Partitions("a", 1)));
  ASSERT_TRUE(enumerator.Start(context, std::nullopt).ok());
  EXPECT_FALSE(context.no_more_splits[0]);
  EXPECT_FALSE(context.no_more_splits[1]);
}

TEST(KafkaSplitEnumerator, FailsTheJobWithWhatTheBrokersSaid) {
  Context context(1);
  KafkaSplitEnumerator enumerator(Options(true), [](const internal::KafkaSourceOptions&, Logger&) {
    return Result<std::vector<KafkaSplit>>(Status::NotFound("topic 'a' does not exist"));
  });
  ASSERT_TRUE(enumerator.Start(context, std::nullopt).ok());
  EXPECT_EQ(context.failure.code(), StatusCode::kNotFound);
  EXPECT_EQ(context.failure.message(), "Kafka source: topic 'a' does not exist");
}

TEST(KafkaSplitEnumerator, HandsOutAgainWhatALostReaderHad) {
  Context context(1);
  context.registered = {0};
  KafkaSplitEnumerator enumerator(Options(true), Finds(Partitions("a", 2)));
  ASSERT_TRUE(enumerator.Start(context, std::nullopt).ok());
  const std::vector<KafkaSplit> before = context.assigned[0];
  context.assigned[0].clear();
  enumerator.AddSplitsBack(before, 0);
  auto snapshot = enumerator.Snapshot(1);
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(snapshot->unassigned, before);
  EXPECT_TRUE(snapshot->assigned.empty());
  enumerator.AddReader(0);
  EXPECT_EQ(context.assigned[0], before);
}

TEST(KafkaSplitEnumerator, ARestoredOneAsksNobody) {
  KafkaEnumeratorState state;
  state.discovered = true;
  state.assigned = Partitions("a", 1);
  state.unassigned = Partitions("b", 1);
  Context context(1);
  KafkaSplitEnumerator enumerator(Options(true), [](const internal::KafkaSourceOptions&, Logger&) {
    ADD_FAILURE() << "asked the brokers";
    return Result<std::vector<KafkaSplit>>(std::vector<KafkaSplit>());
  });
  ASSERT_TRUE(enumerator.Start(context, state).ok());
  auto snapshot = enumerator.Snapshot(1);
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(*snapshot, state);
  enumerator.AddReader(0);
  EXPECT_EQ(context.assigned[0], Partitions("b", 1));
  EXPECT_TRUE(context.no_more_splits[0]);
}

TEST(KafkaSplitEnumerator, RefusesWrongSettingsAtTheStart) {
  internal::KafkaSourceOptions options = Options(true);
  options.topics.clear();
  Context context(1);
  KafkaSplitEnumerator enumerator(options, Finds({}));
  const Status status = enumerator.Start(context, std::nullopt);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "Kafka source: no topics are given");
}

}  // namespace
}  // namespace weir::kafka
