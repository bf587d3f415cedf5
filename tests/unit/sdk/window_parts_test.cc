// Where windows and panes lie, what a key's panes hold, which windows merge, what evictors leave.
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/test_seed.h"

namespace weir::internal {
namespace {

TEST(WindowArithmetic, WindowsBeginAtMultiplesOfTheSlideFromTheOffset) {
  struct Case {
    std::int64_t timestamp_ms, offset_ms, slide_ms, start_ms;
  };
  for (const Case& each :
       {Case{0, 0, 10, 0}, Case{9, 0, 10, 0}, Case{10, 0, 10, 10}, Case{-1, 0, 10, -10},
        Case{-10, 0, 10, -10}, Case{3, 4, 10, -6}, Case{4, 4, 10, 4}, Case{3, -4, 10, -4},
        Case{6, -4, 10, 6}, Case{kMaximumTimestampMs, 0, 1, kMaximumTimestampMs}}) {
    EXPECT_EQ(WindowStart(each.timestamp_ms, each.offset_ms, each.slide_ms), each.start_ms)
        << each.timestamp_ms << " " << each.offset_ms << " " << each.slide_ms;
  }
}

// Every pane and window, against the definition.
TEST(WindowArithmetic, PanesAndWindowsKnowEachOther) {
  const std::pair<int, int> shapes[] = {{10, 10}, {10, 2}, {10, 3}, {6, 4},
                                        {4, 6},   {1, 1},  {3, 10}};
  for (const auto& [size, slide] : shapes) {
    for (const int offset : {0, 1, -1, slide - 1}) {
      const PaneLayout layout(size, slide, offset);
      for (std::int64_t time = -30; time < 60; ++time) {
        const std::int64_t pane = layout.PaneOf(time);
        EXPECT_LE(layout.PaneStart(pane), time);
        EXPECT_GT(layout.PaneStart(pane) + layout.pane_ms(), time);
        for (std::int64_t window = -60; window < 60; ++window) {
          const bool in_window = layout.StartOf(window) <= time && time < layout.EndOf(window);
          const bool in_panes = layout.FirstPane(window) <= pane && pane < layout.EndPane(window);
          const bool known =
              layout.FirstWindow(pane) <= window && window <= layout.LastWindow(pane);
          EXPECT_EQ(layout.StartOf(window), offset + window * slide);
          EXPECT_EQ(layout.EndOf(window), layout.StartOf(window) + size);
          EXPECT_EQ(in_panes, in_window) << size << " " << slide << " " << time;
          EXPECT_EQ(known, in_window) << size << " " << slide << " " << time;
        }
        const std::int64_t ended = layout.LastWindowEndedAt(time);
        EXPECT_LE(layout.EndOf(ended) - 1, time);
        EXPECT_GT(layout.EndOf(ended + 1) - 1, time);
      }
    }
  }
}

TEST(WindowArithmetic, TheEndsOfTimeDoNotOverflow) {
  for (const std::int64_t size : {std::int64_t{1}, std::int64_t{60'000}, kMaximumWindowSpanMs}) {
    const PaneLayout layout(size, size, size - 1);
    const std::int64_t never = layout.LastWindowEndedAt(Watermark().timestamp_ms);
    EXPECT_LT(layout.EndOf(never), 0);
    const std::int64_t all = layout.LastWindowEndedAt(kMaximumWatermark);
    EXPECT_GT(all, layout.LastWindow(layout.PaneOf(kMaximumTimestampMs)));
  }
  EXPECT_EQ(SaturatingAdd(kMaximumWatermark - 1, 5), kMaximumWatermark);
}

// Random panes in and near order, expiring from below, against a map.
TEST(PaneAccumulators, HoldWhatAMapHolds) {
  const std::uint64_t seed = TestSeed();
  for (int run = 0; run < 200; ++run) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed) + " run " + std::to_string(run));
    std::mt19937_64 random(seed + static_cast<unsigned>(run));
    PaneAccumulators<std::int64_t> panes;
    std::map<std::int64_t, std::int64_t> expected;
    std::int64_t now = -20;
    std::int64_t first_live = -1000;
    for (int i = 0; i < 300; ++i) {
      now += static_cast<std::int64_t>(random() % 40 == 0 ? random() % 100'000'000 : random() % 2);
      const std::int64_t pane =
          std::max(first_live, now - static_cast<std::int64_t>(random() % (1 + random() % 30)));
      bool inserted = false;
      std::int64_t& accumulator = panes.FindOrInsert(pane, first_live, inserted);
      EXPECT_EQ(inserted, !expected.contains(pane));
      accumulator = inserted ? 1 : accumulator + 1;
      ++expected[pane];
      if (random() % 8 == 0) {
        first_live = std::max(first_live, now - static_cast<std::int64_t>(random() % 40));
        expected.erase(expected.begin(), expected.lower_bound(first_live));
      }
      std::map<std::int64_t, std::int64_t> seen;
      const std::int64_t first =
          std::max(first_live, now - static_cast<std::int64_t>(random() % 50));
      const std::int64_t end = first + static_cast<std::int64_t>(random() % 60);
      panes.ForEach(first, end, [&](std::int64_t number, std::int64_t count) {
        EXPECT_TRUE(seen.empty() || seen.rbegin()->first < number);
        seen.emplace(number, count);
      });
      const std::map<std::int64_t, std::int64_t> within(expected.lower_bound(first),
                                                        expected.lower_bound(end));
      EXPECT_EQ(seen, within);
    }
    std::vector<std::byte> bytes;
    SerializeTo(panes, bytes);
    const auto read = Deserialize<PaneAccumulators<std::int64_t>>(bytes);
    ASSERT_TRUE(read.ok());
    for (const auto& [pane, count] : expected) {
      int found = 0;
      read->ForEach(pane, pane + 1, [&, count = count](std::int64_t, std::int64_t seen) {
        ++found;
        EXPECT_EQ(seen, count);
      });
      EXPECT_EQ(found, 1);
    }
  }
}

// What panes are together in their order: the composition of x -> factor * x + term.
struct Composition {
  std::uint32_t factor = 1;
  std::uint32_t term = 0;
  bool operator==(const Composition&) const = default;
};
struct Compose {
  void Merge(Composition& into, const Composition& later) {
    ++merges;
    into = {into.factor * later.factor, into.term * later.factor + later.term};
  }
  int merges = 0;
};

// Windows in order over panes in and out of order, some of them changed after a window had them.
TEST(PaneMerge, OfNextIsTheSameAsOf) {
  const std::uint64_t seed = TestSeed();
  for (int run = 0; run < 300; ++run) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed) + " run " + std::to_string(run));
    std::mt19937_64 random(seed + static_cast<unsigned>(run));
    const auto below = [&random](std::uint64_t end) {
      return static_cast<std::int64_t>(random() % end);
    };
    PaneAccumulators<Composition> panes;
    PaneMerge<Composition> merge;
    PaneMerge<Composition> merge_all;
    Compose compose;
    const std::int64_t size = 1 + below(90);
    const std::int64_t slide = 1 + below(4);
    const std::int64_t late = below(3) * below(6);
    const std::int64_t gap = 1 + below(3) * below(20);
    std::int64_t window = -30;
    for (std::int64_t now = window; now < 300; now += 1 + below(gap)) {
      const std::int64_t pane = std::max(window, now - below(late + 1));
      bool inserted = false;
      Composition& changed = panes.FindOrInsert(pane, window, inserted);
      changed = {static_cast<std::uint32_t>(random()) | 1, static_cast<std::uint32_t>(random())};
      while (window + size <= now - below(8)) {
        const auto* all = merge_all.Of(panes, window, window + size, compose);
        const auto* next = merge.OfNext(panes, window, window + size, seed, compose);
        ASSERT_EQ(next == nullptr, all == nullptr);
        if (all != nullptr) {
          EXPECT_EQ(*next, *all);
        }
        window += slide * (1 + below(20) / 19);
      }
    }
  }
}

TEST(PaneMerge, OfNextMergesThreeTimesForAWindow) {
  PaneAccumulators<Composition> panes;
  PaneMerge<Composition> merge;
  Compose compose;
  constexpr int kWindows = 10'000;
  constexpr std::int64_t kSize = 60;
  for (std::int64_t pane = 0; pane < kWindows + kSize; ++pane) {
    bool inserted = false;
    panes.FindOrInsert(pane, pane - kSize, inserted) = {3, 1};
    if (pane < kSize) continue;
    ASSERT_NE(merge.OfNext(panes, pane - kSize, pane, 7, compose), nullptr);
  }
  EXPECT_LE(compose.merges, 4 * kWindows);
}

TEST(MergingWindows, KeepContentsWhereTheEarliestWindowHadThem) {
  KeyedStateBackend backend{TaskInformation()};
  MergingWindows<std::int64_t, TimeWindow> windows(backend);
  const std::int64_t key = 7;
  const std::uint64_t hash = StableHash(key);
  const auto add = [&](std::int64_t start, std::int64_t end) {
    const WindowMerge<TimeWindow> planned = windows.Plan(hash, key, {start, end});
    windows.Commit(hash, key);
    return planned;
  };
  auto merge = add(100, 110);
  EXPECT_FALSE(merge.changed);
  EXPECT_EQ(merge.window, (TimeWindow{100, 110}));
  merge = add(130, 140);
  EXPECT_FALSE(merge.changed);
  merge = add(102, 109);  // within
  EXPECT_FALSE(merge.changed);
  EXPECT_EQ(merge.window, (TimeWindow{100, 110}));
  merge = add(110, 120);  // touches
  EXPECT_TRUE(merge.changed);
  EXPECT_EQ(merge.window, (TimeWindow{100, 120}));
  EXPECT_EQ(merge.state_window, (TimeWindow{100, 110}));
  merge = add(95, 131);  // joins both
  EXPECT_TRUE(merge.changed);
  EXPECT_EQ(merge.window, (TimeWindow{95, 140}));
  EXPECT_EQ(merge.state_window, (TimeWindow{100, 110}));
  ASSERT_EQ(merge.merged_windows.size(), 2u);
  EXPECT_EQ(merge.merged_windows[1].state_window, (TimeWindow{130, 140}));
  EXPECT_EQ(windows.StateWindowOf(hash, key, {100, 120}), nullptr);
  ASSERT_NE(windows.StateWindowOf(hash, key, {95, 140}), nullptr);
  windows.Retire(hash, key, {95, 140});
  EXPECT_EQ(windows.StateWindowOf(hash, key, {95, 140}), nullptr);
  EXPECT_EQ(backend.tables()[0].table->size(), 0u);
}

TEST(MergingWindows, APlanChangesNothing) {
  KeyedStateBackend backend{TaskInformation()};
  MergingWindows<std::int64_t, TimeWindow> windows(backend);
  const std::int64_t key = 7;
  const std::uint64_t hash = StableHash(key);
  EXPECT_EQ(windows.Plan(hash, key, {100, 110}).window, (TimeWindow{100, 110}));
  EXPECT_EQ(backend.tables()[0].table->size(), 0u);
  windows.Commit(hash, key);
  EXPECT_TRUE(windows.Plan(hash, key, {105, 120}).changed);
  EXPECT_EQ(windows.Plan(hash, key, {130, 140}).window, (TimeWindow{130, 140}));
  EXPECT_NE(windows.StateWindowOf(hash, key, {100, 110}), nullptr);
  EXPECT_EQ(windows.StateWindowOf(hash, key, {130, 140}), nullptr);
}

// values and timestamps alike, after an evictor.
template <class Evictor>
std::vector<std::int64_t> Left(std::vector<std::int64_t> values, Evictor evictor, bool after) {
  EvictableElements<std::int64_t> elements;
  for (const std::int64_t& value : values) elements.Add(value, value);
  if (after) {
    evictor.EvictAfter(elements, TimeWindow());
  } else {
    evictor.EvictBefore(elements, TimeWindow());
  }
  std::vector<std::int64_t> left;
  for (std::size_t i = 0; i < elements.size(); ++i) left.push_back(elements[i]);
  EXPECT_EQ(elements.removed(), left.size() != values.size());
  return left;
}

TEST(Evictors, LeaveWhatTheyShall) {
  using Values = std::vector<std::int64_t>;
  const auto delta = [](std::int64_t a, std::int64_t b) { return static_cast<double>(b - a); };
  EXPECT_EQ(Left({1, 2, 3}, CountEvictor::Of(2), false), (Values{2, 3}));
  EXPECT_EQ(Left({1, 2, 3}, CountEvictor::Of(3), false), (Values{1, 2, 3}));
  EXPECT_EQ(Left({1, 2, 3}, CountEvictor::Of(0), false), Values());
  EXPECT_EQ(Left({1, 2, 3}, CountEvictor::Of(2), true), (Values{1, 2, 3}));
  EXPECT_EQ(Left({1, 2, 3}, CountEvictor::Of(2, EvictWhen::kAfter), false), (Values{1, 2, 3}));
  EXPECT_EQ(Left({1, 2, 3}, CountEvictor::Of(2, EvictWhen::kAfter), true), (Values{2, 3}));
  EXPECT_EQ(Left({1, 9, 5, 4}, TimeEvictor::Of(5), false), (Values{9, 5}));
  EXPECT_EQ(Left({1, 9, 5}, TimeEvictor::Of(0), false), Values());
  EXPECT_EQ(Left({}, TimeEvictor::Of(0), false), Values());
  EXPECT_EQ(Left({kNoTimestamp, 9}, TimeEvictor::Of(5), false), (Values{kNoTimestamp, 9}));
  EXPECT_EQ(Left({1, 4, 9, 7}, DeltaEvictor(3.0, delta), false), (Values{9, 7}));
}

TEST(Assigners, StaggeredWindowsAreShiftedOnce) {
  const auto start_of = [](TumblingEventTimeWindows assigner, WindowAssignerContext context) {
    std::int64_t start_ms = -1;
    assigner.AssignWindows(0, 1'000, context, [&](const TimeWindow& window) {
      start_ms = window.start_ms;
      EXPECT_EQ(window.end_ms - window.start_ms, 100);
    });
    EXPECT_LE(start_ms, 1'000);
    EXPECT_GT(start_ms + 100, 1'000);
    return start_ms;
  };
  const auto staggered = [](WindowStagger stagger) {
    return TumblingEventTimeWindows::Of(100, 0, stagger);
  };
  EXPECT_EQ(start_of(staggered(WindowStagger::kAligned), {30, 1}), 1'000);
  EXPECT_EQ(start_of(staggered(WindowStagger::kNatural), {30, 1}), 930);
  EXPECT_EQ(start_of(staggered(WindowStagger::kRandom), {30, 1}),
            start_of(staggered(WindowStagger::kRandom), {70, 1}));
  EXPECT_NE(start_of(staggered(WindowStagger::kRandom), {30, 1}),
            start_of(staggered(WindowStagger::kRandom), {30, 2}));
  TumblingEventTimeWindows natural = staggered(WindowStagger::kNatural);
  EXPECT_EQ(natural.OffsetMs({30, 0}), 30);
  EXPECT_EQ(natural.OffsetMs({55, 0}), 30);
}

}  // namespace
}  // namespace weir::internal
