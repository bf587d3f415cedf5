#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/watermark_merger.h>

namespace weir::internal {
namespace {

using Outcome = WatermarkMerger::Outcome;

struct Event {
  enum Kind { kWatermark, kIdle, kActive, kFinished } kind;
  std::uint32_t channel;
  std::int64_t timestamp_ms = 0;
};
struct Row {
  Event event;
  Outcome outcome;
};

Outcome Apply(WatermarkMerger& merger, const Event& event) {
  switch (event.kind) {
    case Event::kWatermark:
      return merger.OnWatermark(event.channel, event.timestamp_ms);
    case Event::kIdle:
      return merger.OnStatus(event.channel, true);
    case Event::kActive:
      return merger.OnStatus(event.channel, false);
    case Event::kFinished:
      return merger.OnFinished(event.channel);
  }
  return {};
}

void Check(std::uint32_t channels, const std::vector<Row>& rows) {
  WatermarkMerger merger(channels);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(Apply(merger, rows[i].event), rows[i].outcome) << "row " << i;
  }
}

constexpr auto kW = Event::kWatermark;
constexpr auto kIdle = Event::kIdle;
constexpr auto kActive = Event::kActive;
constexpr auto kFinished = Event::kFinished;
constexpr auto kMaximum = internal::kMaximumWatermark;

TEST(WatermarkMergerTest, OneChannelPassesItsWatermarksOn) {
  Check(1, {{{kW, 0, 5}, {.watermark_ms = 5}},
            {{kW, 0, 5}, {}},
            {{kW, 0, 4}, {}},
            {{kW, 0, 6}, {.watermark_ms = 6}},
            {{kFinished, 0}, {.watermark_ms = kMaximum}},
            {{kFinished, 0}, {}}});
}

TEST(WatermarkMergerTest, TheSlowestActiveChannelCounts) {
  Check(3, {{{kW, 0, 5}, {}},
            {{kW, 1, 7}, {}},
            {{kW, 2, 6}, {.watermark_ms = 5}},
            {{kW, 1, 9}, {}},
            {{kW, 0, 8}, {.watermark_ms = 6}},
            {{kW, 2, 10}, {.watermark_ms = 8}}});
}

TEST(WatermarkMergerTest, AnIdleChannelDoesNotHoldTheOthers) {
  Check(2, {{{kW, 0, 5}, {}},
            {{kIdle, 1}, {.watermark_ms = 5}},
            {{kIdle, 1}, {}},
            {{kW, 0, 8}, {.watermark_ms = 8}},
            // Back with an old watermark: does not hold, does not count, until it has caught up.
            {{kActive, 1}, {}},
            {{kW, 1, 6}, {}},
            {{kW, 0, 10}, {.watermark_ms = 10}},
            {{kW, 1, 12}, {}},
            {{kW, 0, 13}, {.watermark_ms = 12}}});
}

TEST(WatermarkMergerTest, AllIdleMakesTheInputIdleAndReleasesTheHighest) {
  Check(2, {{{kW, 0, 5}, {}},
            {{kW, 1, 9}, {.watermark_ms = 5}},
            {{kIdle, 1}, {}},
            {{kIdle, 0}, {.watermark_ms = 9, .became_idle = true}},
            {{kActive, 1}, {.became_active = true}},
            {{kW, 1, 11}, {.watermark_ms = 11}}});
}

TEST(WatermarkMergerTest, AWatermarkHeardWhileIdleCountsOnReturn) {
  Check(1, {{{kW, 0, 5}, {.watermark_ms = 5}},
            {{kIdle, 0}, {.became_idle = true}},
            {{kW, 0, 7}, {}},
            {{kActive, 0}, {.became_active = true, .watermark_ms = 7}},
            {{kW, 0, 8}, {.watermark_ms = 8}}});
}

TEST(WatermarkMergerTest, AFinishedChannelNoLongerHolds) {
  Check(2, {{{kW, 0, 5}, {}},
            {{kFinished, 1}, {.watermark_ms = 5}},
            {{kFinished, 1}, {}},
            {{kW, 1, 6}, {}},
            {{kW, 0, 7}, {.watermark_ms = 7}},
            {{kFinished, 0}, {.watermark_ms = kMaximum}}});
}

TEST(WatermarkMergerTest, WithTheLastActiveChannelFinishedTheRestMayBeIdle) {
  // What the finished one said (the end of time) says nothing about those that are left.
  Check(2, {{{kW, 0, 4}, {}},
            {{kW, 0, kMaximum}, {}},
            {{kIdle, 1}, {.became_idle = true}},
            {{kFinished, 0}, {}},
            {{kActive, 1}, {.became_active = true}},
            {{kW, 1, 3}, {.watermark_ms = 3}},
            {{kW, 1, kMaximum}, {.watermark_ms = kMaximum}},
            {{kFinished, 1}, {}}});
  // An idle channel may end as well.
  Check(2, {{{kIdle, 0}, {}},
            {{kIdle, 1}, {.became_idle = true}},
            {{kW, 1, kMaximum}, {}},
            {{kFinished, 0}, {.became_active = true, .watermark_ms = kMaximum}}});
  Check(2, {{{kW, 0, 4}, {}},
            {{kW, 1, 3}, {.watermark_ms = 3}},
            {{kIdle, 1}, {.watermark_ms = 4}},
            {{kFinished, 0}, {.became_idle = true}},
            {{kActive, 1}, {.became_active = true}},
            {{kW, 1, 6}, {.watermark_ms = 6}}});
}

// Against a plain restatement of the rules, over random histories.
TEST(WatermarkMergerTest, RandomHistoriesKeepTheRules) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int history = 0; history < 200; ++history) {
    const std::uint32_t channels = 1 + random() % 5;
    WatermarkMerger merger(channels);
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    std::vector<std::int64_t> heard(channels, last);
    std::vector<Event::Kind> state(channels, kActive);
    for (int i = 0; i < 100; ++i) {
      const std::uint32_t channel = random() % channels;
      const auto kind = static_cast<Event::Kind>(random() % 20 == 0 ? 3 : random() % 3);
      const Event event{
          kind, channel,
          heard[channel] < 0 ? 1 : heard[channel] + static_cast<std::int64_t>(random() % 10)};
      const Outcome outcome = Apply(merger, event);
      if (state[channel] != kFinished) {
        if (kind == kW) heard[channel] = std::max(heard[channel], event.timestamp_ms);
        if (kind != kW) state[channel] = kind;
      }
      if (outcome.watermark_ms) {
        EXPECT_GT(*outcome.watermark_ms, last) << "watermarks never go back";
        last = *outcome.watermark_ms;
      }
      // No active channel that has caught up is overtaken.
      bool any_active = false;
      std::int64_t minimum = std::numeric_limits<std::int64_t>::max();
      for (std::uint32_t c = 0; c < channels; ++c) {
        if (state[c] != kActive) continue;
        any_active = true;
        if (heard[c] >= last) minimum = std::min(minimum, heard[c]);
      }
      if (outcome.watermark_ms && any_active) {
        EXPECT_LE(last, minimum);
      }
      const bool all_idle = !any_active && std::count(state.begin(), state.end(), kIdle) > 0;
      if (all_idle) {
        EXPECT_TRUE(merger.idle());
      }
      if (any_active) {
        EXPECT_FALSE(merger.idle());
      }
      // Nothing is held back without a reason: when all active channels have caught up, the merged
      // watermark is their minimum.
      bool all_caught_up = any_active;
      for (std::uint32_t c = 0; c < channels; ++c) {
        if (state[c] == kActive && heard[c] < last) all_caught_up = false;
      }
      if (all_caught_up) {
        EXPECT_EQ(merger.watermark_ms(), minimum);
      }
    }
  }
}

}  // namespace
}  // namespace weir::internal
