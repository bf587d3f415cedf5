// Calls that emit more than fits: they park, the slot's other tasks go on, memory stays bounded.
#include <memory>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/taskmanager_task/test_cluster.h"

namespace weir::task {
namespace {

using internal::ChainContext;
using internal::PollStatus;

constexpr Number kOutputs = test::kInstrumented ? 200'000 : 5'000'000;

// One record that becomes `outputs` within one call.
TestJob::Behaviour Exploding(Number outputs) {
  return [=](ChainContext&) {
    return ChainHooks{.batch = [=](TestChain& chain, std::uint32_t, Numbers& batch) {
      for (std::uint32_t i = 0; i < batch.size(); ++i) {
        for (Number n = 0; n < outputs && !chain.context.canceled(); ++n) chain.Emit(0, n);
      }
      return Status::Ok();
    }};
  };
}

class ParkedCallTest : public ::testing::TestWithParam<bool> {
 protected:
  // The consumer shares the slot, or has one of its own.
  static TestCluster::Placement PlaceConsumer(std::uint32_t consumer) {
    return [consumer, own = GetParam()](std::uint32_t vertex, std::uint32_t) {
      return TestCluster::Place{.slot = own && vertex == consumer ? 1U : 0U};
    };
  }
};

TEST_P(ParkedCallTest, MillionsOfOutputsOfOneCallFlowInBoundedMemory) {
  Sum sum;
  Sum other_sum;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, CountingSource(2));
  const auto explode = job->AddVertex("Explode", 1, Exploding(kOutputs));
  const auto other = job->AddSource("Other", 1, CountingSource(10 * kOutputs / 100));
  const auto sink = job->AddVertex("Sink", 1, SummingSink(sum));
  const auto other_sink = job->AddVertex("Other sink", 1, SummingSink(other_sum));
  job->AddEdge(source, explode);
  job->AddEdge(explode, sink);
  job->AddEdge(other, other_sink);
  TaskEngineOptions options = TestCluster::DefaultOptions();
  options.credits_per_channel = 4;
  options.overdraft_batches = 6;
  TestCluster cluster(job, 1, options);
  cluster.Run(PlaceConsumer(sink));
  cluster.ExpectFinished();
  EXPECT_EQ(sum.count, 2 * kOutputs);
  EXPECT_EQ(sum.total, kOutputs * (kOutputs - 1));
  EXPECT_EQ(other_sum.count, 10 * kOutputs / 100);
  // Three channels: under way, waiting to be filled again, being filled, being read; one overdraft
  // each.
  EXPECT_LE(job->type().made(), 3 * (4 + 6 + 2 + 6 + 1));
}

TEST_P(ParkedCallTest, TheOtherTasksOfTheSlotGoOnMeanwhile) {
  std::atomic<Number> other_steps{0};
  std::atomic<bool> call_ended{false};
  std::atomic<Number> steps_during_call{0};
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, CountingSource(1));
  // Emits until the other source was stepped a hundred times since the call began.
  const auto explode = job->AddVertex("Explode", 1, [&](ChainContext&) {
    return ChainHooks{.batch = [&](TestChain& chain, std::uint32_t, Numbers&) {
      const Number before = other_steps;
      const auto deadline = std::chrono::steady_clock::now() + kDeadline;
      while (other_steps - before < 100 && std::chrono::steady_clock::now() < deadline) {
        chain.Emit(0, 1);
      }
      steps_during_call = other_steps - before;
      call_ended = true;
      return Status::Ok();
    }};
  });
  const auto other = job->AddSource("Other", 1, [&](ChainContext&) {
    return ChainHooks{.poll = [&](TestChain&) -> Result<PollStatus> {
      ++other_steps;
      return call_ended ? PollStatus::kEndOfInput : PollStatus::kProgress;
    }};
  });
  const auto sink = job->AddVertex("Sink", 1, [](ChainContext&) { return ChainHooks{}; });
  job->AddEdge(source, explode);
  job->AddEdge(explode, sink);
  TaskEngineOptions options = TestCluster::DefaultOptions();
  options.yield_interval_ms = 1;
  TestCluster cluster(job, 1, options);
  cluster.Run(PlaceConsumer(sink));
  cluster.ExpectFinished();
  EXPECT_GE(steps_during_call, 100);
  EXPECT_EQ(cluster.events.Last({other, 0, 0}).state, TaskState::kFinished);
}

// Two calls parked at once in one slot, whose consumers are in it too: neither waits for the other.
TEST_P(ParkedCallTest, SeveralCallsOfOneSlotParkAtOnce) {
  Sum sums[3];
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, CountingSource(3));
  const auto explode = job->AddVertex("Explode", 3, Exploding(kOutputs / 10));
  std::uint32_t sink = 0;
  job->AddEdge(source, explode);
  sink = job->AddVertex("Sink", 3, [&](ChainContext& context) {
    return SummingSink(sums[context.runtime().subtask_index()])(context);
  });
  job->AddEdge(explode, sink);
  TestCluster cluster(job);
  cluster.Run(PlaceConsumer(sink));
  cluster.ExpectFinished();
  EXPECT_EQ(sums[0].count + sums[1].count + sums[2].count, 3 * (kOutputs / 10));
}

TEST_P(ParkedCallTest, ACancelFreesAParkedCall) {
  std::atomic<bool> emitted_after_cancel{false};
  std::atomic<int> closes{0};
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, CountingSource(1));
  const auto explode = job->AddVertex("Explode", 1, [&](ChainContext& context) {
    ChainHooks hooks = Exploding(std::numeric_limits<Number>::max())(context);
    hooks.batch = [&, explode_batch = hooks.batch](TestChain& chain, std::uint32_t input,
                                                   Numbers& batch) {
      const Status status = explode_batch(chain, input, batch);
      // What is emitted now is dropped, without waiting.
      for (Number n = 0; n < 100'000; ++n) chain.Emit(0, n);
      emitted_after_cancel = true;
      return status;
    };
    hooks.close = [&](TestChain&) {
      ++closes;
      return Status::Ok();
    };
    return hooks;
  });
  const auto sink = job->AddVertex("Sink", 1, [](ChainContext&) {
    return ChainHooks{.drain = [](TestChain&) -> Result<bool> { return false; }};
  });
  job->AddEdge(source, explode);
  job->AddEdge(explode, sink);
  TestCluster cluster(job);
  cluster.Run(PlaceConsumer(sink));
  // 8 under way and 20 in the overdraft: parked.
  ASSERT_TRUE(Eventually([&] {
    return cluster.engine().Statistics()[explode].records_out ==
           (8 + 20 + 1) * internal::kMaximumBatchCapacity;
  }));
  cluster.engine().Cancel({{explode, 0, 0}});
  ASSERT_TRUE(cluster.events.WaitFor({explode, 0, 0}, TaskState::kCanceled));
  EXPECT_TRUE(emitted_after_cancel);
  EXPECT_EQ(closes, 1);
  EXPECT_EQ(cluster.events.Last({sink, 0, 0}).state, TaskState::kRunning) << "only what was named";
  cluster.engine().CancelAll();
  ASSERT_TRUE(cluster.events.WaitFor({sink, 0, 0}, TaskState::kCanceled));
}

INSTANTIATE_TEST_SUITE_P(Consumers, ParkedCallTest, ::testing::Bool(), [](const auto& own_slot) {
  return own_slot.param ? "InASlotOfItsOwn" : "InTheSameSlot";
});

// Every task of the slot must have its turn, wherever in the order the parked one stands.
TEST(ParkedCallTest, NoTaskOfTheSlotStarvesBesideACallThatAlwaysParks) {
  constexpr int kTurns = 200;
  std::atomic<int> turns[3] = {};
  std::atomic<bool> done{false};
  const auto ticking = [&](int index) {
    return [&, index](ChainContext&) {
      return ChainHooks{.poll = [&, index](TestChain&) -> Result<PollStatus> {
        ++turns[index];
        return done ? PollStatus::kEndOfInput : PollStatus::kProgress;
      }};
    };
  };
  auto job = std::make_shared<TestJob>();
  job->AddSource("Before", 1, ticking(0));
  // Every poll overflows.
  const auto flood = job->AddSource("Flood", 1, [&](ChainContext&) {
    return ChainHooks{.poll = [&](TestChain& chain) -> Result<PollStatus> {
      for (Number n = 0; n < 40 * 1024 && !done; ++n) chain.Emit(0, n);
      done = done || (turns[0] > kTurns && turns[1] > kTurns && turns[2] > kTurns);
      return done ? PollStatus::kEndOfInput : PollStatus::kProgress;
    }};
  });
  job->AddSource("Between", 1, ticking(1));
  const auto sink = job->AddVertex("Sink", 1, [](ChainContext&) { return ChainHooks{}; });
  job->AddSource("After", 1, ticking(2));
  job->AddEdge(flood, sink);
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  cluster.ExpectFinished();
  for (const auto& count : turns) EXPECT_GT(count, kTurns);
}

// All tasks of a slot give their turn away at once: nobody is left to wake the slot, so it must not
// sleep.
TEST(ParkedCallTest, CallsThatAllYieldGoOnByThemselves) {
  Sum sum;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 3, CountingSource(20'000));
  const auto sink = job->AddVertex("Sink", 1, SummingSink(sum));
  job->AddEdge(source, sink);
  TaskEngineOptions options = TestCluster::DefaultOptions();
  options.yield_interval_ms = 0;  // at every batch
  options.credits_per_channel = 1000;
  TestCluster cluster(job, 1, options);
  cluster.Run([&](std::uint32_t vertex, std::uint32_t) {
    return TestCluster::Place{.slot = vertex == sink ? 1U : 0U};
  });
  cluster.ExpectFinished();
  EXPECT_EQ(sum.count, 60'000);
}

TEST(ParkedCallTest, AChainWaitsForItsSinkWriterWithParkUntil) {
  std::atomic<bool> room{false};
  std::atomic<bool> waiting{false};
  std::atomic<bool> waited{false};
  std::atomic<Number> other_steps{0};
  std::shared_ptr<internal::Availability> availability;
  auto job = std::make_shared<TestJob>();
  job->AddSource("Waits", 1, [&](ChainContext& context) {
    availability = context.availability();
    return ChainHooks{.poll = [&](TestChain& chain) -> Result<PollStatus> {
      waited = chain.context.ParkUntil([&] {
        waiting = true;
        return room.load();
      });
      return PollStatus::kEndOfInput;
    }};
  });
  job->AddSource("Other", 1, [&](ChainContext&) {
    return ChainHooks{.poll = [&](TestChain&) -> Result<PollStatus> {
      ++other_steps;
      return waited ? PollStatus::kEndOfInput : PollStatus::kProgress;
    }};
  });
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  ASSERT_TRUE(Eventually([&] { return waiting.load(); }));
  const Number steps = other_steps;
  ASSERT_TRUE(Eventually([&] { return other_steps > steps + 10; })) << "the slot goes on";
  room = true;
  availability->NotifyAvailable();
  cluster.ExpectFinished();
  EXPECT_TRUE(waited);
}

TEST(ParkedCallTest, ParkUntilSaysFalseAfterACancel) {
  std::atomic<bool> waiting{false};
  std::atomic<int> answer{-1};
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Waits", 1, [&](ChainContext&) {
    return ChainHooks{.poll = [&](TestChain& chain) -> Result<PollStatus> {
      answer = chain.context.ParkUntil([&] {
        waiting = true;
        return false;
      })
                   ? 1
                   : 0;
      return PollStatus::kProgress;
    }};
  });
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  ASSERT_TRUE(Eventually([&] { return waiting.load(); }));
  cluster.engine().CancelAll();
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 0}, TaskState::kCanceled));
  EXPECT_EQ(answer, 0);
}

// A slot with one task parks without another thread; one that is added meanwhile is run all the
// same.
TEST(ParkedCallTest, ATaskThatIsAddedWhileTheOnlyOneIsParkedRuns) {
  std::atomic<bool> parked{false};
  std::atomic<bool> room{false};
  std::shared_ptr<internal::Availability> availability;
  auto job = std::make_shared<TestJob>();
  job->AddSource("Early", 1, [&](ChainContext& context) {
    availability = context.availability();
    return ChainHooks{.poll = [&](TestChain& chain) -> Result<PollStatus> {
      EXPECT_TRUE(chain.context.ParkUntil([&] {
        parked = true;
        return room.load();
      }));
      return PollStatus::kEndOfInput;
    }};
  });
  job->AddSource("Late", 1, [&](ChainContext&) {
    return ChainHooks{.open =
                          [&](TestChain&) {
                            EXPECT_TRUE(Eventually([&] { return parked.load(); }));
                            return Status::Ok();
                          },
                      .poll = [&](TestChain&) -> Result<PollStatus> {
                        room = true;
                        availability->NotifyAvailable();
                        return PollStatus::kEndOfInput;
                      }};
  });
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  cluster.ExpectFinished();
}

TEST(ParkedCallTest, OverflowingInOpenFailsTheTaskInsteadOfWaiting) {
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [](ChainContext&) {
    return ChainHooks{.open = [](TestChain& chain) {
      for (Number n = 0; n < 100 * 1024; ++n) chain.Emit(0, n);
      return Status::Ok();
    }};
  });
  const auto sink = job->AddVertex("Sink", 1, [](ChainContext&) {
    return ChainHooks{.drain = [](TestChain&) -> Result<bool> { return false; }};
  });
  job->AddEdge(source, sink);
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 0}, TaskState::kFailed));
  EXPECT_NE(cluster.events.Last({source, 0, 0}).failure->cause.message().find("in Open()"),
            std::string::npos);
}

}  // namespace
}  // namespace weir::task
