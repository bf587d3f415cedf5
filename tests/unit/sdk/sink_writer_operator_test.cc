#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/internal/operators/sink_writer_operator.h>

#include "tests/unit/sdk/chain_elements.h"
#include "tests/unit/sdk/collecting_sink.h"

namespace weir {
namespace {

using testing::Collected;
using testing::CollectingSink;
using testing::MakeBatch;
using testing::OperatorHarness;

class SinkWriterOperatorTest : public ::testing::Test {
 protected:
  SinkWriterOperatorTest() { EXPECT_TRUE(op_.Open().ok()); }
  void Push(int first, int count) {
    std::vector<int> numbers;
    for (int i = 0; i < count; ++i) numbers.push_back(first + i);
    auto batch = MakeBatch(numbers);
    op_.PushBatch(*batch);
  }
  void ExpectInOrder(int count) {
    ASSERT_EQ(collected_->records.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) ASSERT_EQ(collected_->records[i], i);
  }

  std::shared_ptr<Collected<int>> collected_ = std::make_shared<Collected<int>>();
  OperatorHarness harness_;
  internal::SinkWriterOperator<CollectingSink<int>> op_{harness_.context(),
                                                        CollectingSink<int>(collected_)};
};

TEST_F(SinkWriterOperatorTest, WritesThrough) {
  Push(0, 10);
  EXPECT_TRUE(*op_.Drain());
  ExpectInOrder(10);
  EXPECT_EQ(harness_.chain.entered.size(), 1u);
}

TEST_F(SinkWriterOperatorTest, KeepsWhatTheWriterDoesNotTake) {
  collected_->accept_in_a_row = 3;
  Push(0, 8);
  EXPECT_EQ(collected_->records.size(), 3u);
  EXPECT_FALSE(*op_.Drain());
  EXPECT_EQ(collected_->records.size(), 6u);
  Push(8, 2);  // goes behind what waits
  EXPECT_FALSE(*op_.Drain());
  EXPECT_EQ(collected_->records.size(), 9u);
  EXPECT_TRUE(*op_.Drain());
  ExpectInOrder(10);
  EXPECT_EQ(harness_.chain.parked, 0);
}

TEST_F(SinkWriterOperatorTest, ParksWhenOneCallOverflowsWhatMayWait) {
  collected_->accept_in_a_row = 5;
  for (int i = 0; i < 10; ++i) Push(i * 1000, 1000);
  EXPECT_GT(harness_.chain.parked, 0);
  while (!*op_.Drain()) {
  }
  ExpectInOrder(10'000);
}

TEST_F(SinkWriterOperatorTest, AfterACancelRecordsAreDropped) {
  collected_->accept_in_a_row = 5;
  harness_.chain.is_canceled = true;
  for (int i = 0; i < 10; ++i) Push(i * 1000, 1000);
  EXPECT_LT(collected_->records.size(), 100u);
}

TEST_F(SinkWriterOperatorTest, FinishDrainsAndFlushesWithoutWaiting) {
  collected_->accept_in_a_row = 4;
  collected_->flushes_needed = 2;
  Push(0, 6);
  int calls = 1;
  while (!*op_.Finish()) ++calls;
  EXPECT_EQ(calls, 3);
  ExpectInOrder(6);
  EXPECT_TRUE(op_.Close().ok());
  EXPECT_EQ(collected_->closed, 1);
}

// Counts blocks; fails on a negative record.
class BlockSink {
 public:
  using Record = int;
  explicit BlockSink(int* blocks) : blocks_(blocks) {}
  class Writer final : public SinkWriter<int> {
   public:
    explicit Writer(int* blocks) : blocks_(blocks) {}
    Status Open(SinkWriterContext&) override { return Status::Ok(); }
    Result<WriteStatus> Write(int& record, std::int64_t) override {
      if (record < 0) return Status::IoError("the disk is full");
      return WriteStatus::kAccepted;
    }
    Status EndBlock() {
      ++*blocks_;
      return Status::Ok();
    }
    Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }

   private:
    int* blocks_;
  };
  std::string name() const { return "Block"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(blocks_); }

 private:
  int* blocks_;
};

TEST(SinkWriterOperator, TellsTheWriterOfEachBlockAndReportsItsErrors) {
  int blocks = 0;
  OperatorHarness harness;
  internal::SinkWriterOperator<BlockSink> op(harness.context(), BlockSink(&blocks));
  auto good = MakeBatch<int>({1, 2, 3});
  op.PushBatch(*good);
  op.PushBatch(*good);
  EXPECT_EQ(blocks, 2);
  auto bad = MakeBatch<int>({1, -1, 3});
  op.PushBatch(*bad);
  EXPECT_EQ(harness.failure.status().message(), "the disk is full");
}

// Fails on a thread of its own, as it were.
struct FailingSink {
  using Record = int;
  class Writer final : public SinkWriter<int> {
   public:
    explicit Writer(const Status* failure) : failure_(failure) {}
    Status Open(SinkWriterContext&) override { return Status::Ok(); }
    Result<WriteStatus> Write(int&, std::int64_t) override { return WriteStatus::kAccepted; }
    Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }
    Status Failure() { return *failure_; }

   private:
    const Status* failure_;
  };
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(failure); }
  const Status* failure;
};

TEST(SinkWriterOperator, HearsOfAFailureWhileNoRecordsCome) {
  Status failure;
  OperatorHarness harness;
  internal::SinkWriterOperator<FailingSink> op(harness.context(), FailingSink{&failure});
  EXPECT_TRUE(*op.Drain());
  failure = Status::IoError("the disk is gone");
  EXPECT_EQ(op.Drain().status(), failure);
}

// Keeps the ids that writers were given.
struct IdSink {
  using Record = std::int64_t;
  class Writer final : public SinkWriter<std::int64_t> {
   public:
    explicit Writer(std::vector<std::string>* ids) : ids_(ids) {}
    Status Open(SinkWriterContext& context) override {
      ids_->emplace_back(context.operator_id());
      return Status::Ok();
    }
    Result<WriteStatus> Write(std::int64_t&, std::int64_t) override {
      return WriteStatus::kAccepted;
    }
    Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }

   private:
    std::vector<std::string>* ids_;
  };
  std::string name() const { return "Id"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(ids); }
  std::vector<std::string>* ids;
};

TEST(SinkWriterOperator, EachSinkOfAJobHasAnIdThatAttemptsShare) {
  std::vector<std::string> ids;
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  auto numbers = env.FromSequence(1, 2);
  numbers.SinkTo(IdSink{&ids});
  numbers.SinkTo(IdSink{&ids}).Uid("second");
  const auto job = env.Compile();
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  for (int attempt = 0; attempt < 2; ++attempt) {
    testing::FakeChainContext context;
    ASSERT_TRUE((*job)->CreateChain(0, context)->Open().ok());
  }
  ASSERT_EQ(ids.size(), 4u);
  EXPECT_EQ(ids[0].size(), 32u);
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_EQ(ids[1], ids[3]);
}

// Takes at most three records of a block at a time; Write() is an error.
class WholeBlockSink {
 public:
  using Record = int;
  explicit WholeBlockSink(std::vector<std::int64_t>* taken) : taken_(taken) {}
  class Writer final : public SinkWriter<int> {
   public:
    explicit Writer(std::vector<std::int64_t>* taken) : taken_(taken) {}
    Status Open(SinkWriterContext&) override { return Status::Ok(); }
    Result<WriteStatus> Write(int&, std::int64_t) override {
      return Status::Internal("a record by itself");
    }
    Result<std::uint32_t> WriteBlock(std::span<int> records,
                                     std::span<const std::int64_t> timestamps_ms) {
      const std::size_t count = std::min<std::size_t>(records.size(), 3);
      for (std::size_t i = 0; i < count; ++i) {
        if (records[i] < 0) return Status::IoError("the disk is full");
        taken_->push_back(records[i] * 1000 + timestamps_ms[i]);
      }
      return static_cast<std::uint32_t>(count);
    }
    Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }

   private:
    std::vector<std::int64_t>* taken_;
  };
  std::string name() const { return "WholeBlock"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(taken_); }

 private:
  std::vector<std::int64_t>* taken_;
};

TEST(SinkWriterOperator, GivesWholeBlocksToAWriterThatTakesThem) {
  std::vector<std::int64_t> taken;
  OperatorHarness harness;
  internal::SinkWriterOperator<WholeBlockSink> op(harness.context(), WholeBlockSink(&taken));
  auto batch = MakeBatch<int>({1, 2, 3, 4, 5, 6, 7});
  for (std::uint32_t i = 0; i < batch->size(); ++i) batch->timestamp(i) = i;
  op.PushBatch(*batch);
  EXPECT_EQ(taken.size(), 3u) << "the rest waits";
  EXPECT_FALSE(*op.Drain());
  EXPECT_TRUE(*op.Drain());
  EXPECT_EQ(taken, (std::vector<std::int64_t>{1000, 2001, 3002, 4003, 5004, 6005, 7006}));
  auto bad = MakeBatch<int>({-1});
  op.PushBatch(*bad);
  EXPECT_EQ(harness.failure.status().message(), "the disk is full");
}

}  // namespace
}  // namespace weir
