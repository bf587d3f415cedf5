// Windows against an oracle that keeps all records: random streams with disorder, gaps, late data
// and idle times, under random assigners, triggers, evictors and lateness. Results are compared
// after every event.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/testing.h>

#include "tests/unit/sdk/window_oracle.h"
#include "tests/unit/sdk/window_test_parts.h"
#include "tests/unit/test_seed.h"

namespace weir::testing {
namespace {

const OutputTag<OracleRecord> kLate{"late"};
const auto kKey = [](const OracleRecord& record) { return record.key; };

// Runs one random stream through the windows that `build` puts behind a keyed stream.
class WindowRun {
 public:
  WindowRun(const OraclePlan& plan, bool ordered, std::uint64_t seed)
      : plan_(plan), ordered_(ordered), oracle_(plan), random_(seed) {}

  template <class Build>
  void Run(Build&& build) {
    StreamHarness harness;
    auto input = harness.AddInput<OracleRecord>();
    SingleOutputStreamOperator<Shown> windows = build(input.stream().KeyBy(kKey));
    auto results = harness.AddOutput(windows.Uid("windows"));
    auto late = harness.AddOutput(windows.GetSideOutput(kLate));
    harness.Open();
    const int events = 10 + Below(40);
    for (int i = 0; i < events; ++i) {
      Step(harness, input);
      Compare(results.TakeRecords(), late.TakeRecords());
      if (::testing::Test::HasFailure()) return;
    }
    input.End();
    oracle_.AdvanceWatermark(INT64_MAX);
    harness.Finish();
    Compare(results.TakeRecords(), late.TakeRecords());
    // In order, and none before its results, which were compared in between.
    EXPECT_TRUE(std::is_sorted(results.watermarks().begin(), results.watermarks().end()));
    EXPECT_EQ(results.watermarks().back(), INT64_MAX);
  }

 private:
  int Below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }

  void Step(StreamHarness& harness, TestInput<OracleRecord>& input) {
    const int kind = Below(10);
    if (kind < 7) {
      std::vector<TimestampedRecord<OracleRecord>> block(1 + Below(6));
      for (auto& each : block) {
        each.record = NextRecord();
        each.timestamp_ms = each.record.timestamp_ms;
        oracle_.Add(each.record);
      }
      input.PushRecords(block);
    } else if (kind < 9) {
      // Now and then far ahead of the records.
      const std::int64_t watermark_ms = time_ms_ - Below(40) + (Below(12) == 0 ? 100 : 0);
      if (watermark_ms <= watermark_ms_) return;
      watermark_ms_ = watermark_ms;
      input.PushWatermark(watermark_ms);
      oracle_.AdvanceWatermark(watermark_ms);
    } else {
      now_ms_ += Below(30);
      harness.AdvanceProcessingTime(now_ms_);
      oracle_.AdvanceProcessingTime(now_ms_);
    }
  }
  OracleRecord NextRecord() {
    time_ms_ += Below(20) == 0 ? Below(300) : Below(4);
    OracleRecord record;
    record.key = Below(3);
    record.value = Below(50);
    record.timestamp_ms = std::max<std::int64_t>(0, time_ms_ - Below(Below(3) == 0 ? 60 : 10));
    record.gap_ms = 1 + Below(20);
    return record;
  }

  void Compare(const std::vector<TimestampedRecord<Shown>>& results,
               const std::vector<TimestampedRecord<OracleRecord>>& late) {
    std::vector<Shown> seen;
    for (const auto& each : results) {
      EXPECT_EQ(each.timestamp_ms, each.record.timestamp_ms);
      seen.push_back(each.record);
    }
    std::vector<Shown> expected;
    for (const OracleResult& each : oracle_.results) {
      Shown& shown = expected.emplace_back();
      shown.key = each.key;
      shown.start_ms = each.start_ms;
      shown.end_ms = each.end_ms;
      shown.timestamp_ms = each.end_ms == INT64_MAX ? INT64_MAX : each.end_ms - 1;
      for (const std::int64_t value : each.values) AddTo(shown.contents, value, ordered_);
    }
    std::sort(seen.begin(), seen.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(seen.size(), expected.size());
    EXPECT_TRUE(seen == expected) << Difference(seen, expected);
    EXPECT_EQ(late.size(), oracle_.late.size());
    for (std::size_t i = 0; i < std::min(late.size(), oracle_.late.size()); ++i) {
      EXPECT_EQ(late[i].record.value, oracle_.late[i].value);
      EXPECT_EQ(late[i].timestamp_ms, oracle_.late[i].timestamp_ms);
    }
    oracle_.results.clear();
    oracle_.late.clear();
  }
  static std::string Line(const Shown& shown) {
    return "  key " + std::to_string(shown.key) + " [" + std::to_string(shown.start_ms) + ", " +
           std::to_string(shown.end_ms) + ") " + std::to_string(shown.contents.count) + " of sum " +
           std::to_string(shown.contents.sum) + "\n";
  }
  static std::string Difference(const std::vector<Shown>& seen,
                                const std::vector<Shown>& expected) {
    std::string text = "seen:\n";
    for (const Shown& each : seen) text += Line(each);
    text += "expected:\n";
    for (const Shown& each : expected) text += Line(each);
    return text;
  }

  const OraclePlan plan_;
  const bool ordered_;
  WindowOracle oracle_;
  std::mt19937_64 random_;
  std::int64_t time_ms_ = 20;
  std::int64_t watermark_ms_ = INT64_MIN;
  std::int64_t now_ms_ = 0;
};

// The plans and streams of one test.
class WindowProperties : public ::testing::Test {
 protected:
  // Calls run(plan, seed) for random plans until one fails.
  template <class RunPlan>
  void ForPlans(int count, RunPlan&& run) {
    const std::uint64_t seed = TestSeed();
    for (int i = 0; i < count && !HasFailure(); ++i) {
      std::mt19937_64 random(seed + static_cast<unsigned>(i));
      OraclePlan plan = AnyPlan(random);
      run(plan, random());
      if (HasFailure()) {
        ADD_FAILURE() << "WEIR_TEST_SEED=" << seed + static_cast<unsigned>(i) << ": "
                      << plan.ToString();
      }
    }
  }

  static OraclePlan AnyPlan(std::mt19937_64& random) {
    const auto below = [&](int end) {
      return static_cast<std::int64_t>(random() % static_cast<unsigned>(end));
    };
    OraclePlan plan;
    plan.size_ms = 1 + below(30);
    plan.slide_ms = below(3) == 0 ? plan.size_ms : 1 + below(35);
    plan.offset_ms = below(2 * static_cast<int>(plan.slide_ms) - 1) - plan.slide_ms + 1;
    plan.gap_ms = 1 + below(20);
    plan.dynamic_gap = below(2) == 0;
    plan.trigger = static_cast<OracleTrigger>(below(7));
    plan.trigger_argument = 1 + below(plan.trigger == OracleTrigger::kCount ? 4 : 15);
    plan.purging = below(3) == 0;
    plan.lateness_ms = below(2) == 0 ? 0 : below(40);
    plan.evictor = static_cast<OracleEvictor>(1 + below(3));
    plan.evictor_argument = below(plan.evictor == OracleEvictor::kCount ? 4 : 20);
    plan.evict_after = below(2) == 0;
    return plan;
  }
  static OraclePlan WithoutEvictor(OraclePlan plan) {
    plan.evictor = OracleEvictor::kNone;
    return plan;
  }
  static OraclePlan DefaultTriggered(OraclePlan plan) {
    plan = WithoutEvictor(plan);
    plan.trigger = OracleTrigger::kEventTime;
    plan.purging = false;
    return plan;
  }
  static void Merging(OraclePlan& plan) {
    plan.assigner = OracleAssigner::kSession;
    if (plan.trigger == OracleTrigger::kDelta) plan.trigger = OracleTrigger::kEndOfStream;
  }
};

TEST_F(WindowProperties, TumblingAggregates) {
  ForPlans(200, [](OraclePlan& plan, std::uint64_t seed) {
    plan = DefaultTriggered(plan);
    plan.slide_ms = plan.size_ms;
    plan.offset_ms %= plan.size_ms;
    WindowRun(plan, false, seed).Run([&](auto keyed) {
      return keyed.Window(TumblingEventTimeWindows::Of(plan.size_ms, plan.offset_ms))
          .AllowedLateness(plan.lateness_ms)
          .SideOutputLateData(kLate)
          .Aggregate(SumContents(), ShowResult<TimeWindow>());
    });
  });
}

TEST_F(WindowProperties, TumblingRecords) {
  ForPlans(200, [](OraclePlan& plan, std::uint64_t seed) {
    plan = DefaultTriggered(plan);
    plan.slide_ms = plan.size_ms;
    plan.offset_ms %= plan.size_ms;
    WindowRun(plan, true, seed).Run([&](auto keyed) {
      return keyed.Window(TumblingEventTimeWindows::Of(plan.size_ms, plan.offset_ms))
          .AllowedLateness(plan.lateness_ms)
          .SideOutputLateData(kLate)
          .Process(ShowRecords<TimeWindow>());
    });
  });
}

TEST_F(WindowProperties, SlidingAggregatesOverSharedPanes) {
  ForPlans(400, [](OraclePlan& plan, std::uint64_t seed) {
    plan = DefaultTriggered(plan);
    WindowRun(plan, false, seed).Run([&](auto keyed) {
      return keyed.Window(SlidingEventTimeWindows::Of(plan.size_ms, plan.slide_ms, plan.offset_ms))
          .AllowedLateness(plan.lateness_ms)
          .SideOutputLateData(kLate)
          .Aggregate(SumContents(), ShowResult<TimeWindow>());
    });
  });
}

// Puts any trigger, and where asked any evictor, behind windows, and what they held into a result.
template <class Windowed>
SingleOutputStreamOperator<Shown> Aggregated(const Windowed& windowed, const OraclePlan& plan) {
  return windowed.Trigger(TriggerOf(plan))
      .AllowedLateness(plan.lateness_ms)
      .SideOutputLateData(kLate)
      .Aggregate(SumContents(), ShowResult<typename Windowed::Window>());
}
template <class Windowed>
SingleOutputStreamOperator<Shown> Evicted(const Windowed& windowed, const OraclePlan& plan) {
  return windowed.Trigger(TriggerOf(plan))
      .Evictor(EvictorOf(plan))
      .AllowedLateness(plan.lateness_ms)
      .SideOutputLateData(kLate)
      .Process(ShowRecords<typename Windowed::Window>());
}

TEST_F(WindowProperties, AlignedEventTimeWindowsWithAnyTrigger) {
  ForPlans(250, [](OraclePlan& plan, std::uint64_t seed) {
    plan = WithoutEvictor(plan);
    WindowRun(plan, false, seed).Run([&](auto keyed) {
      return Aggregated(keyed.Window(EventTimeAssigner(plan)), plan);
    });
  });
}
TEST_F(WindowProperties, AlignedEventTimeWindowsWithAnyTriggerAndEvictor) {
  ForPlans(250, [](OraclePlan& plan, std::uint64_t seed) {
    WindowRun(plan, true, seed).Run([&](auto keyed) {
      return Evicted(keyed.Window(EventTimeAssigner(plan)), plan);
    });
  });
}
TEST_F(WindowProperties, AlignedProcessingTimeWindowsWithAnyTrigger) {
  ForPlans(200, [](OraclePlan& plan, std::uint64_t seed) {
    plan = WithoutEvictor(plan);
    plan.event_time = false;
    WindowRun(plan, false, seed).Run([&](auto keyed) {
      return Aggregated(keyed.Window(ProcessingTimeAssigner(plan)), plan);
    });
  });
}
TEST_F(WindowProperties, EventTimeSessionsWithAnyTrigger) {
  ForPlans(250, [](OraclePlan& plan, std::uint64_t seed) {
    plan = WithoutEvictor(plan);
    Merging(plan);
    WindowRun(plan, false, seed).Run([&](auto keyed) {
      return Aggregated(keyed.Window(EventTimeSession(plan)), plan);
    });
  });
}
TEST_F(WindowProperties, EventTimeSessionsWithAnyTriggerAndEvictor) {
  ForPlans(250, [](OraclePlan& plan, std::uint64_t seed) {
    Merging(plan);
    WindowRun(plan, true, seed).Run([&](auto keyed) {
      return Evicted(keyed.Window(EventTimeSession(plan)), plan);
    });
  });
}
TEST_F(WindowProperties, ProcessingTimeSessionsWithAnyTrigger) {
  ForPlans(200, [](OraclePlan& plan, std::uint64_t seed) {
    plan = WithoutEvictor(plan);
    plan.event_time = false;
    Merging(plan);
    WindowRun(plan, false, seed).Run([&](auto keyed) {
      return Aggregated(keyed.Window(ProcessingTimeSession(plan)), plan);
    });
  });
}
TEST_F(WindowProperties, GlobalWindowsWithAnyTriggerAndEvictor) {
  ForPlans(200, [](OraclePlan& plan, std::uint64_t seed) {
    plan.event_time = false;
    plan.assigner = OracleAssigner::kGlobal;
    WindowRun(plan, true, seed).Run([&](auto keyed) {
      return Evicted(keyed.Window(GlobalWindows::Create()), plan);
    });
  });
}

}  // namespace
}  // namespace weir::testing
