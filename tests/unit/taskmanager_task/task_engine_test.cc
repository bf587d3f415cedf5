#include "taskmanager/task/task_engine.h"

#include <algorithm>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/taskmanager_task/test_cluster.h"

namespace weir::task {
namespace {

using internal::ChainContext;
using internal::PollStatus;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Number kRecords = test::kInstrumented ? 50'000 : 500'000;

class LayoutTest : public testing::TestWithParam<std::string> {
 protected:
  static TestCluster::Place Place(std::uint32_t vertex, std::uint32_t subtask) {
    if (GetParam() == "OneSlot") return {};
    if (GetParam() == "Slots") return {.slot = (vertex + subtask) % 4};
    return {.worker = (vertex + subtask) % 2, .slot = subtask % 2};
  }
};

TEST_P(LayoutTest, EveryRecordArrivesOnce) {
  Sum sum;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, CountingSource(kRecords));
  const auto map = job->AddVertex("Map", 3, [](ChainContext&) {
    return ChainHooks{.batch = [](TestChain& chain, std::uint32_t, Numbers& batch) {
      for (std::uint32_t i = 0; i < batch.size(); ++i) chain.Emit(0, batch[i] + 1);
      return Status::Ok();
    }};
  });
  const auto sink = job->AddVertex("Sink", 2, SummingSink(sum));
  job->AddEdge(source, map);
  job->AddEdge(map, sink);
  TestCluster cluster(job, 2);
  cluster.Run(Place);
  cluster.ExpectFinished();
  EXPECT_EQ(sum.count, kRecords);
  EXPECT_EQ(sum.total, kRecords * (kRecords - 1) / 2 + kRecords);
  EXPECT_THAT(cluster.events.History({source, 0, 0}),
              ElementsAre(TaskState::kInitializing, TaskState::kRunning, TaskState::kFinished));
  EXPECT_EQ(cluster.events.Last({source, 0, 0}).final_statistics->records_out,
            static_cast<std::uint64_t>(kRecords));
  std::uint64_t records_in = 0;
  for (std::uint32_t i = 0; i < 2; ++i) {
    records_in += cluster.events.Last({sink, i, 0}).final_statistics->records_in;
  }
  EXPECT_EQ(records_in, static_cast<std::uint64_t>(kRecords));
  if (GetParam() == "Workers") {
    EXPECT_GT(cluster.events.Last({source, 0, 0}).final_statistics->bytes_out, 0U);
    EXPECT_GT(cluster.events.Last({map, 0, 0}).final_statistics->bytes_in, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, LayoutTest, testing::Values("OneSlot", "Slots", "Workers"),
                         [](const auto& layout) { return layout.param; });

// Which batches are made, not how many records pass, is what memory depends on.
TEST(TaskEngineTest, ASlowSinkHoldsTheSourceBackInBoundedMemory) {
  std::atomic<bool> open_the_sink{false};
  std::shared_ptr<internal::Availability> sink_availability;
  std::mutex mutex;
  Sum sum;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, CountingSource(kRecords));
  const auto sink = job->AddVertex("Sink", 1, [&](ChainContext& context) {
    const std::lock_guard lock(mutex);
    sink_availability = context.availability();
    ChainHooks hooks = SummingSink(sum)(context);
    hooks.drain = [&](TestChain&) -> Result<bool> { return open_the_sink.load(); };
    return hooks;
  });
  job->AddEdge(source, sink);
  TaskEngineOptions options = TestCluster::DefaultOptions();
  options.credits_per_channel = 4;
  options.overdraft_batches = 3;
  TestCluster cluster(job, 1, options);
  cluster.RunInOneSlot();
  ASSERT_TRUE(cluster.events.WaitFor({sink, 0, 0}, TaskState::kRunning));
  // The source stops when four batches are under way and one is in the overdraft.
  ASSERT_TRUE(Eventually([&] {
    return cluster.engine().Statistics().front().records_out == 5 * internal::kMaximumBatchCapacity;
  }));
  ASSERT_TRUE(Eventually([&] {
    const auto statistics = cluster.engine().Statistics();
    return statistics[source].back_pressured_ms >= 2 && statistics[sink].back_pressured_ms >= 2;
  }));
  EXPECT_EQ(cluster.engine().Statistics().front().records_out, 5 * internal::kMaximumBatchCapacity);
  EXPECT_EQ(sum.count, 0);
  open_the_sink = true;
  sink_availability->NotifyAvailable();
  cluster.ExpectFinished();
  EXPECT_EQ(sum.count, kRecords);
  // Under way, overdraft, being filled, being read, waiting to be filled again.
  EXPECT_LE(job->type().made(), 4 + 3 + 1 + 1 + 6);
}

TEST(TaskEngineTest, TwoSourcesFeedTheTwoInputsOfOneTask) {
  Sum left;
  Sum right;
  std::vector<std::uint32_t> ends;
  auto job = std::make_shared<TestJob>();
  const auto first = job->AddSource("First", 2, CountingSource(kRecords));
  const auto second = job->AddSource("Second", 1, CountingSource(kRecords, 1, 1));
  const auto join = job->AddVertex("Join", 1, [&](ChainContext& context) {
    ChainHooks hooks;
    hooks.batch = [&, l = SummingSink(left)(context).batch, r = SummingSink(right)(context).batch](
                      TestChain& chain, std::uint32_t input, Numbers& batch) {
      return input == 0 ? l(chain, input, batch) : r(chain, input, batch);
    };
    hooks.end = [&](TestChain&, std::uint32_t input) {
      ends.push_back(input);
      return Status::Ok();
    };
    return hooks;
  });
  job->AddEdge(first, join, 0);
  job->AddEdge(second, join, 1);
  TestCluster cluster(job);
  cluster.Run(
      [](std::uint32_t vertex, std::uint32_t) { return TestCluster::Place{.slot = vertex}; });
  cluster.ExpectFinished();
  EXPECT_EQ(left.count, 2 * kRecords);
  EXPECT_EQ(right.count, kRecords);
  EXPECT_EQ(right.total, kRecords * (kRecords - 1) / 2 + kRecords);
  EXPECT_THAT(ends, testing::UnorderedElementsAre(0U, 1U)) << "each input ends once";
}

TEST(TaskEngineTest, WatermarksAreMergedOverTheChannels) {
  std::vector<std::pair<std::uint32_t, std::int64_t>> seen;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 3, [](ChainContext& context) {
    return ChainHooks{.poll = [subtask = context.runtime().subtask_index()](
                                  TestChain& chain) -> Result<PollStatus> {
      chain.EmitControl(internal::Watermark{10 + subtask});
      chain.EmitControl(internal::Watermark{internal::kMaximumWatermark});
      return PollStatus::kEndOfInput;
    }};
  });
  const auto sink = job->AddVertex("Sink", 1, [&](ChainContext&) {
    return ChainHooks{.watermark = [&](TestChain&, std::uint32_t input, std::int64_t time) {
      seen.emplace_back(input, time);
      return Status::Ok();
    }};
  });
  job->AddEdge(source, sink);
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  cluster.ExpectFinished();
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back(), (std::pair<std::uint32_t, std::int64_t>(0, internal::kMaximumWatermark)));
  for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_GT(seen[i].second, seen[i - 1].second);
  EXPECT_EQ(cluster.events.Last({sink, 0, 0}).final_statistics->current_watermark_ms,
            internal::kMaximumWatermark);
  EXPECT_EQ(cluster.events.Last({source, 1, 0}).final_statistics->current_watermark_ms,
            internal::kMaximumWatermark);
}

TEST(TaskEngineTest, ABarrierWithoutAPlaceForStateIsDeclinedAndTheTaskGoesOn) {
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [](ChainContext&) {
    return ChainHooks{.poll = [](TestChain& chain) -> Result<PollStatus> {
      chain.EmitControl(internal::Barrier{.checkpoint_id = 7});
      return PollStatus::kEndOfInput;
    }};
  });
  const auto sink = job->AddVertex("Sink", 1, [](ChainContext&) { return ChainHooks{}; });
  job->AddEdge(source, sink);
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  cluster.ExpectFinished();
  ASSERT_TRUE(cluster.events.WaitForDecline(7, {sink, 0, 0}));
  const Status cause = cluster.events.Declined()[{7, {sink, 0, 0}}];
  EXPECT_THAT(cause.message(), HasSubstr("execution.checkpointing.dir is not set"));
  EXPECT_THAT(cause.message(), HasSubstr("subtask 0 (attempt 0) of 'Sink'"));
}

// A random acyclic graph of tasks: each forwards what it gets to all its outputs. What must arrive
// where follows from the graph alone.
struct RandomGraph {
  explicit RandomGraph(std::mt19937& random)
      : job(std::make_shared<TestJob>()), sums(3 + random() % 5), expected(sums.size(), 0) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
    for (std::uint32_t source = 0; source < sums.size(); ++source) {
      for (std::uint32_t target = source + 1; target < sums.size(); ++target) {
        if (random() % 3 == 0) edges.emplace_back(source, target);
      }
    }
    for (std::uint32_t vertex = 0; vertex < sums.size(); ++vertex) {
      const bool is_source = std::none_of(edges.begin(), edges.end(),
                                          [&](const auto& edge) { return edge.second == vertex; });
      const std::uint32_t parallelism = 1 + random() % 3;
      const std::string name = "Vertex " + std::to_string(vertex);
      if (is_source) {
        const Number count = random() % 5000;
        expected[vertex] = count * parallelism;
        job->AddSource(name, parallelism, CountingSource(count));
      } else {
        job->AddVertex(name, parallelism, Forwarding(sums[vertex]));
        inner.push_back(vertex);
      }
      for (const auto& [source, target] : edges) {
        if (target == vertex) expected[vertex] += expected[source];
      }
    }
    for (const auto& [source, target] : edges) job->AddEdge(source, target, random() % 2);
  }

  static TestJob::Behaviour Forwarding(Sum& sum) {
    return [&sum](ChainContext& context) {
      ChainHooks hooks = SummingSink(sum)(context);
      hooks.batch = [count = hooks.batch](TestChain& chain, std::uint32_t input, Numbers& batch) {
        for (std::uint32_t i = 0; i < batch.size(); ++i) {
          for (std::uint32_t output = 0; output < chain.context.output_count(); ++output) {
            chain.Emit(output, batch[i]);
          }
        }
        return count(chain, input, batch);
      };
      return hooks;
    };
  }

  std::shared_ptr<TestJob> job;
  std::vector<Sum> sums;
  std::vector<Number> expected;  // by vertex: records that arrive, or that a source emits
  std::vector<std::uint32_t> inner;
};

TEST(TaskEngineTest, RandomGraphsDeliverWhatTheGraphSays) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < (test::kInstrumented ? 4 : 12); ++round) {
    RandomGraph graph(random);
    TaskEngineOptions options = TestCluster::DefaultOptions();
    options.credits_per_channel = 1 + random() % 3;
    options.overdraft_batches = random() % 4;
    options.output_budget_records = 16 + random() % 200;
    TestCluster cluster(graph.job, 2, options, SystemClock(), random(), 3);
    std::map<std::pair<std::uint32_t, std::uint32_t>, TestCluster::Place> places;
    cluster.Run([&](std::uint32_t vertex, std::uint32_t subtask) {
      auto [place, is_new] = places.try_emplace({vertex, subtask});
      if (is_new) {
        place->second = {.worker = static_cast<std::uint32_t>(random() % 2),
                         .slot = static_cast<std::uint32_t>(random() % 3)};
      }
      return place->second;
    });
    cluster.ExpectFinished();
    for (const std::uint32_t vertex : graph.inner) {
      EXPECT_EQ(graph.sums[vertex].count, graph.expected[vertex])
          << "round " << round << " vertex " << vertex;
    }
  }
}

}  // namespace
}  // namespace weir::task
