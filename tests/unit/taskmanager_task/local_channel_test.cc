#include "taskmanager/task/local_channel.h"

#include <memory>
#include <thread>

#include <gtest/gtest.h>

#include "taskmanager/task/output_queue.h"
#include "tests/unit/taskmanager_task/test_chain.h"

namespace weir::task {
namespace {

using internal::Barrier;
using internal::Watermark;
using internal::WatermarkStatus;

class LocalChannelTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kCredits = 3;
  static constexpr std::uint32_t kOverdraft = 2;

  std::shared_ptr<WakeSignal> consumer_wake_ = std::make_shared<WakeSignal>();
  std::shared_ptr<WakeSignal> producer_wake_ = std::make_shared<WakeSignal>();
  std::shared_ptr<TaskMailbox> consumer_ = std::make_shared<TaskMailbox>(consumer_wake_);
  std::shared_ptr<TaskMailbox> producer_ = std::make_shared<TaskMailbox>(producer_wake_);
  std::shared_ptr<ReadyList> ready_ = std::make_shared<ReadyList>(1, consumer_);
  LocalChannel channel_{kCredits, kOverdraft, ready_, 0, producer_};

  static std::unique_ptr<Numbers> BatchOf(Number number) {
    auto batch = std::make_unique<Numbers>(1);
    batch->Next(0) = number;
    return batch;
  }
};

TEST_F(LocalChannelTest, CreditsBoundTheBatchesAndTheWaitingProducerIsWoken) {
  for (Number n = 0; n < kCredits; ++n) {
    ASSERT_TRUE(channel_.HasCredit());
    channel_.Push(BatchOf(n));
  }
  EXPECT_EQ(channel_.BatchesUnderWay(), kCredits);
  InputElement element;
  // Nobody has asked for credit yet: nobody is woken.
  ASSERT_TRUE(channel_.Pop(element));
  EXPECT_FALSE(producer_->TakeNotified());
  channel_.Push(BatchOf(3));
  EXPECT_FALSE(channel_.HasCredit());
  ASSERT_TRUE(channel_.Pop(element));
  EXPECT_TRUE(producer_->TakeNotified());
  EXPECT_TRUE(producer_wake_->raised());
  ASSERT_TRUE(channel_.Pop(element));
  EXPECT_FALSE(producer_->TakeNotified()) << "once";
  EXPECT_TRUE(channel_.HasCredit());
}

TEST_F(LocalChannelTest, ControlElementsNeedNoCreditAndKeepTheirPlace) {
  for (Number n = 0; n < kCredits; ++n) channel_.Push(BatchOf(n));
  EXPECT_FALSE(channel_.HasCredit());
  ASSERT_TRUE(channel_.HasControlRoom());
  channel_.PushControl(Watermark{5});
  InputElement element;
  for (Number n = 0; n < kCredits; ++n) {
    ASSERT_TRUE(channel_.Pop(element));
    ASSERT_NE(element.batch, nullptr);
    EXPECT_EQ((static_cast<Numbers&>(*element.batch))[0], n);
  }
  ASSERT_TRUE(channel_.Pop(element));
  EXPECT_EQ(element.batch, nullptr);
  EXPECT_EQ(std::get<Watermark>(element.control).timestamp_ms, 5);
  EXPECT_FALSE(channel_.Pop(element));
}

TEST_F(LocalChannelTest, EmptiedBatchesGoBackToTheSender) {
  EXPECT_EQ(channel_.TakeRecycled(), nullptr);
  auto batch = BatchOf(1);
  const internal::AnyBatch* address = batch.get();
  channel_.Push(std::move(batch));
  InputElement element;
  ASSERT_TRUE(channel_.Pop(element));
  channel_.Recycle(std::move(element.batch));
  EXPECT_EQ(channel_.TakeRecycled().get(), address);
  EXPECT_EQ(channel_.TakeRecycled(), nullptr);
  // More than fit are freed, not kept.
  int kept = 0;
  for (int i = 0; i < 100; ++i) channel_.Recycle(BatchOf(1));
  while (channel_.TakeRecycled() != nullptr) ++kept;
  EXPECT_EQ(kept, static_cast<int>(kCredits + kOverdraft + 3));
}

TEST_F(LocalChannelTest, AConsumerThatListsTheChannelIsNotWokenAgain) {
  channel_.Push(BatchOf(1));
  EXPECT_TRUE(consumer_->TakeNotified());
  channel_.Push(BatchOf(2));
  EXPECT_FALSE(consumer_->TakeNotified());
  EXPECT_EQ(ready_->Take(), 0U);
  EXPECT_EQ(ready_->Take(), std::nullopt) << "listed once";
  ready_->Release(0);
  channel_.Push(BatchOf(3));
  EXPECT_TRUE(consumer_->TakeNotified());
}

// Producer and consumer sleep whenever they find nothing to do: a lost wake-up would hang the test.
TEST_F(LocalChannelTest, TwoThreadsThatSleepMissNoWakeUp) {
  constexpr Number kCount = 30'000;
  std::thread sender([&] {
    for (Number n = 0; n < kCount; ++n) {
      producer_wake_->Clear();
      while (!channel_.HasCredit()) {
        producer_wake_->Wait(0, -1);
        producer_wake_->Clear();
      }
      channel_.Push(BatchOf(n));
    }
  });
  Number expected = 0;
  while (expected < kCount) {
    consumer_wake_->Clear();
    const auto index = ready_->Take();
    if (!index) {
      consumer_wake_->Wait(0, -1);
      continue;
    }
    InputElement element;
    while (channel_.Pop(element)) {
      ASSERT_EQ((static_cast<Numbers&>(*element.batch))[0], expected);
      ++expected;
    }
    ready_->Release(0);
    if (channel_.HasElement()) ready_->Signal(0);
  }
  sender.join();
}

TEST(ReadyListTest, ChannelsTakeTurns) {
  const auto mailbox = std::make_shared<TaskMailbox>(std::make_shared<WakeSignal>());
  ReadyList list(3, mailbox);
  list.Signal(2);
  list.Signal(0);
  list.Signal(2);
  EXPECT_EQ(list.Take(), 2U);
  list.Requeue(2);
  list.Signal(1);
  EXPECT_EQ(list.Take(), 0U);
  EXPECT_EQ(list.Take(), 2U);
  EXPECT_EQ(list.Take(), 1U);
  EXPECT_EQ(list.Take(), std::nullopt);
}

TEST(OutputQueueTest, WatermarksAndStatusesMergeBetweenBatches) {
  const auto batch = [] {
    auto numbers = std::make_unique<Numbers>(4);
    numbers->Next(0) = 1;
    return numbers;
  };
  OutputQueue queue;
  queue.PushControl(Watermark{1});
  queue.PushControl(WatermarkStatus{true});
  queue.PushControl(Watermark{2});
  queue.PushControl(WatermarkStatus{false});
  queue.PushBatch(batch());
  queue.PushControl(Watermark{3});
  queue.PushControl(Barrier{.checkpoint_id = 1});
  queue.PushControl(Watermark{4});
  queue.PushControl(Watermark{5});
  queue.PushControl(internal::EndOfInput{});
  EXPECT_EQ(queue.batch_count(), 1U);
  EXPECT_EQ(queue.record_count(), 1U);

  const std::vector<internal::ControlElement> expected = {Watermark{2}, WatermarkStatus{false},
                                                          Watermark{3}, Barrier{.checkpoint_id = 1},
                                                          Watermark{5}, internal::EndOfInput{}};
  std::vector<internal::ControlElement> controls;
  while (!queue.empty()) {
    const internal::ControlElement control = queue.front().control;
    if (queue.PopFront() == nullptr) controls.push_back(control);
  }
  EXPECT_EQ(controls, expected);
  EXPECT_EQ(queue.batch_count(), 0U);
  EXPECT_EQ(queue.record_count(), 0U);
}

}  // namespace
}  // namespace weir::task
