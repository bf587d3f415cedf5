// Timestamps, generators per split, idleness: the operators that have them, on a clock of the test.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/internal/operators/source_operator.h>
#include <weir/internal/operators/timestamps_operator.h>

#include "tests/unit/sdk/chain_elements.h"

namespace weir {
namespace {

using internal::kMaximumWatermark;
using internal::kNoTimer;
using internal::kNoTimestamp;
using internal::PollStatus;
using testing::KeepingInput;
using testing::MakeBatch;
using testing::OperatorHarness;
using Longs = std::vector<std::int64_t>;

// --- the source operator ---

// What a scripted reader does in one Read().
struct Act {
  std::uint32_t split = 0;  // 0: none in particular
  Longs times;              // record timestamps, which are the values too
};

// Puts a block out for each list of acts; idle in between; ends with the script. Splits are created
// in Open().
struct ScriptedSource {
  using Record = std::int64_t;
  using Split = RangeSplit;
  using EnumeratorState = SplitList<RangeSplit>;
  struct Script {
    std::uint32_t splits = 0;
    std::vector<std::vector<Act>> reads;
    std::vector<std::uint32_t> release_after;  // by read: split to release, 0: none
    bool pauses_splits = false;
    std::vector<std::vector<std::uint32_t>> paused;  // in each call of PauseOrResumeSplits
    std::vector<std::vector<std::uint32_t>> resumed;
  };
  std::shared_ptr<Script> script;

  class Reader final : public SourceReader<std::int64_t, RangeSplit> {
   public:
    explicit Reader(std::shared_ptr<Script> script) : script_(std::move(script)) {}
    Status Open(SourceReaderContext& context) override {
      context_ = &context;
      outputs_.push_back(kMainOutput);
      for (std::uint32_t i = 0; i < script_->splits; ++i) {
        outputs_.push_back(context.CreateSplitOutput());
      }
      return Status::Ok();
    }
    Result<ReadStatus> Read(SourceOutput<std::int64_t>& output) override {
      if (next_ == script_->reads.size()) return ReadStatus::kEndOfInput;
      for (const Act& act : script_->reads[next_]) {
        if (act.split != 0) output.Select(outputs_[act.split]);
        for (const std::int64_t time : act.times) output.Next(time) = time;
      }
      if (next_ < script_->release_after.size() && script_->release_after[next_] != 0) {
        context_->ReleaseSplitOutput(outputs_[script_->release_after[next_]]);
      }
      ++next_;
      return ReadStatus::kNothingAvailable;
    }
    Status AddSplits(std::vector<RangeSplit>) override { return Status::Ok(); }
    void NoMoreSplits() override {}
    bool PauseOrResumeSplits(const std::vector<std::uint32_t>& pause,
                             const std::vector<std::uint32_t>& resume) override {
      script_->paused.push_back(pause);
      script_->resumed.push_back(resume);
      return script_->pauses_splits;
    }
    std::vector<RangeSplit> Snapshot(std::uint64_t) override { return {}; }

   private:
    const std::shared_ptr<Script> script_;
    SourceReaderContext* context_ = nullptr;
    std::vector<std::uint32_t> outputs_;
    std::size_t next_ = 0;
  };

  bool bounded() const { return true; }
  std::string name() const { return "Scripted"; }
  std::unique_ptr<SplitEnumerator<Split, EnumeratorState>> CreateEnumerator() const {
    return nullptr;
  }
  std::unique_ptr<Reader> CreateReader() const { return std::make_unique<Reader>(script); }
};

using Strategy = WatermarkStrategy<std::int64_t>;

struct SourceFixture {
  explicit SourceFixture(ScriptedSource::Script acts, const Strategy& strategy)
      : script(std::make_shared<ScriptedSource::Script>(std::move(acts))) {
    op = std::make_unique<internal::SourceOperator<ScriptedSource>>(
        harness.context(), ScriptedSource{script}, out, strategy);
    EXPECT_TRUE(op->Open().ok());
  }
  // Lets time pass, in which the task is held up for `hindered_ms`, and fires the timer when due.
  void Advance(std::int64_t time_ms, std::int64_t hindered_ms = 0) {
    harness.chain.processing_time += time_ms;
    harness.chain.unhindered_ms += time_ms - hindered_ms;
    if (harness.chain.timer_ms > harness.chain.processing_time) return;
    ++timers_fired;
    harness.chain.timer_ms = kNoTimer;
    const auto fired = harness.timers.Fire(
        harness.chain.processing_time,
        [&](std::uint32_t, std::int64_t now_ms) { return op->OnProcessingTime(now_ms); });
    EXPECT_TRUE(fired.ok());
  }

  Status AllowUpTo(std::int64_t watermark_ms) {
    return op->OnCoordinatorEvent(internal::EncodeWatermarkMessage(
        internal::SourceMessage::kMaxAllowedWatermark, watermark_ms));
  }
  // The watermarks reported to the coordinator since the last call.
  Longs TakeReports() {
    Longs reports;
    for (const auto& [operator_index, payload] : std::exchange(harness.chain.sent, {})) {
      const auto message = internal::DecodeSourceMessage(payload);
      EXPECT_EQ(message->kind, internal::SourceMessage::kReportWatermark);
      reports.push_back(internal::DecodeWatermarkContent(message->content).value());
    }
    return reports;
  }

  const std::shared_ptr<ScriptedSource::Script> script;
  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  std::unique_ptr<internal::SourceOperator<ScriptedSource>> op;
  int timers_fired = 0;
};

TEST(SourceEventTime, EmitsTheMinimumOfItsSplitsPeriodically) {
  SourceFixture test({.splits = 2,
                      .reads = {{{1, {100, 300}}, {2, {50}}, {1, {200}}}, {{2, {400}}}, {}},
                      .release_after = {0, 1}},
                     Strategy::ForBoundedOutOfOrderness(10));
  EXPECT_EQ(test.harness.chain.timer_ms, kNoTimer) << "nothing to say before the first record";
  EXPECT_EQ(*test.op->Poll(), PollStatus::kProgress);
  EXPECT_EQ(test.out.timestamps, (Longs{100, 300, 50, 200}));
  EXPECT_TRUE(test.out.watermarks.empty());
  test.Advance(199);
  EXPECT_TRUE(test.out.watermarks.empty());
  test.Advance(1);
  EXPECT_EQ(test.out.watermarks, (Longs{39}));
  test.Advance(1000);
  EXPECT_EQ(test.timers_fired, 1) << "a source without records is not woken";
  EXPECT_EQ(*test.op->Poll(), PollStatus::kProgress);
  EXPECT_EQ(test.out.watermarks, (Longs{39}));
  test.Advance(200);
  EXPECT_EQ(test.out.watermarks, (Longs{39, 389})) << "split 1, at 300, has ended";
  EXPECT_EQ(*test.op->Poll(), PollStatus::kIdle);
  EXPECT_EQ(*test.op->Poll(), PollStatus::kEndOfInput);
  EXPECT_EQ(test.out.watermarks.back(), kMaximumWatermark);
  EXPECT_EQ(test.harness.chain.timer_ms, kNoTimer);
}

TEST(SourceEventTime, IdlenessCountsNoTimeInWhichTheReaderWasHeldUp) {
  SourceFixture test({.splits = 2, .reads = {{{1, {100}}}, {{1, {200}}}, {{2, {50}}}}},
                     Strategy::ForMonotonousTimestamps().WithIdleness(1000));
  ASSERT_TRUE(test.op->Poll().ok());
  test.Advance(200);
  EXPECT_TRUE(test.out.watermarks.empty()) << "split 2 has said nothing";
  test.Advance(5000, /*hindered_ms=*/4500);
  EXPECT_TRUE(test.out.watermarks.empty()) << "700 of 1000 ms";
  EXPECT_EQ(test.harness.chain.timer_ms, test.harness.chain.processing_time + 300);
  ASSERT_TRUE(test.op->Poll().ok());
  test.Advance(300);
  EXPECT_EQ(test.out.watermarks, (Longs{199}));
  EXPECT_TRUE(test.out.idle.empty()) << "split 1 is not idle";
  test.Advance(700);
  EXPECT_EQ(test.out.idle, (std::vector<bool>{true}));
  ASSERT_TRUE(test.op->Poll().ok());
  EXPECT_EQ(test.out.idle, (std::vector<bool>{true, false}));
  test.Advance(200);
  EXPECT_EQ(test.out.watermarks, (Longs{199})) << "split 2 is behind: its records are late";
}

TEST(SourceEventTime, RecordsOfNoSplitAreOneSplit) {
  SourceFixture test({.reads = {{{0, {100}}}, {{0, {90, 200}}}}},
                     Strategy::ForMonotonousTimestamps());
  ASSERT_TRUE(test.op->Poll().ok());
  test.Advance(200);
  ASSERT_TRUE(test.op->Poll().ok());
  test.Advance(200);
  EXPECT_EQ(test.out.watermarks, (Longs{99, 199}));
}

TEST(SourceEventTime, AnIntervalOfZeroLeavesPeriodicGeneratorsAlone) {
  OperatorHarness harness;
  harness.chain.watermark_interval_ms = 0;
  KeepingInput<std::int64_t> out;
  ScriptedSource source{std::make_shared<ScriptedSource::Script>(
      ScriptedSource::Script{.splits = 1, .reads = {{{1, {5}}}}, .release_after = {1}})};
  internal::SourceOperator<ScriptedSource> op(harness.context(), source, out,
                                              Strategy::ForMonotonousTimestamps());
  ASSERT_TRUE(op.Open().ok());
  ASSERT_TRUE(op.Poll().ok());
  EXPECT_EQ(harness.chain.timer_ms, kNoTimer);
  EXPECT_TRUE(out.watermarks.empty());
  ASSERT_TRUE(op.Poll().ok());
  EXPECT_EQ(out.watermarks, (Longs{kMaximumWatermark}));
}

// --- watermark alignment: weir/internal/split_alignment.h decides, watermark_alignment_test.cc ---

const Strategy kAligned =
    Strategy::ForMonotonousTimestamps().WithWatermarkAlignment("group", /*max_drift_ms=*/100);
using Outputs = std::vector<std::vector<std::uint32_t>>;

TEST(AlignedSourceOperator, AReaderPausesAndResumesTheSplitsThatAreAhead) {
  SourceFixture test({.splits = 3,
                      .reads = {{{1, {500}}, {2, {90}}, {3, {700}}}, {{2, {600}}}, {}},
                      .release_after = {},
                      .pauses_splits = true},
                     kAligned);
  EXPECT_EQ(*test.op->Poll(), PollStatus::kProgress);
  EXPECT_EQ(test.out.watermarks, (Longs{89})) << "asked at once, not an interval later";
  EXPECT_EQ(test.TakeReports(), (Longs{89}));
  ASSERT_TRUE(test.AllowUpTo(189).ok());
  EXPECT_EQ(test.script->paused, (Outputs{{1, 3}}));
  EXPECT_EQ(*test.op->Poll(), PollStatus::kProgress) << "the others are read";
  EXPECT_EQ(test.script->paused, (Outputs{{1, 3}, {2}}));
  ASSERT_TRUE(test.AllowUpTo(600).ok());
  EXPECT_EQ(test.script->resumed, (Outputs{{}, {}, {1, 2}}));
  EXPECT_TRUE(test.TakeReports().empty()) << "a tenth of the update interval has not passed";
  test.Advance(200);
  EXPECT_EQ(test.TakeReports(), (Longs{499}));
}

TEST(AlignedSourceOperator, AReaderOfOneSplitAtATimeIsNotReadWhileThatIsAhead) {
  SourceFixture test(
      {.splits = 2, .reads = {{{1, {500}}}, {{1, {510}}}, {{2, {505}}}}, .release_after = {0, 1}},
      kAligned);
  ASSERT_TRUE(test.AllowUpTo(400).ok());
  EXPECT_EQ(*test.op->Poll(), PollStatus::kProgress);
  EXPECT_EQ(*test.op->Poll(), PollStatus::kIdle);
  EXPECT_EQ(*test.op->Poll(), PollStatus::kIdle);
  EXPECT_EQ(test.out.records, (Longs{500}));
  ASSERT_TRUE(test.AllowUpTo(499).ok());
  EXPECT_EQ(*test.op->Poll(), PollStatus::kProgress);
  EXPECT_EQ(*test.op->Poll(), PollStatus::kProgress) << "the first split has ended";
  EXPECT_EQ(test.out.records, (Longs{500, 510, 505}));
  EXPECT_EQ(*test.op->Poll(), PollStatus::kIdle) << "ahead again";
  ASSERT_TRUE(test.AllowUpTo(internal::kMaximumWatermark).ok());
  EXPECT_EQ(*test.op->Poll(), PollStatus::kEndOfInput);
  EXPECT_EQ(test.TakeReports(), (Longs{504, kMaximumWatermark})) << "it holds nobody back";
}

TEST(AlignedSourceOperator, NothingComesBehindTheEnd) {
  SourceFixture test({.splits = 1, .reads = {{{1, {500}}}, {{1, {600}}}}}, kAligned);
  while (*test.op->Poll() != PollStatus::kEndOfInput) {
  }
  const Longs watermarks = test.out.watermarks;
  EXPECT_EQ(watermarks.back(), kMaximumWatermark);
  EXPECT_EQ(test.TakeReports().back(), kMaximumWatermark);
  ASSERT_TRUE(test.AllowUpTo(400).ok());
  ASSERT_TRUE(test.AllowUpTo(1'000).ok());
  EXPECT_EQ(test.harness.chain.timer_ms, kNoTimer);
  ASSERT_TRUE(test.op->OnProcessingTime(test.harness.chain.processing_time + 10'000).ok());
  EXPECT_EQ(test.harness.chain.timer_ms, kNoTimer);
  EXPECT_EQ(test.out.watermarks, watermarks);
  EXPECT_TRUE(test.TakeReports().empty()) << "it would hold others back again";
  EXPECT_TRUE(test.script->paused.empty());
}

TEST(AlignedSourceOperator, ASplitThatIsPausedIsNotIdle) {
  SourceFixture test({.splits = 1, .reads = {{{1, {500}}}, {}}}, kAligned.WithIdleness(1000));
  ASSERT_TRUE(test.op->Poll().ok());
  test.Advance(300);
  ASSERT_TRUE(test.AllowUpTo(100).ok());
  test.Advance(5000);
  EXPECT_TRUE(test.out.idle.empty());
  ASSERT_TRUE(test.AllowUpTo(1000).ok());
  test.Advance(699);
  EXPECT_TRUE(test.out.idle.empty()) << "300 ms before the pause, 699 behind it";
  test.Advance(1);
  EXPECT_EQ(test.out.idle, (std::vector<bool>{true}));
  EXPECT_EQ(test.TakeReports(), (Longs{499, kMaximumWatermark})) << "idle: it holds nobody back";
}

TEST(AlignedSourceOperator, AReaderOfSeveralSplitsThatCannotPauseOneIsAnError) {
  SourceFixture test({.splits = 2, .reads = {{{1, {500}}, {2, {90}}}}}, kAligned);
  ASSERT_TRUE(test.op->Poll().ok());
  const Status status = test.AllowUpTo(189);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("cannot pause one of them"), std::string::npos);
}

// --- generators and assigners ---

// Every record whose value is even says that time has come so far.
struct PunctuatedWatermarks {
  void OnEvent(const std::int64_t& value, std::int64_t timestamp_ms, WatermarkOutput& output) {
    if (value % 2 == 0) output.EmitWatermark(timestamp_ms);
  }
};

// A minute behind the clock, records or not.
struct ClockWatermarks {
  void OnEvent(const std::int64_t&, std::int64_t, WatermarkOutput&) {}
  void OnPeriodicEmit(WatermarkOutput& output) {
    output.EmitWatermark(output.processing_time_ms() - 60'000);
  }
};

TEST(SourceEventTime, APunctuatedGeneratorEmitsBehindTheBlock) {
  SourceFixture test({.reads = {{{0, {1, 4, 6, 7}}}, {{0, {9}}}, {{0, {8}}}, {{0, {3, 2}}}}},
                     Strategy::ForGenerator(PunctuatedWatermarks()));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(test.op->Poll().ok());
  EXPECT_EQ(test.out.watermarks, (Longs{6, 8})) << "a lower one than before is not emitted";
  EXPECT_EQ(test.harness.chain.timer_ms, kNoTimer) << "nothing periodic";
}

TEST(SourceEventTime, AGeneratorOnTheClockIsAskedWithoutRecords) {
  SourceFixture test({.splits = 1, .reads = {}}, Strategy::ForGenerator(ClockWatermarks()));
  const std::int64_t start_ms = test.harness.chain.processing_time;
  test.Advance(200);
  test.Advance(250);
  EXPECT_EQ(test.out.watermarks, (Longs{start_ms + 200 - 60'000, start_ms + 450 - 60'000}));
}

TEST(SourceEventTime, AWallClockThatIsSetBackStopsNothing) {
  SourceFixture test({.splits = 1, .reads = {}}, Strategy::ForGenerator(ClockWatermarks()));
  test.Advance(200);
  EXPECT_EQ(test.timers_fired, 1);
  // An hour back; the engine waits on the monotonic clock and fires all the same.
  test.harness.chain.processing_time -= 3'600'000;
  const auto fired = test.harness.timers.Fire(
      test.harness.chain.processing_time,
      [&](std::uint32_t, std::int64_t now_ms) { return test.op->OnProcessingTime(now_ms); });
  ASSERT_TRUE(fired.ok());
  EXPECT_EQ(test.harness.chain.timer_ms, test.harness.chain.processing_time + 200)
      << "counts from the new time";
  EXPECT_EQ(test.out.watermarks.size(), 1u) << "and does not go back with it";
}

TEST(SourceEventTime, AnAssignerReplacesTheTimestampsOfTheSource) {
  SourceFixture test({.reads = {{{0, {7, 3}}}}},
                     Strategy::ForMonotonousTimestamps().WithTimestampAssigner(
                         [](const std::int64_t& value, std::int64_t record_timestamp) {
                           return value * 1000 + record_timestamp;
                         }));
  ASSERT_TRUE(test.op->Poll().ok());
  EXPECT_EQ(test.out.timestamps, (Longs{7007, 3003}));
  test.Advance(200);
  EXPECT_EQ(test.out.watermarks, (Longs{7006}));
}

TEST(SourceEventTime, RefusesTimestampsThatCannotBe) {
  struct Case {
    Strategy strategy;
    std::int64_t timestamp;
    std::string message;
  };
  const auto assigned = [](std::int64_t time) {
    return Strategy::NoWatermarks().WithTimestampAssigner(
        [time](const std::int64_t&) { return time; });
  };
  for (const Case& each :
       {Case{Strategy::ForMonotonousTimestamps(), -5,
             "a record has the timestamp -5 from the source; event timestamps are milliseconds "
             "from 0 to 2^62 - 1"},
        Case{Strategy::ForMonotonousTimestamps(), kNoTimestamp,
             "a record of the source has no timestamp; give the watermark strategy a "
             "WithTimestampAssigner"},
        Case{assigned(-1), 5, "a record has the timestamp -1 from the timestamp assigner"},
        Case{assigned(kMaximumTimestampMs + 1), 5, "timestamp 4611686018427387904 from the"},
        Case{assigned(kNoTimestamp), 5, "the timestamp assigner gave a record no timestamp"}}) {
    SourceFixture test({.reads = {{{0, {1, 2, each.timestamp, 4}}}}}, each.strategy);
    const auto polled = test.op->Poll();
    ASSERT_FALSE(polled.ok()) << each.message;
    EXPECT_EQ(polled.status().domain(), ErrorDomain::kUser);
    EXPECT_NE(polled.status().message().find(each.message), std::string::npos)
        << polled.status().message();
    EXPECT_TRUE(test.out.records.empty());
  }
  SourceFixture largest({.reads = {{{0, {kMaximumTimestampMs, 0}}}}},
                        Strategy::ForMonotonousTimestamps());
  EXPECT_TRUE(largest.op->Poll().ok());
  SourceFixture none({.reads = {{{0, {kNoTimestamp, -7}}}}}, Strategy::NoWatermarks());
  EXPECT_TRUE(none.op->Poll().ok()) << "nobody looks at them";
}

TEST(WatermarkStrategy, WrongArgumentsAreReportedAtSubmission) {
  struct Case {
    Strategy strategy;
    std::string message;
  };
  for (const Case& each :
       {Case{Strategy::ForBoundedOutOfOrderness(-1), "the out-of-orderness is -1 ms"},
        Case{Strategy::NoWatermarks().WithIdleness(0), "the idleness timeout is 0 ms"},
        Case{Strategy::NoWatermarks().WithWatermarkAlignment("g", -1), "the maximum drift is -1"},
        Case{Strategy::NoWatermarks().WithWatermarkAlignment("g", 5, 0), "update interval is 0"},
        Case{Strategy::NoWatermarks().WithWatermarkAlignment("g", 5),
             "the alignment group 'g' is of no use without watermarks"}}) {
    for (const bool at_source : {true, false}) {
      internal::JobInputs inputs;
      StreamExecutionEnvironment env(inputs);
      if (at_source) {
        env.FromSource(SequenceSource(1, 2), each.strategy, "numbers").Print();
      } else {
        env.FromSequence(1, 2).AssignTimestampsAndWatermarks(each.strategy).Print();
      }
      const auto job = env.Compile();
      ASSERT_FALSE(job.ok());
      EXPECT_NE(job.status().message().find(each.message), std::string::npos)
          << job.status().message();
    }
  }
}

TEST(WatermarkStrategy, OnlySourcesAreAligned) {
  const Strategy strategy = Strategy::ForMonotonousTimestamps().WithWatermarkAlignment("g", 5);
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.FromSource(SequenceSource(1, 2), strategy, "numbers").Print();
  EXPECT_TRUE(env.Compile().ok());
  env.FromSequence(1, 2).AssignTimestampsAndWatermarks(strategy).Print();
  const auto job = env.Compile();
  ASSERT_FALSE(job.ok());
  EXPECT_NE(job.status().message().find("only a source can be aligned (group 'g')"),
            std::string::npos)
      << job.status().message();
}

// --- AssignTimestampsAndWatermarks ---

TEST(TimestampsOperator, ReplacesWatermarksAndIdlenessOfItsInput) {
  OperatorHarness harness;
  KeepingInput<std::int64_t> out;
  internal::TimestampsOperator<std::int64_t> op(
      harness.context(),
      Strategy::ForBoundedOutOfOrderness(2)
          .WithTimestampAssigner([](const std::int64_t& value) { return value * 10; })
          .WithIdleness(1000),
      out);
  ASSERT_TRUE(op.Open().ok());
  auto batch = MakeBatch<std::int64_t>({5, 9, 7});
  op.PushBatch(*batch);
  EXPECT_EQ(out.timestamps, (Longs{50, 90, 70}));
  op.OnWatermark({60});
  op.OnWatermarkStatus({true});
  EXPECT_TRUE(out.watermarks.empty());
  const auto fire = [&](std::int64_t time_ms) {
    harness.chain.processing_time += time_ms;
    harness.chain.unhindered_ms += time_ms;
    const auto fired = harness.timers.Fire(
        harness.chain.processing_time,
        [&](std::uint32_t, std::int64_t now_ms) { return op.OnProcessingTime(now_ms); });
    ASSERT_TRUE(fired.ok());
  };
  fire(200);
  EXPECT_EQ(out.watermarks, (Longs{87}));
  EXPECT_TRUE(out.idle.empty());
  fire(800);
  EXPECT_EQ(out.idle, (std::vector<bool>{true}));
  op.PushBatch(*batch);
  EXPECT_EQ(out.idle, (std::vector<bool>{true, false}));
  op.OnWatermark({kMaximumWatermark});
  EXPECT_EQ(out.watermarks, (Longs{87, kMaximumWatermark}));
  EXPECT_TRUE(harness.failure.status().ok());

  auto wrong = MakeBatch<std::int64_t>({-1});
  op.PushBatch(*wrong);
  EXPECT_NE(harness.failure.status().message().find("-10"), std::string::npos);
}

}  // namespace
}  // namespace weir
