// Snippets of docs/guide/sources.md.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/internal/testing/fake_chain_context.h>

#include "tests/guide/order.h"

namespace {

// Lies elsewhere: what each shop has sold, in the order of time.
using Journals = std::map<std::string, std::vector<Order>>;

// [split]
// A shop's journal, of which the first `next` orders are read.
struct JournalSplit {
  std::string shop;
  std::uint64_t next = 0;
};
WEIR_FIELDS(JournalSplit, shop, next)

struct UnassignedJournals {
  std::vector<JournalSplit> splits;
};
WEIR_FIELDS(UnassignedJournals, splits)
// [/split]

// [enumerator]
class JournalEnumerator final : public weir::SplitEnumerator<JournalSplit, UnassignedJournals> {
 public:
  explicit JournalEnumerator(const Journals* journals) : journals_(journals) {}

  weir::Status Start(weir::SplitEnumeratorContext<JournalSplit>& context,
                     std::optional<UnassignedJournals> restored) override {
    context_ = &context;
    if (restored) {
      unassigned_ = *std::move(restored);
    } else {
      for (const auto& [shop, orders] : *journals_) unassigned_.splits.push_back({shop, 0});
    }
    return weir::Status::Ok();
  }
  void AddReader(std::uint32_t) override {}  // a reader asks when it has nothing to read
  void HandleSplitRequest(std::uint32_t reader) override {
    if (unassigned_.splits.empty()) return context_->SignalNoMoreSplits(reader);
    context_->AssignSplits(reader, {unassigned_.splits.back()});
    unassigned_.splits.pop_back();
  }
  void AddSplitsBack(std::vector<JournalSplit> splits, std::uint32_t) override {
    unassigned_.splits.insert(unassigned_.splits.end(), splits.begin(), splits.end());
  }
  weir::Result<UnassignedJournals> Snapshot(std::uint64_t) override { return unassigned_; }

 private:
  const Journals* const journals_;
  weir::SplitEnumeratorContext<JournalSplit>* context_ = nullptr;
  UnassignedJournals unassigned_;
};
// [/enumerator]

// [reader]
class JournalReader final : public weir::SourceReader<Order, JournalSplit> {
 public:
  explicit JournalReader(const Journals* journals) : journals_(journals) {}

  weir::Status Open(weir::SourceReaderContext& context) override {
    context_ = &context;
    context.RequestSplit();
    return weir::Status::Ok();
  }
  weir::Status AddSplits(std::vector<JournalSplit> splits) override {
    for (JournalSplit& split : splits) {
      reading_.push_back({std::move(split), context_->CreateSplitOutput()});
    }
    context_->availability()->NotifyAvailable();
    return weir::Status::Ok();
  }
  void NoMoreSplits() override {
    no_more_splits_ = true;
    context_->availability()->NotifyAvailable();
  }
  // Must not wait: where nothing is there it says so, and NotifyAvailable() when that changes.
  weir::Result<weir::ReadStatus> Read(weir::SourceOutput<Order>& output) override {
    while (!reading_.empty()) {
      auto& [split, split_output] = reading_.front();
      const std::vector<Order>& orders = journals_->at(split.shop);
      output.Select(split_output);  // each journal has a watermark of its own
      while (split.next < orders.size() && !output.full()) {
        output.Collect(orders[split.next], orders[split.next].time_ms);
        ++split.next;
      }
      if (split.next < orders.size()) return weir::ReadStatus::kMoreAvailable;
      context_->ReleaseSplitOutput(split_output);
      reading_.erase(reading_.begin());
      if (reading_.empty() && !no_more_splits_) context_->RequestSplit();
    }
    return no_more_splits_ ? weir::ReadStatus::kEndOfInput : weir::ReadStatus::kNothingAvailable;
  }
  // Called between two Read(): so `next` is behind the last order that has gone on.
  std::vector<JournalSplit> Snapshot(std::uint64_t) override {
    std::vector<JournalSplit> splits;
    for (const Reading& each : reading_) splits.push_back(each.split);
    return splits;
  }

 private:
  struct Reading {
    JournalSplit split;
    std::uint32_t split_output = 0;
  };

  const Journals* const journals_;
  weir::SourceReaderContext* context_ = nullptr;
  std::vector<Reading> reading_;  // one after the other
  bool no_more_splits_ = false;
};
// [/reader]

// [source]
class JournalSource {
 public:
  using Record = Order;
  using Split = JournalSplit;
  using EnumeratorState = UnassignedJournals;

  explicit JournalSource(const Journals* journals) : journals_(journals) {}
  bool bounded() const { return true; }
  std::string name() const { return "Journals"; }
  std::unique_ptr<JournalEnumerator> CreateEnumerator() const {
    return std::make_unique<JournalEnumerator>(journals_);
  }
  std::unique_ptr<JournalReader> CreateReader() const {
    return std::make_unique<JournalReader>(journals_);
  }

 private:
  const Journals* journals_;
};
// [/source]

const Journals kJournals = {{"north", {{"ann", 1, 1'000}, {"bob", 2, 90'000}}},
                            {"south", {{"ann", 4, 2'000}, {"cat", 8, 3'000}, {"ann", 16, 4'000}}},
                            {"west", {}}};

TEST(GuideSourcesTest, EachOrderOfEachJournalComesOnce) {
  const char* const program = "guide";
  weir::StreamExecutionEnvironment env(1, &program);
  env.SetParallelism(2);
  const Journals* const journals = &kJournals;
  // [use]
  const auto orders = env.FromSource(
      JournalSource(journals), weir::WatermarkStrategy<Order>::ForMonotonousTimestamps(), "sales");
  // [/use]
  auto cents = orders.Map([](const Order& order) { return order.cents; }).ExecuteAndCollect();
  ASSERT_TRUE(cents.ok()) << cents.status().ToString();
  std::sort(cents->begin(), cents->end());
  EXPECT_EQ(*cents, (std::vector<std::int64_t>{1, 2, 4, 8, 16}));
}

class ReaderAlone final : public weir::SourceReaderContext, public weir::internal::Availability {
 public:
  weir::RuntimeContext& runtime() override { return runtime_; }
  std::shared_ptr<weir::internal::Availability> availability() override {
    return {std::shared_ptr<void>(), this};
  }
  void NotifyAvailable() override {}
  void RequestSplit() override { ++requests; }
  std::uint32_t CreateSplitOutput() override { return ++outputs; }
  void ReleaseSplitOutput(std::uint32_t) override { --outputs; }

  int requests = 0;
  std::uint32_t outputs = 0;

 private:
  weir::testing::FakeRuntimeContext runtime_;
};

TEST(GuideSourcesTest, ARestoredReaderGoesOnBehindTheLastOrder) {
  ReaderAlone context;
  std::vector<JournalSplit> kept;
  {
    JournalReader reader(&kJournals);
    ASSERT_TRUE(reader.Open(context).ok());
    ASSERT_TRUE(reader.AddSplits({{"south", 0}}).ok());
    weir::internal::Batch<Order> block(2);
    weir::SourceOutput<Order> output(block);
    EXPECT_EQ(reader.Read(output).value(), weir::ReadStatus::kMoreAvailable);
    kept = reader.Snapshot(1);
  }
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].next, 2u);
  JournalReader reader(&kJournals);
  ASSERT_TRUE(reader.Open(context).ok());
  ASSERT_TRUE(reader.AddSplits(kept).ok());
  reader.NoMoreSplits();
  weir::internal::Batch<Order> block(2);
  weir::SourceOutput<Order> output(block);
  EXPECT_EQ(reader.Read(output).value(), weir::ReadStatus::kEndOfInput);
  ASSERT_EQ(block.size(), 1u);
  EXPECT_EQ(block[0].cents, 16);
}

}  // namespace
