// What the path of a record costs beside the user's own work: nothing that grows with the number of
// records. Allocations are counted by a hook; calls across the seams, which are where a virtual
// call, a clock or a shared word of memory could come in, by the fake engine: all per block.
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/async/async_call.h>
#include <weir/internal/batch_channel_type.h>
#include <weir/internal/operators/filter_operator.h>
#include <weir/internal/operators/map_operator.h>
#include <weir/internal/operators/update_operator.h>
#include <weir/internal/partitioners/key_group_writer.h>

#include "tests/unit/sdk/allocation_count.h"
#include "tests/unit/sdk/chain_elements.h"

namespace weir {
namespace {

using internal::Batch;
using internal::BlockCapacity;
using testing::AllocationCount;
using testing::kCountsAllocations;
using testing::OperatorHarness;

struct Order {
  std::int64_t id = 0;
  std::int64_t price = 0;
  std::array<std::int64_t, 8> filler = {};
};
// Text that no small-string optimization holds.
struct Note {
  std::int64_t id = 0;
  std::string text;
};

constexpr std::int64_t kRecords = 1'000'000;

template <class T>
class CountingInput final : public internal::Input<T> {
 public:
  void Push(Batch<T>& block) override {
    ++blocks;
    records += block.size();
  }
  void OnWatermark(internal::Watermark) override {}
  void OnWatermarkStatus(internal::WatermarkStatus) override {}
  std::uint64_t blocks = 0;
  std::uint64_t records = 0;
};

// Feeds records through `head` in full blocks, the first two as a warm-up; returns the allocations
// after that.
template <class T, class Fill>
std::uint64_t Feed(testing::FakeChainContext& chain, internal::Input<T>& head, const Fill& fill,
                   std::uint64_t& entered) {
  chain.entered.reserve(64);
  Batch<T> block(BlockCapacity<T>());
  std::uint64_t before = 0;
  std::int64_t next = 0;
  for (int turn = 0; next < kRecords; ++turn) {
    if (turn == 2) before = AllocationCount();
    block.Clear();
    while (!block.full()) fill(next++, block.Next(0));
    head.Push(block);
    entered += chain.entered.size();
    chain.entered.clear();
  }
  return AllocationCount() - before;
}

TEST(HotPath, AChainCostsNothingPerRecordButTheUsersFunctions) {
  OperatorHarness harness;
  CountingInput<Order> end;
  const auto dear = [](const Order& order) { return order.price > 100; };
  const auto double_price = [](const Order& order) {
    Order twice = order;
    twice.price *= 2;
    return twice;
  };
  const auto add_one = [](Order& order) { ++order.price; };
  internal::FilterOperator<Order, decltype(dear)> filter(harness.context(), dear, end);
  internal::MapOperator<Order, Order, decltype(double_price)> map(harness.context(), double_price,
                                                                  filter);
  internal::UpdateOperator<Order, decltype(add_one)> update(harness.context(), add_one, map);
  std::uint64_t entered = 0;
  const std::uint64_t allocations = Feed<Order>(
      harness.chain, update,
      [](std::int64_t i, Order& order) { order = {.id = i, .price = i % 1000}; }, entered);
  EXPECT_GT(end.records, kRecords / 2u);
  EXPECT_LE(end.blocks, kRecords / BlockCapacity<Order>() + 1);
  EXPECT_LE(entered, 3 * (kRecords / BlockCapacity<Order>() + 1));
  if (kCountsAllocations) {
    EXPECT_EQ(allocations, 0u);
  }
}

TEST(HotPath, StringsKeepTheirMemoryThroughUpdateAndMapInto) {
  OperatorHarness harness;
  CountingInput<Note> end;
  const auto copy = [](const Note& in, Note& out) {
    out.id = in.id;
    out.text.assign(in.text);
  };
  const auto change = [](Note& note) { note.text[0] = 'x'; };
  internal::MapIntoOperator<Note, Note, decltype(copy)> map(harness.context(), copy, end);
  internal::UpdateOperator<Note, decltype(change)> update(harness.context(), change, map);
  std::uint64_t entered = 0;
  const std::uint64_t allocations = Feed<Note>(
      harness.chain, update,
      [](std::int64_t i, Note& note) {
        note.id = i;
        note.text.assign(40, static_cast<char>('a' + i % 26));
      },
      entered);
  EXPECT_GE(end.records, static_cast<std::uint64_t>(kRecords));
  if (kCountsAllocations) {
    EXPECT_EQ(allocations, 0u);
  }
}

// A channel that gives every batch back, and the bytes that one between processes would carry.
class RecyclingContext {
 public:
  explicit RecyclingContext(std::uint32_t channels) : chain({channels}) {}
  // As the receiver does. Allocates only while the number of batches under way still grows.
  void Deliver(const internal::ChannelType& type) {
    for (auto& channel : chain.outputs[0]) {
      while (!channel->written.empty()) {
        auto batch = std::get<0>(std::move(channel->written.front()));
        channel->written.pop_front();
        if (target == nullptr) target = type.NewBatch(internal::kMaximumBatchCapacity);
        std::size_t used = 0;
        for (std::uint32_t from = 0; from < batch->size();) {
          from = type.Encode(*batch, from, 32 * 1024, bytes, used);
        }
        target->Clear();
        const auto decoded = type.Decode(std::span(bytes).first(used), *target);
        ASSERT_TRUE(decoded.ok());
        received += target->size();
        batch->Clear();
        channel->recycled.push_back(std::move(batch));
      }
    }
  }
  testing::FakeChainContext chain;
  std::unique_ptr<internal::AnyBatch> target;
  std::vector<std::byte> bytes;
  std::uint64_t received = 0;
};

TEST(HotPath, KeyByAndTheWayThroughBytesReuseTheirMemory) {
  const auto key = [](const Order& order) { return order.id; };
  const internal::BatchChannelType<Order, decltype(key)> type(key);
  RecyclingContext context(4);
  internal::ChainFailure failure;
  internal::KeyGroupWriter<Order, decltype(key)> writer({&context.chain, &failure, 0}, 0, key, 128);
  Batch<Order> block(BlockCapacity<Order>());
  std::uint64_t before = 0;
  constexpr std::int64_t kWarmUp = 100'000;
  for (std::int64_t next = 0; next < kRecords;) {
    if (before == 0 && next > kWarmUp) before = AllocationCount();
    block.Clear();
    for (; !block.full(); ++next) block.Next(next) = {.id = next, .price = 1};
    writer.Push(block);
    context.Deliver(type);
    context.chain.entered.clear();
  }
  EXPECT_GT(context.received, kRecords - 4u * internal::kMaximumBatchCapacity);
  // The queue of the fake channel is a deque, which allocates now and then: far from each batch.
  if (kCountsAllocations) {
    EXPECT_LT(AllocationCount() - before, kRecords / 1000u);
  }
}

TEST(HotPath, AnAsyncCallThatHasEndedGoesWithoutAnAllocation) {
  const auto mailbox =
      std::make_shared<internal::AsyncMailbox<int>>(std::make_shared<testing::FakeAvailability>());
  auto call = std::make_shared<internal::AsyncCall<int>>(mailbox, 0, 1);
  ASSERT_TRUE(call->End({7}, Status::Ok()));
  const std::uint64_t before = AllocationCount();
  call.reset();
  EXPECT_EQ(AllocationCount() - before, 0u) << "no text of an error that nobody gets";
  EXPECT_EQ(mailbox->TakeAll().size(), 1u);
}

}  // namespace
}  // namespace weir
