// Windows go on where a snapshot was taken, in the middle of a burst, too: nothing fires twice, and
// nothing is lost.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/state_copy.h"

namespace weir::internal {
namespace {

struct SumOfNumbers {
  std::int64_t CreateAccumulator() const { return 0; }
  void Add(const std::int64_t& number, std::int64_t& sum) const { sum += number; }
  void Merge(std::int64_t& into, const std::int64_t& from) const { into += from; }
  std::int64_t GetResult(const std::int64_t& sum) const { return sum; }
};
struct ItselfAsKey {
  std::int64_t operator()(const std::int64_t& number) const { return number; }
};
template <class Assigner>
using Specification =
    WindowSpecification<std::int64_t, Assigner, EventTimeTrigger, NoEvictor,
                        AggregateAggregation<std::int64_t, std::int64_t, SumOfNumbers>,
                        NoWindowFunction>;

// An operator that is now and then replaced by one with its state.
template <class Assigner, class Operator>
class Restored {
 public:
  Restored(Assigner assigner, std::int64_t lateness_ms, std::uint32_t max_parallelism = 128)
      : specification_{assigner, {}, {}, {SumOfNumbers()}, {}, lateness_ms, {}},
        max_parallelism_(max_parallelism),
        parts_(std::make_unique<Parts>(specification_, max_parallelism)) {
    EXPECT_TRUE(parts_->op.Open().ok());
  }
  void Push(const std::vector<std::int64_t>& numbers, std::int64_t timestamp_ms) {
    for (std::size_t from = 0; from < numbers.size(); from += 500) {
      Batch<std::int64_t> block(500);
      for (std::size_t i = from; i < std::min(numbers.size(), from + 500); ++i) {
        block.Next(timestamp_ms) = numbers[i];
      }
      parts_->op.Push(block);
      parts_->op.keyed_state().Evict();
    }
  }
  // One step's share of what is due.
  void BeginWatermark(std::int64_t watermark_ms) { parts_->op.OnWatermark({watermark_ms}); }
  void Watermark(std::int64_t watermark_ms) {
    BeginWatermark(watermark_ms);
    while (parts_->harness.timers.any_due()) ASSERT_TRUE(parts_->op.FireTimers().ok());
  }
  void Restore() {
    const std::unique_ptr<Parts> before = std::move(parts_);
    parts_ = std::make_unique<Parts>(specification_, max_parallelism_);
    parts_->out.records = before->out.records;
    testing::CopyTables(before->op.keyed_state(), parts_->op.keyed_state());
    ASSERT_TRUE(parts_->op.Open().ok());
  }
  std::vector<std::int64_t> Take() {
    std::vector<std::int64_t> taken = std::exchange(parts_->out.records, {});
    std::sort(taken.begin(), taken.end());
    return taken;
  }
  std::size_t results() const { return parts_->out.records.size(); }
  std::uint64_t state_entries() {
    std::uint64_t entries = 0;
    for (const auto& [name, table] : parts_->op.keyed_state().tables()) {
      // One for each key group that ever fired.
      if (name != "weir.window-progress") entries += table->size();
    }
    return entries;
  }

 private:
  struct Parts {
    Parts(const Specification<Assigner>& specification, std::uint32_t max_parallelism)
        : op(With(max_parallelism), {specification, ItselfAsKey()}, out) {}
    OperatorContext With(std::uint32_t max_parallelism) {
      harness.chain.fake_runtime.information.max_parallelism = max_parallelism;
      return harness.context();
    }
    testing::OperatorHarness harness;
    testing::KeepingInput<std::int64_t> out;
    Operator op;
  };
  Specification<Assigner> specification_;
  const std::uint32_t max_parallelism_;
  std::unique_ptr<Parts> parts_;
};

std::vector<std::int64_t> NumbersTo(std::int64_t end) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < end; ++i) numbers.push_back(i);
  return numbers;
}

template <class Assigner>
using Panes = PaneOperator<std::int64_t, std::int64_t, Specification<Assigner>, ItselfAsKey>;
template <class Assigner>
using Tumbling = TumblingOperator<std::int64_t, std::int64_t, Specification<Assigner>, ItselfAsKey>;

// Windows that end at 10, 20, …; `overlap`: each has the 10 ms before as well.
template <template <class, class, class, class> class Operator, class Assigner>
void GoesOn(Assigner assigner, std::int64_t lateness_ms, bool overlap = false) {
  using Op = Operator<std::int64_t, std::int64_t, Specification<Assigner>, ItselfAsKey>;
  constexpr std::int64_t kKeys = 20'000;
  Restored<Assigner, Op> windows(assigner, lateness_ms);
  const std::vector<std::int64_t> numbers = NumbersTo(kKeys);
  windows.Push(numbers, 5);
  windows.Restore();
  windows.Push({7}, 6);
  windows.BeginWatermark(9);
  EXPECT_LT(windows.results(), numbers.size());  // in the middle of the burst
  EXPECT_GT(windows.results(), 0u);
  windows.Restore();
  windows.Watermark(9);
  std::vector<std::int64_t> expected = numbers;
  expected[7] = 14;
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(windows.Take(), expected);
  windows.Restore();
  windows.Watermark(9);
  EXPECT_EQ(windows.Take(), std::vector<std::int64_t>());
  if (lateness_ms > 0) {
    windows.Push({3}, 8);
    EXPECT_EQ(windows.Take(), (std::vector<std::int64_t>{6}));
  }
  windows.Restore();
  windows.Push({2}, 15);
  windows.BeginWatermark(19);
  windows.Restore();
  windows.Watermark(19);
  expected = {2};
  if (overlap) {
    expected = numbers;
    expected[7] = 14;
    expected[3] = lateness_ms > 0 ? 6 : 3;
    expected[2] = 4;
    std::sort(expected.begin(), expected.end());
  }
  EXPECT_EQ(windows.Take(), expected);
  windows.Restore();
  windows.Watermark(kMaximumWatermark);
  EXPECT_EQ(windows.Take(), overlap ? std::vector<std::int64_t>{2} : std::vector<std::int64_t>());
  EXPECT_EQ(windows.state_entries(), 0u);
}

TEST(WindowRestore, TumblingAggregates) {
  for (const std::int64_t lateness : {0, 100}) {
    GoesOn<TumblingOperator>(TumblingEventTimeWindows::Of(10), lateness);
  }
}
TEST(WindowRestore, SlidingAggregatesOverSharedPanes) {
  for (const std::int64_t lateness : {0, 100}) {
    GoesOn<PaneOperator>(SlidingEventTimeWindows::Of(10, 10), lateness);
    GoesOn<PaneOperator>(SlidingEventTimeWindows::Of(20, 10), lateness, true);
  }
}
TEST(WindowRestore, WindowsWithTimers) {
  for (const std::int64_t lateness : {0, 100}) {
    GoesOn<WindowOperator>(TumblingEventTimeWindows::Of(10), lateness);
  }
}

// Between a restore and the first watermark the operator knows of what has fired by its state.
TEST(WindowRestore, ARecordForAWindowThatHasFiredFiresItAgainAtOnce) {
  Restored<TumblingEventTimeWindows, Tumbling<TumblingEventTimeWindows>> tumbling(
      TumblingEventTimeWindows::Of(10), 50);
  Restored<SlidingEventTimeWindows, Panes<SlidingEventTimeWindows>> sliding(
      SlidingEventTimeWindows::Of(10, 10), 50);
  const auto check = [](auto& windows) {
    windows.Push({1}, 5);
    windows.Watermark(12);
    EXPECT_EQ(windows.Take(), (std::vector<std::int64_t>{1}));
    windows.Restore();
    windows.Push({1}, 6);
    EXPECT_EQ(windows.Take(), (std::vector<std::int64_t>{2}));
    windows.Push({1}, 16);
    windows.Watermark(20);
    EXPECT_EQ(windows.Take(), (std::vector<std::int64_t>{1}));
  };
  check(tumbling);
  check(sliding);
}

TEST(WindowRestore, AWindowThatALateRecordHasFiredDoesNotFireForTheRestoredWatermark) {
  Restored<TumblingEventTimeWindows, Tumbling<TumblingEventTimeWindows>> tumbling(
      TumblingEventTimeWindows::Of(10), 50);
  Restored<SlidingEventTimeWindows, Panes<SlidingEventTimeWindows>> sliding(
      SlidingEventTimeWindows::Of(10, 10), 50);
  const auto check = [](auto& windows) {
    windows.Watermark(12);
    windows.Push({1}, 5);
    EXPECT_EQ(windows.Take(), (std::vector<std::int64_t>{1}));
    windows.Restore();
    windows.Watermark(12);
    EXPECT_EQ(windows.Take(), (std::vector<std::int64_t>()));
    windows.Push({1}, 6);
    EXPECT_EQ(windows.Take(), (std::vector<std::int64_t>{2}));
    windows.Push({1}, 16);
    windows.Watermark(20);
    EXPECT_EQ(windows.Take(), (std::vector<std::int64_t>{1}));
  };
  check(tumbling);
  check(sliding);
}

// The last entries of all go with a step's last share, in front of groups that have none.
TEST(SlidingWindows, FireForAllKeysAfterAllWereRemovedInSteps) {
  for (const std::int64_t keys : {1, 7, 1'000, 1'024, 2'048, 3'000}) {
    SCOPED_TRACE(keys);
    Restored<SlidingEventTimeWindows, Panes<SlidingEventTimeWindows>> windows(
        SlidingEventTimeWindows::Of(10, 5), 100, 4'096);
    const std::vector<std::int64_t> numbers = NumbersTo(keys);
    windows.Push(numbers, 5);
    windows.Watermark(20);
    EXPECT_EQ(windows.Take().size(), 2 * numbers.size());
    windows.Watermark(200);
    EXPECT_EQ(windows.state_entries(), 0u);
    windows.Push(numbers, 205);
    windows.Watermark(210);
    EXPECT_EQ(windows.Take(), numbers);
    windows.Watermark(220);
    EXPECT_EQ(windows.Take(), numbers);
  }
}

}  // namespace
}  // namespace weir::internal
