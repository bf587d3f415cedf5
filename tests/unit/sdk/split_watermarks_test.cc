// SplitWatermarks by table and against an oracle.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/split_watermarks.h>

namespace weir::internal {
namespace {

using Longs = std::vector<std::int64_t>;

struct SplitEvent {
  enum Kind { kAdd, kRemove, kRecords, kGenerator, kMarkIdle, kPassTime } kind;
  std::uint32_t split = 0;
  std::int64_t watermark_ms = 0;
  std::int64_t now_ns = 0;
};

void Apply(SplitWatermarks& watermarks, const SplitEvent& event) {
  switch (event.kind) {
    case SplitEvent::kAdd:
      EXPECT_EQ(watermarks.Add(event.now_ns), event.split);
      break;
    case SplitEvent::kRemove:
      watermarks.Remove(event.split, event.now_ns);
      break;
    case SplitEvent::kRecords:
      watermarks.OnRecords(event.split, event.now_ns);
      break;
    case SplitEvent::kGenerator:
      watermarks.OnGenerator(event.split, event.watermark_ms, false);
      break;
    case SplitEvent::kMarkIdle:
      watermarks.OnGenerator(event.split, event.watermark_ms, true);
      break;
    case SplitEvent::kPassTime:
      watermarks.PassTime(event.now_ns);
      break;
  }
}

struct SplitRow {
  SplitEvent event;
  std::optional<std::int64_t> watermark_ms;
  bool idle = false;
};

void Check(std::optional<std::int64_t> idle_timeout_ns, const std::vector<SplitRow>& rows) {
  SplitWatermarks watermarks(idle_timeout_ns, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Apply(watermarks, rows[i].event);
    EXPECT_EQ(watermarks.TakeWatermark(), rows[i].watermark_ms) << "row " << i;
    EXPECT_EQ(watermarks.idle(), rows[i].idle) << "row " << i;
  }
}

constexpr auto kAdd = SplitEvent::kAdd;
constexpr auto kRemove = SplitEvent::kRemove;
constexpr auto kRecords = SplitEvent::kRecords;
constexpr auto kGenerator = SplitEvent::kGenerator;
constexpr auto kMarkIdle = SplitEvent::kMarkIdle;
constexpr auto kPassTime = SplitEvent::kPassTime;

TEST(SplitWatermarks, TheSlowestSplitCountsAndAnEndedOneDoesNot) {
  Check(std::nullopt, {{{kAdd, 0}, {}},
                       {{kGenerator, 0, 10}, 10},
                       {{kAdd, 1}, {}},
                       {{kGenerator, 0, 20}, {}},
                       {{kGenerator, 1, 5}, {}},  // behind what is announced: no step back
                       {{kGenerator, 1, 15}, 15},
                       {{kGenerator, 1, 12}, {}},  // a lower one means nothing
                       {{kRemove, 1}, 20},
                       {{kRemove, 0}, {}},
                       {{kAdd, 0}, {}},  // the number is free again
                       {{kGenerator, 0, 7}, {}},
                       {{kGenerator, 0, 30}, 30},
                       {{kPassTime, 0, 0, 1'000'000}, {}}});
}

TEST(SplitWatermarks, IdleSplitsAreLeftOutAndAllIdleReleasesTheHighest) {
  Check(100, {{{kAdd, 0, 0, 0}, {}},
              {{kAdd, 1, 0, 0}, {}},
              {{kGenerator, 0, 10}, {}},
              {{kRecords, 0, 0, 60}, {}},
              {{kPassTime, 0, 0, 99}, {}},
              {{kPassTime, 0, 0, 100}, 10},  // split 1 has had nothing
              {{kGenerator, 0, 12}, 12},
              {{kRecords, 1, 0, 120}, {}},
              {{kGenerator, 1, 11}, {}},  // is back, older: holds until it has caught up
              {{kGenerator, 0, 20}, {}},
              {{kGenerator, 1, 13}, 13},
              {{kPassTime, 0, 0, 160}, {}},
              {{kPassTime, 0, 0, 220}, 20, true},
              {{kGenerator, 1, 14}, {}, true},
              {{kRecords, 1, 0, 230}, {}, false}});
}

TEST(SplitWatermarks, AReaderWithoutSplitsBecomesIdleToo) {
  Check(100, {{{kPassTime, 0, 0, 99}, {}},
              {{kPassTime, 0, 0, 100}, {}, true},
              {{kAdd, 0, 0, 110}, {}, false},
              {{kRemove, 0, 0, 120}, {}, false},
              {{kPassTime, 0, 0, 219}, {}, false},
              {{kPassTime, 0, 0, 220}, {}, true}});
}

TEST(SplitWatermarks, AGeneratorMayMarkItsSplitIdle) {
  Check(std::nullopt, {{{kAdd, 0}, {}},
                       {{kAdd, 1}, {}},
                       {{kGenerator, 0, 10}, {}},
                       {{kMarkIdle, 1, 0}, 10},
                       {{kMarkIdle, 0, 10}, {}, true},
                       {{kGenerator, 1, 12}, 12, false}});
}

// Against a restatement that keeps the whole history and computes everything anew each time.
class Oracle {
 public:
  explicit Oracle(std::int64_t timeout_ns) : timeout_ns_(timeout_ns) {}
  void Apply(const SplitEvent& event) {
    if (event.kind == kAdd) splits_[event.split] = {.last_ns = event.now_ns};
    if (event.kind == kRemove) {
      splits_.erase(event.split);
      if (splits_.empty()) empty_since_ns_ = event.now_ns;
    }
    if (event.kind == kAdd || event.kind == kRemove) empty_idle_ = false;
    if (event.kind == kRecords) {
      splits_[event.split].last_ns = event.now_ns;
      splits_[event.split].timed_out = false;
    }
    if (event.kind == kGenerator || event.kind == kMarkIdle) {
      Split& split = splits_[event.split];
      split.said.push_back(event.watermark_ms);
      split.marked = event.kind == kMarkIdle;
    }
    if (event.kind == kPassTime) {
      for (auto& [number, split] : splits_) {
        if (event.now_ns - split.last_ns >= timeout_ns_) split.timed_out = true;
      }
      if (splits_.empty() && event.now_ns - empty_since_ns_ >= timeout_ns_) empty_idle_ = true;
    }
    Advance();
  }
  std::int64_t combined_ms() const { return combined_ms_; }
  bool idle() const {
    if (splits_.empty()) return empty_idle_;
    for (const auto& [number, split] : splits_) {
      if (!split.timed_out && !split.marked) return false;
    }
    return true;
  }

 private:
  struct Split {
    Longs said;
    std::int64_t last_ns = 0;
    bool timed_out = false;
    bool marked = false;
  };
  void Advance() {
    if (splits_.empty()) return;
    Longs counting;
    Longs resting;
    for (const auto& [number, split] : splits_) {
      std::int64_t watermark_ms = std::numeric_limits<std::int64_t>::min();
      for (const std::int64_t said : split.said) watermark_ms = std::max(watermark_ms, said);
      (split.timed_out || split.marked ? resting : counting).push_back(watermark_ms);
    }
    const std::int64_t now_ms = counting.empty()
                                    ? *std::max_element(resting.begin(), resting.end())
                                    : *std::min_element(counting.begin(), counting.end());
    combined_ms_ = std::max(combined_ms_, now_ms);
  }

  const std::int64_t timeout_ns_;
  std::map<std::uint32_t, Split> splits_;
  std::int64_t empty_since_ns_ = 0;
  bool empty_idle_ = false;
  std::int64_t combined_ms_ = std::numeric_limits<std::int64_t>::min();
};

TEST(SplitWatermarks, RandomHistoriesAgreeWithTheOracle) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int history = 0; history < 500; ++history) {
    constexpr std::int64_t kTimeoutNs = 50;
    SplitWatermarks watermarks(kTimeoutNs, 0);
    Oracle oracle(kTimeoutNs);
    std::vector<bool> present(5, false);
    std::int64_t now_ns = 0;
    std::int64_t last_ms = std::numeric_limits<std::int64_t>::min();
    for (int i = 0; i < 200; ++i) {
      now_ns += random() % 20;
      SplitEvent event{static_cast<SplitEvent::Kind>(random() % 6),
                       static_cast<std::uint32_t>(random() % present.size()),
                       static_cast<std::int64_t>(i + random() % 20), now_ns};
      if (event.kind == kAdd) {
        event.split = std::find(present.begin(), present.end(), false) - present.begin();
        if (event.split == present.size()) continue;
        present[event.split] = true;
      } else if (event.kind != kPassTime) {
        if (!present[event.split]) continue;
        if (event.kind == kRemove) present[event.split] = false;
      }
      Apply(watermarks, event);
      oracle.Apply(event);
      const auto taken_ms = watermarks.TakeWatermark();
      if (taken_ms) {
        ASSERT_GT(*taken_ms, last_ms) << "history " << history << " event " << i;
        last_ms = *taken_ms;
      }
      ASSERT_EQ(last_ms, oracle.combined_ms()) << "history " << history << " event " << i;
      ASSERT_EQ(watermarks.idle(), oracle.idle()) << "history " << history << " event " << i;
    }
  }
}

}  // namespace
}  // namespace weir::internal
