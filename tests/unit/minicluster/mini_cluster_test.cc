// Jobs on a cluster inside this process: real sessions, scheduling, engine and data plane, no
// processes.
#include "minicluster/mini_cluster.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "common/settings.h"
#include "common/temporary_directory.h"
#include "tests/unit/minicluster/counting_job.h"

namespace weir::minicluster {
namespace {

class MiniClusterTest : public testing::Test {
 protected:
  void StartCluster(std::uint32_t task_managers, std::uint32_t slots) {
    auto cluster = MiniCluster::Start({.task_managers = task_managers,
                                       .slots_per_task_manager = slots,
                                       .configuration = configuration_});
    ASSERT_TRUE(cluster.ok()) << cluster.status().ToString();
    cluster_ = *std::move(cluster);
  }

  JobExecutionResult Run(const StreamExecutionEnvironment& env,
                         const std::map<std::string, std::string>& settings = {}) {
    auto job = env.Compile();
    EXPECT_TRUE(job.ok()) << job.status().ToString();
    const auto job_id = cluster_->Submit(*std::move(job), settings);
    EXPECT_TRUE(job_id.ok()) << job_id.status().ToString();
    const auto result = cluster_->WaitForEnd(*job_id);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return *result;
  }

  const char* const argument_ = "test";
  Configuration configuration_;
  std::unique_ptr<MiniCluster> cluster_;
  std::shared_ptr<Tally> tally_ = std::make_shared<Tally>();
};

TEST_F(MiniClusterTest, RunsAJobAcrossTwoTaskManagers) {
  StartCluster(2, 2);
  StreamExecutionEnvironment env(1, &argument_);
  env.SetParallelism(4);
  env.FromSequence(1, 100'000).Rebalance().Map(Count(tally_)).SinkTo(DiscardSink());
  const JobExecutionResult result = Run(env);
  EXPECT_EQ(result.final_state, "FINISHED") << result.failure.ToString();
  EXPECT_EQ(tally_->records, 100'000u);
  EXPECT_EQ(tally_->sum, 100'000ull * 100'001 / 2);
}

// Two sources whose event times run apart: were the watermark behind them not their minimum, the
// slower one's records would come behind it.
TEST_F(MiniClusterTest, TheWatermarkOfParallelSourcesIsTheirMinimum) {
  StartCluster(2, 1);
  constexpr std::int64_t kHalf = 500'000;
  struct Seen {
    std::atomic<std::int64_t> records{0};
    std::atomic<std::int64_t> late{0};
    std::atomic<std::int64_t> watermark_ms{0};
  };
  auto seen = std::make_shared<Seen>();
  StreamExecutionEnvironment env(1, &argument_);
  env.SetParallelism(2);
  env.Set("pipeline.auto-watermark-interval", "1 ms");
  const auto strategy =
      WatermarkStrategy<std::int64_t>::ForMonotonousTimestamps().WithTimestampAssigner(
          [](const std::int64_t& value) { return value < kHalf ? value : 7 * (value - kHalf); });
  env.FromSource(SequenceSource(0, 2 * kHalf - 1), strategy, "numbers")
      .Global()
      .Process([seen](const std::int64_t& value, ProcessContext& context,
                      Collector<std::int64_t>& out) {
        ++seen->records;
        if (context.timestamp_ms() <= context.current_watermark_ms()) ++seen->late;
        seen->watermark_ms = std::max(seen->watermark_ms.load(), context.current_watermark_ms());
        out.Collect(value);
      })
      .SetParallelism(1)
      .SinkTo(DiscardSink())
      .SetParallelism(1);
  const JobExecutionResult result = Run(env);
  EXPECT_EQ(result.final_state, "FINISHED") << result.failure.ToString();
  EXPECT_EQ(seen->records, 2 * kHalf);
  EXPECT_EQ(seen->late, 0);
  EXPECT_GT(seen->watermark_ms, 0) << "time advanced while the job ran";
}

TEST_F(MiniClusterTest, AFailureNamesOperatorSubtaskAndCause) {
  StartCluster(1, 1);
  StreamExecutionEnvironment env(1, &argument_);
  env.FromSequence(1, 10)
      .Map([](std::int64_t value) {
        if (value == 7) throw std::runtime_error("seven is not wanted");
        return value;
      })
      .Name("picky")
      .SinkTo(DiscardSink());
  const JobExecutionResult result = Run(env);
  EXPECT_EQ(result.final_state, "FAILED");
  for (const char* part : {"picky", "(1/1)", "seven is not wanted"}) {
    EXPECT_NE(result.failure.message().find(part), std::string::npos) << result.failure.message();
  }
}

// Throws in one of its functions. Each record has a timer.
struct ThrowsIn {
  std::string function;
  ValueState<std::int64_t> last{"last"};
  OperatorListState<std::int64_t> items{"items"};
  auto States() { return std::tie(last); }
  auto OperatorStates() { return std::tie(items); }

  void Open(RuntimeContext&) const { Enter("Open"); }
  void ProcessElement(const std::string& word, KeyedProcessContext<std::string>& context,
                      Collector<std::int64_t>&) {
    if (word == "seven") Enter("ProcessElement");
    last.Update(context, 1);
    context.TimerService().RegisterEventTimeTimer(1'000);
  }
  void OnTimer(std::int64_t, OnTimerContext<std::string>&, Collector<std::int64_t>&) {
    Enter("OnTimer");
  }
  void SnapshotState(const FunctionSnapshotContext&) { Enter("SnapshotState"); }
  void Close() const { Enter("Close"); }

  void Enter(const std::string& entered) const {
    if (entered == function) throw std::runtime_error(entered + " is not wanted");
  }
};

TEST_F(MiniClusterTest, WhateverFunctionThrowsTheFailureNamesOperatorSubtaskAndRecord) {
  StartCluster(1, 1);
  const TemporaryDirectory checkpoints = TemporaryDirectory::Create().value();
  const std::pair<std::string, std::string> cases[] = {
      {"Open", "operator 'picky': std::runtime_error: Open is not wanted"},
      {"ProcessElement", R"(operator 'picky': at the record '\x05\x00\x00\x00seven' (9 bytes): )"
                         "std::runtime_error: ProcessElement is not wanted"},
      {"OnTimer", "operator 'picky': std::runtime_error: OnTimer is not wanted"},
      {"SnapshotState", "picky: SnapshotState threw: SnapshotState is not wanted"},
      {"Close", "operator 'picky': picky: Close threw: Close is not wanted"}};
  for (const auto& [function, cause] : cases) {
    StreamExecutionEnvironment env(1, &argument_);
    env.SetNoRestart();
    DataStream<std::string> words = env.FromData<std::string>({"six", "seven", "eight"});
    if (function == "SnapshotState") {  // while the job runs
      env.EnableCheckpointing(10);
      env.Set("execution.checkpointing.dir", checkpoints.path());
      words = env.FromSequence(1, std::int64_t{1} << 60).Map([](std::int64_t) {
        return std::string("six");
      });
    }
    words.KeyBy([](const std::string& word) { return word; })
        .Process(ThrowsIn{function})
        .Uid("picky")
        .Name("picky")
        .SinkTo(DiscardSink());
    const JobExecutionResult result = Run(env);
    EXPECT_EQ(result.final_state, "FAILED") << function;
    for (const std::string& part : {cause, std::string("(1/1)")}) {
      EXPECT_NE(result.failure.message().find(part), std::string::npos)
          << part << "\nin " << result.failure.message();
    }
  }
}

TEST_F(MiniClusterTest, RestartsWithFixedDelay) {
  StartCluster(2, 1);
  StreamExecutionEnvironment env(1, &argument_);
  env.SetParallelism(2);
  env.SetFixedDelayRestart(2, 10);
  auto failures = std::make_shared<std::atomic<int>>(0);
  env.FromSequence(1, 1'000)
      .Rebalance()
      .Map([failures](std::int64_t value) {
        if (value == 500 && failures->fetch_add(1) < 2) throw std::runtime_error("not yet");
        return value;
      })
      .Map(Count(tally_))
      .SinkTo(DiscardSink());
  const JobExecutionResult result = Run(env);
  EXPECT_EQ(result.final_state, "FINISHED") << result.failure.ToString();
  EXPECT_EQ(failures->load(), 3);
  EXPECT_GE(tally_->records, 1'000u);
}

TEST_F(MiniClusterTest, WithoutSlotsAJobTimesOutSayingWhatItWaitedFor) {
  ASSERT_TRUE(configuration_.Set(settings::kSlotRequestTimeout, "50 ms").ok());
  StartCluster(1, 1);
  StreamExecutionEnvironment env(1, &argument_);
  env.SetParallelism(3);
  env.FromSequence(1, 10).SinkTo(DiscardSink());
  const JobExecutionResult result = Run(env);
  EXPECT_EQ(result.final_state, "FAILED");
  EXPECT_NE(result.failure.message().find("slots"), std::string::npos) << result.failure.message();
}

TEST_F(MiniClusterTest, CancelsAnEndlessJob) {
  StartCluster(2, 1);
  StreamExecutionEnvironment env(1, &argument_);
  env.SetParallelism(2);
  std::promise<void> flowing;
  auto first = std::make_shared<std::atomic<bool>>(false);
  env.FromSequence(1, std::int64_t{1} << 60)
      .Rebalance()
      .Map([first, &flowing](std::int64_t value) {
        if (!first->exchange(true)) flowing.set_value();
        return value;
      })
      .SinkTo(DiscardSink());
  const auto job_id = cluster_->Submit(*env.Compile());
  ASSERT_TRUE(job_id.ok()) << job_id.status().ToString();
  flowing.get_future().wait();
  std::promise<Status> canceled;
  cluster_->control().CancelJob(*job_id, [&](const Status& status) { canceled.set_value(status); });
  EXPECT_TRUE(canceled.get_future().get().ok());
  const auto result = cluster_->WaitForEnd(*job_id);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->final_state, "CANCELED");
}

TEST_F(MiniClusterTest, SeveralJobsShareTheCluster) {
  StartCluster(2, 2);
  std::vector<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    StreamExecutionEnvironment env(1, &argument_);
    env.SetParallelism(2);
    env.FromSequence(1, 20'000).Shuffle().Map(Count(tally_)).SinkTo(DiscardSink());
    const auto job_id = cluster_->Submit(*env.Compile());
    ASSERT_TRUE(job_id.ok()) << job_id.status().ToString();
    ids.push_back(*job_id);
  }
  for (const std::string& id : ids) EXPECT_EQ(cluster_->WaitForEnd(id)->final_state, "FINISHED");
  EXPECT_EQ(tally_->records, 40'000u);
}

}  // namespace
}  // namespace weir::minicluster
