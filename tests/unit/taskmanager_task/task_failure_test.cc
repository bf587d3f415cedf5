// What user code may do wrong, and how a task ends.
#include <memory>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/taskmanager_task/test_cluster.h"

namespace weir::task {
namespace {

using internal::ChainContext;
using internal::PollStatus;
using testing::HasSubstr;

struct Fault {
  std::string name;
  // Puts the fault into the hooks of the middle vertex.
  std::function<void(ChainHooks&)> plant;
  std::string cause;
  ErrorDomain domain = ErrorDomain::kUser;
};

struct OwnType {};

Status Throw() {
  throw std::runtime_error("user is unhappy");
}

class TaskFailureTest : public testing::TestWithParam<Fault> {};

TEST_P(TaskFailureTest, FailsTheTaskWithItsNameAndClosesItOnce) {
  std::atomic<int> closes{0};
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, CountingSource(1000));
  const auto map = job->AddVertex("Map", 2, [&](ChainContext& context) {
    ChainHooks hooks;
    if (context.runtime().subtask_index() == 1) {
      GetParam().plant(hooks);
    }
    hooks.close = [&, close = hooks.close](TestChain& chain) {
      ++closes;
      return close ? close(chain) : Status::Ok();
    };
    return hooks;
  });
  job->AddEdge(source, map);
  TaskEngineOptions options = TestCluster::DefaultOptions();
  options.buffer_timeout_ms = 0;  // flushes after every step
  TestCluster cluster(job, 1, options);
  cluster.RunInOneSlot();
  ASSERT_TRUE(cluster.events.WaitFor({map, 1, 0}, TaskState::kFailed));
  ASSERT_TRUE(cluster.events.WaitFor({map, 0, 0}, TaskState::kFinished)) << "its neighbours go on";
  EXPECT_EQ(closes, 2);
  const TaskFailure failure = *cluster.events.Last({map, 1, 0}).failure;
  EXPECT_EQ(failure.cause.domain(), GetParam().domain);
  EXPECT_THAT(failure.cause.message(), HasSubstr(GetParam().cause));
  EXPECT_THAT(failure.cause.message(),
              HasSubstr("subtask 1 (attempt 0) of 'Map', operator 'Map tail'"));
  EXPECT_EQ(failure.operator_index, 1U);
  EXPECT_EQ(failure.operator_name, "Map tail");
  EXPECT_EQ(failure.task_name, "Map");
  EXPECT_EQ(failure.subtask, 1U);
  EXPECT_TRUE(cluster.events.Last({map, 1, 0}).final_statistics.has_value());
}

template <class Call>
auto InTail(Call call) {
  return [call](TestChain& chain, auto&&...) {
    chain.context.EnterOperator(1);
    return call();
  };
}

INSTANTIATE_TEST_SUITE_P(
    Faults, TaskFailureTest,
    testing::Values(
        Fault{"OpenThrows", [](ChainHooks& hooks) { hooks.open = InTail(Throw); },
              "std::runtime_error: user is unhappy"},
        Fault{"OpenSaysNo",
              [](ChainHooks& hooks) {
                hooks.open = InTail([] { return Status::Unavailable("no broker"); });
              },
              "no broker", ErrorDomain::kExternal},
        Fault{"BatchThrows", [](ChainHooks& hooks) { hooks.batch = InTail(Throw); },
              "std::runtime_error: user is unhappy"},
        Fault{"BatchThrowsItsOwnType",
              [](ChainHooks& hooks) { hooks.batch = InTail([]() -> Status { throw OwnType(); }); },
              "OwnType"},
        Fault{"BatchThrowsANumber",
              [](ChainHooks& hooks) { hooks.batch = InTail([]() -> Status { throw 42; }); },
              "exception int"},
        Fault{"BatchSaysNo",
              [](ChainHooks& hooks) {
                hooks.batch = InTail([] { return Status::UserError("bad record"); });
              },
              "bad record"},
        Fault{"TimerThrows",
              [](ChainHooks& hooks) {
                hooks.timers_due = [] { return true; };
                hooks.fire_timers = InTail(Throw);
              },
              "user is unhappy"},
        Fault{"EndThrows", [](ChainHooks& hooks) { hooks.end = InTail(Throw); }, "user is unhappy"},
        Fault{"DrainThrows",
              [](ChainHooks& hooks) {
                hooks.drain = InTail([]() -> Result<bool> { return Throw(); });
              },
              "user is unhappy"},
        Fault{"FlushThrows", [](ChainHooks& hooks) { hooks.flush = InTail([] { (void)Throw(); }); },
              "user is unhappy"},
        Fault{"FinishThrows",
              [](ChainHooks& hooks) {
                hooks.finish = InTail([]() -> Result<bool> { return Throw(); });
              },
              "user is unhappy"},
        Fault{"CloseThrows", [](ChainHooks& hooks) { hooks.close = InTail(Throw); },
              "user is unhappy"},
        Fault{"AccumulatorOfTwoKinds",
              [](ChainHooks& hooks) {
                hooks.batch = [](TestChain& chain, std::uint32_t, Numbers&) {
                  chain.context.EnterOperator(1);
                  chain.context.runtime().accumulator("sum", Accumulator::Kind::kSum).Add(1);
                  chain.context.runtime().accumulator("sum", Accumulator::Kind::kMaximum).Add(1);
                  return Status::Ok();
                };
              },
              "accumulator 'sum'"}),
    [](const auto& fault) { return fault.param.name; });

TEST(TaskFailureTest, AFactoryThatThrowsFailsTheTaskWithoutClose) {
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [](ChainContext&) -> ChainHooks {
    throw std::logic_error("copying the user's function");
  });
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 0}, TaskState::kFailed));
  EXPECT_THAT(cluster.events.Last({source, 0, 0}).failure->cause.message(),
              HasSubstr("copying the user's function"));
}

TEST(TaskFailureTest, AParkedCallThatThrowsWhenItGoesOnFailsItsTask) {
  std::atomic<bool> room{false};
  std::atomic<bool> waiting{false};
  std::shared_ptr<internal::Availability> availability;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [&](ChainContext& context) {
    availability = context.availability();
    return ChainHooks{.poll = [&](TestChain& chain) -> Result<PollStatus> {
      chain.context.EnterOperator(1);
      chain.context.ParkUntil([&] {
        waiting = true;
        return room.load();
      });
      throw std::runtime_error("after the wait");
    }};
  });
  const auto other = job->AddSource("Other", 1, [&](ChainContext&) {
    return ChainHooks{.poll = [&](TestChain& chain) -> Result<PollStatus> {
      chain.context.EnterOperator(0);
      return room ? PollStatus::kEndOfInput : PollStatus::kIdle;
    }};
  });
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  ASSERT_TRUE(Eventually([&] { return waiting.load(); }));
  room = true;
  availability->NotifyAvailable();
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 0}, TaskState::kFailed));
  EXPECT_EQ(cluster.events.Last({source, 0, 0}).failure->operator_name, "Source tail");
  ASSERT_TRUE(cluster.events.WaitFor({other, 0, 0}, TaskState::kFinished));
}

TEST(TaskFailureTest, ALostConnectionFailsTheTaskAndNamesTheChannel) {
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [](ChainContext&) {
    return ChainHooks{.poll = [](TestChain&) -> Result<PollStatus> { return PollStatus::kIdle; }};
  });
  const auto sink = job->AddVertex("Sink", 1, [](ChainContext&) { return ChainHooks{}; });
  job->AddEdge(source, sink);
  TestCluster cluster(job, 2);
  cluster.Run([&](std::uint32_t vertex, std::uint32_t) {
    return TestCluster::Place{.worker = vertex == sink ? 1U : 0U};
  });
  ASSERT_TRUE(cluster.events.WaitFor({sink, 0, 0}, TaskState::kRunning));
  cluster.network().Channel(0)->receiver.on_failure(Status::Unavailable("connection reset"));
  ASSERT_TRUE(cluster.events.WaitFor({sink, 0, 0}, TaskState::kFailed));
  const Status cause = cluster.events.Last({sink, 0, 0}).failure->cause;
  EXPECT_THAT(cause.message(), HasSubstr("connection reset"));
  EXPECT_THAT(cause.message(), HasSubstr("channel 0 (std::int64_t) from subtask 0 of 'Source' on "
                                         "worker worker-0 (127.0.0.1:1)"));
  EXPECT_EQ(cause.domain(), ErrorDomain::kExternal);
  EXPECT_EQ(cluster.events.Last({sink, 0, 0}).failure->operator_name, "");
}

TEST(TaskFailureTest, AChannelThatCannotBeOpenedFailsItsTask) {
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, CountingSource(1));
  const auto sink = job->AddVertex("Sink", 1, [](ChainContext&) { return ChainHooks{}; });
  job->AddEdge(source, sink);
  TestCluster cluster(job, 2);
  cluster.plane(0).Break();
  cluster.Run([&](std::uint32_t vertex, std::uint32_t) {
    return TestCluster::Place{.worker = vertex == sink ? 1U : 0U};
  });
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 0}, TaskState::kFailed));
  EXPECT_THAT(cluster.events.Last({source, 0, 0}).failure->cause.message(),
              HasSubstr("no way to worker worker-1"));
}

TEST(TaskFailureTest, EmittingAfterTheEndIsAnError) {
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [](ChainContext&) {
    return ChainHooks{.close = [](TestChain& chain) {
      for (Number n = 0; n < 1024; ++n) chain.Emit(0, n);
      return Status::Ok();
    }};
  });
  const auto sink = job->AddVertex("Sink", 1, [](ChainContext&) { return ChainHooks{}; });
  job->AddEdge(source, sink);
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 0}, TaskState::kFailed));
  EXPECT_THAT(cluster.events.Last({source, 0, 0}).failure->cause.message(),
              HasSubstr("after the end of the output"));
}

TEST(TaskFailureTest, CancelingBetweenTheTwoPhasesOfADeploymentRunsNothing) {
  std::atomic<int> chains{0};
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [&](ChainContext&) {
    ++chains;
    return ChainHooks{};
  });
  TestCluster cluster(job);
  const TestCluster::Placement place = [](std::uint32_t, std::uint32_t) {
    return TestCluster::Place{};
  };
  ASSERT_TRUE(cluster.engine().Deploy(cluster.DeploymentOf(0, place)).ok());
  cluster.engine().CancelAll();
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 0}, TaskState::kCanceled));
  ASSERT_TRUE(cluster.engine().Start(1).ok());
  EXPECT_EQ(cluster.engine().Start(1).code(), StatusCode::kFailedPrecondition);
  cluster.DestroyEngines();
  EXPECT_EQ(chains, 0);
}

TEST(TaskFailureTest, CancelingWhileOpenBlocksEndsWhenItReturns) {
  std::atomic<bool> opening{false};
  std::atomic<bool> may_open{false};
  std::atomic<int> closes{0};
  std::atomic<int> polls{0};
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [&](ChainContext&) {
    return ChainHooks{.open =
                          [&](TestChain&) {
                            opening = true;
                            EXPECT_TRUE(Eventually([&] { return may_open.load(); }));
                            return Status::Ok();
                          },
                      .poll = [&](TestChain&) -> Result<PollStatus> {
                        ++polls;
                        return PollStatus::kIdle;
                      },
                      .close =
                          [&](TestChain&) {
                            ++closes;
                            return Status::Ok();
                          }};
  });
  TestCluster cluster(job);
  cluster.RunInOneSlot();
  ASSERT_TRUE(Eventually([&] { return opening.load(); }));
  cluster.engine().CancelAll();
  EXPECT_EQ(cluster.events.Last({source, 0, 0}).state, TaskState::kInitializing);
  may_open = true;
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 0}, TaskState::kCanceled));
  EXPECT_EQ(closes, 1);
  EXPECT_EQ(polls, 0);
}

// Attempts follow each other in one engine, as they do when a job restarts in healthy workers.
TEST(TaskFailureTest, AJobRestartsInTheSameWorkers) {
  Sum sum;
  auto job = std::make_shared<TestJob>();
  const auto source = job->AddSource("Source", 1, [&](ChainContext& context) {
    if (context.runtime().attempt() == 0) {
      return ChainHooks{.poll = [](TestChain&) -> Result<PollStatus> { return Throw(); }};
    }
    return CountingSource(1000)(context);
  });
  const auto sink = job->AddVertex("Sink", 1, SummingSink(sum));
  job->AddEdge(source, sink);
  TestCluster cluster(job, 2);
  const auto place = [&](std::uint32_t vertex, std::uint32_t) {
    return TestCluster::Place{.worker = vertex == sink ? 1U : 0U};
  };
  cluster.Run(place);
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 0}, TaskState::kFailed));
  cluster.engine(0).CancelAll();
  cluster.engine(1).CancelAll();
  ASSERT_TRUE(cluster.events.WaitFor({sink, 0, 0}, TaskState::kCanceled));
  cluster.Run(place, 1);
  ASSERT_TRUE(cluster.events.WaitFor({source, 0, 1}, TaskState::kFinished));
  ASSERT_TRUE(cluster.events.WaitFor({sink, 0, 1}, TaskState::kFinished));
  EXPECT_EQ(sum.count, 1000);
  EXPECT_EQ(cluster.engine(0).Statistics().size(), 1U) << "the old attempt is forgotten";
  EXPECT_FALSE(cluster.engine(0).OnCoordinatorEvent({.task = {source, 0, 0}}));
}

TEST(TaskFailureTest, DestroyingAnEngineEndsWhatRuns) {
  std::atomic<int> closes{0};
  auto job = std::make_shared<TestJob>();
  for (int i = 0; i < 3; ++i) {
    const auto source = job->AddSource("Source", 2, [&](ChainContext&) {
      return ChainHooks{.poll = [](TestChain& chain) -> Result<PollStatus> {
                          chain.Emit(0, 1);
                          return PollStatus::kProgress;
                        },
                        .close =
                            [&](TestChain&) {
                              ++closes;
                              return Status::Ok();
                            }};
    });
    const auto sink = job->AddVertex("Sink", 1, [](ChainContext&) { return ChainHooks{}; });
    job->AddEdge(source, sink);
  }
  TestCluster cluster(job, 2);
  cluster.Run([](std::uint32_t vertex, std::uint32_t subtask) {
    return TestCluster::Place{.worker = subtask % 2, .slot = vertex % 4};
  });
  ASSERT_TRUE(cluster.events.WaitFor({4, 1, 0}, TaskState::kRunning));
  cluster.DestroyEngines();
  EXPECT_EQ(cluster.events.ended(), cluster.TaskCount());
  EXPECT_LE(closes, 6);
}

TEST(TaskFailureTest, DeploymentsThatDoNotFitAreRefused) {
  auto job = std::make_shared<TestJob>();
  job->AddSource("Source", 1, CountingSource(1));
  TestCluster cluster(job);
  const TestCluster::Placement place = [](std::uint32_t, std::uint32_t) {
    return TestCluster::Place{};
  };
  Deployment deployment = cluster.DeploymentOf(0, place);
  deployment.tasks[0].slot = 4;
  EXPECT_THAT(cluster.engine().Deploy(deployment).message(), HasSubstr("slot 4"));
  deployment = cluster.DeploymentOf(0, place);
  deployment.tasks[0].task.subtask = 1;
  EXPECT_EQ(cluster.engine().Deploy(deployment).code(), StatusCode::kInvalidArgument);
  deployment = cluster.DeploymentOf(0, place);
  deployment.placement.clear();
  EXPECT_EQ(cluster.engine().Deploy(deployment).code(), StatusCode::kInvalidArgument);
  deployment = cluster.DeploymentOf(0, place);
  deployment.tasks.push_back(deployment.tasks[0]);
  EXPECT_EQ(cluster.engine().Deploy(deployment).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(cluster.engine().Start(9).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(cluster.engine().Deploy(cluster.DeploymentOf(0, place)).ok());
  EXPECT_EQ(cluster.engine().Deploy(cluster.DeploymentOf(0, place)).code(),
            StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace weir::task
