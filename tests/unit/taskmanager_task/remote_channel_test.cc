#include <memory>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "taskmanager/task/remote_input_channel.h"
#include "taskmanager/task/remote_output_channel.h"
#include "taskmanager/task/task_outputs.h"
#include "tests/unit/taskmanager_task/memory_data_plane.h"
#include "tests/unit/taskmanager_task/string_channel_type.h"

namespace weir::task {
namespace {

using internal::Watermark;
using network::kBufferSize;
using testing::ElementsAre;
using testing::HasSubstr;

// A task that must not be parked: credits are given by the test.
class StandingHost final : public OutputHost {
 public:
  bool dropping() const override { return drops; }
  void WaitForRoom(QueuedOutputChannel&) override { ++waits; }
  void AfterWrite() override {}
  void FailTask(Status status) override { failure = std::move(status); }

  bool drops = false;
  int waits = 0;
  Status failure;
};

class RemoteChannelTest : public testing::Test {
 protected:
  static constexpr std::size_t kMaximumRecord = 200'000;

  RemoteChannelTest() : wire_(std::make_shared<MemoryChannel>()) {
    outputs_ = std::make_unique<TaskOutputs>(host_, 1000);
    std::vector<std::unique_ptr<QueuedOutputChannel>> channels;
    channels.push_back(std::make_unique<RemoteOutputChannel>(
        *outputs_, type_, std::make_unique<MemorySender>(wire_), kMaximumRecord, "channel 5"));
    outputs_->AddOutput(std::move(channels));
    input_ = std::make_unique<RemoteInputChannel>(std::make_shared<BatchPool>(type_, 16),
                                                  std::make_unique<MemoryReceiver>(wire_),
                                                  kMaximumRecord, "channel 5", bytes_in_);
  }

  QueuedOutputChannel& output() { return outputs_->channel(0, 0); }

  // Everything that can be read now; watermarks as "W<time>".
  std::vector<std::string> ReadAll() {
    std::vector<std::string> all;
    while (input_->HasElement()) {
      InputElement element;
      const Result<bool> popped = input_->Pop(element);
      if (!popped.ok()) {
        all.push_back(popped.status().ToString());
        return all;
      }
      if (!*popped) continue;
      if (element.batch == nullptr) {
        const auto* watermark = std::get_if<Watermark>(&element.control);
        all.push_back(watermark != nullptr ? "W" + std::to_string(watermark->timestamp_ms) : "end");
        continue;
      }
      auto& batch = static_cast<Strings&>(*element.batch);
      EXPECT_LE(batch.size(), 16U);
      for (std::uint32_t i = 0; i < batch.size(); ++i) all.push_back(batch[i]);
      batch.Clear();
      input_->Recycle(std::move(element.batch));
    }
    return all;
  }

  StringChannelType type_;
  StandingHost host_;
  std::shared_ptr<MemoryChannel> wire_;
  Counter bytes_in_;
  std::unique_ptr<TaskOutputs> outputs_;
  std::unique_ptr<RemoteInputChannel> input_;
};

TEST_F(RemoteChannelTest, WithCreditAFlushSendsWhatIsThere) {
  wire_->credits = 2;
  EXPECT_TRUE(output().HasCredit());
  output().Write(StringChannelType::BatchOf({"one"}));
  output().Write(StringChannelType::BatchOf({"two"}));
  EXPECT_TRUE(wire_->elements.empty()) << "a buffer is filled before it is sent";
  output().Flush();
  EXPECT_EQ(wire_->elements.size(), 1U);
  output().WriteControl(Watermark{7});
  output().WriteControl(internal::EndOfInput{});
  EXPECT_EQ(wire_->credits, 1U);
  EXPECT_TRUE(outputs_->empty());
  EXPECT_THAT(ReadAll(), ElementsAre("one", "two", "W7", "end"));
  EXPECT_TRUE(outputs_->empty());
  EXPECT_EQ(bytes_in_.value(), 14U);
  EXPECT_EQ(outputs_->bytes_out().value(), 14U);
  EXPECT_NE(output().TakeRecycled(), nullptr) << "the encoded batch is filled again";
}

TEST_F(RemoteChannelTest, FullBuffersLeaveWithoutAFlush) {
  wire_->credits = 10;
  const std::string third(kBufferSize / 3, 'x');
  for (int i = 0; i < 4; ++i) output().Write(StringChannelType::BatchOf({third}));
  EXPECT_GE(wire_->elements.size(), 1U);
  output().Flush();
  EXPECT_THAT(ReadAll(), ElementsAre(third, third, third, third));
}

TEST_F(RemoteChannelTest, AWatermarkDoesNotCutABufferAndTheLastOneFollowsIt) {
  wire_->credits = 10;
  output().Write(StringChannelType::BatchOf({"one"}));
  output().WriteControl(Watermark{1});
  output().Write(StringChannelType::BatchOf({"two"}));
  output().WriteControl(Watermark{2});
  EXPECT_TRUE(wire_->elements.empty());
  output().Flush();
  EXPECT_THAT(ReadAll(), ElementsAre("one", "two", "W2"));
  output().WriteControl(Watermark{3});
  EXPECT_THAT(ReadAll(), ElementsAre("W3")) << "nothing stands before it";
}

TEST_F(RemoteChannelTest, OtherControlElementsSendWhatStandsBeforeThem) {
  wire_->credits = 10;
  output().Write(StringChannelType::BatchOf({"one"}));
  output().WriteControl(Watermark{1});
  output().WriteControl(internal::EndOfInput{});
  EXPECT_THAT(ReadAll(), ElementsAre("one", "W1", "end"));
}

TEST_F(RemoteChannelTest, WithoutCreditAFlushWaitsAndIsAnnounced) {
  EXPECT_FALSE(output().HasCredit());
  output().Write(StringChannelType::BatchOf({"one"}));
  output().WriteControl(Watermark{1});
  output().Flush();
  EXPECT_FALSE(outputs_->empty());
  EXPECT_TRUE(outputs_->Drain()) << "an open buffer keeps nobody from taking input";
  EXPECT_GE(wire_->backlog, 1U);
  EXPECT_TRUE(wire_->elements.empty());
  wire_->credits = 1;
  EXPECT_TRUE(outputs_->Drain());
  EXPECT_TRUE(outputs_->empty());
  EXPECT_THAT(ReadAll(), ElementsAre("one", "W1"));
  EXPECT_EQ(wire_->backlog, 0U);
}

TEST_F(RemoteChannelTest, WithoutCreditBatchesWaitBehindAFullBufferInOrder) {
  const std::string full(kBufferSize - 4, 'x');
  output().Write(StringChannelType::BatchOf({full}));
  EXPECT_EQ(outputs_->held_batches(), 0U);
  output().WriteControl(Watermark{1});
  output().Write(StringChannelType::BatchOf({"two"}));
  output().WriteControl(Watermark{2});
  output().Write(StringChannelType::BatchOf({"three"}));
  EXPECT_EQ(outputs_->held_batches(), 2U);
  EXPECT_FALSE(outputs_->Drain());
  EXPECT_GE(wire_->backlog, 2U);
  EXPECT_GE(output().Backlog(), 2U);
  output().Flush();
  wire_->credits = 1;
  EXPECT_TRUE(outputs_->Drain()) << "the batches are in the open buffer now";
  EXPECT_FALSE(outputs_->empty());
  EXPECT_THAT(ReadAll(), ElementsAre(full, "W1"));
  wire_->credits = 1;
  EXPECT_TRUE(outputs_->Drain());
  EXPECT_THAT(ReadAll(), ElementsAre("two", "three", "W2"));
  EXPECT_EQ(wire_->backlog, 0U);
  EXPECT_TRUE(outputs_->empty());
}

TEST_F(RemoteChannelTest, OfManyChannelsOnlySomeKeepTheirBuffersOpen) {
  wire_->credits = 1000;
  TaskOutputs many(host_, 1);
  std::vector<std::unique_ptr<QueuedOutputChannel>> channels;
  for (std::uint32_t i = 0; i < TaskOutputs::kMostOpenBuffers + 5; ++i) {
    channels.push_back(std::make_unique<RemoteOutputChannel>(
        many, type_, std::make_unique<MemorySender>(wire_), kMaximumRecord, "channel"));
  }
  many.AddOutput(std::move(channels));
  for (std::uint32_t i = 0; i < many.channel_count(0); ++i) {
    many.channel(0, i).Write(StringChannelType::BatchOf({"x"}));
  }
  EXPECT_EQ(wire_->elements.size(), 5U);
  EXPECT_EQ(many.open_buffers(), TaskOutputs::kMostOpenBuffers);
  many.channel(0, 0).Flush();
  EXPECT_EQ(many.open_buffers(), TaskOutputs::kMostOpenBuffers - 1);
}

TEST_F(RemoteChannelTest, RecordsLongerThanABufferAreCutAndJoined) {
  const std::string longest(kMaximumRecord - 4, 'x');
  const std::string longer(kBufferSize + 1, 'y');
  wire_->credits = 100;
  output().Write(StringChannelType::BatchOf({"a", longest, "b", longer, "c"}));
  output().Flush();
  EXPECT_TRUE(host_.failure.ok());
  for (const network::Received& received : wire_->elements) {
    EXPECT_LE(std::get<network::Buffer>(received.element).bytes.size(), kBufferSize);
  }
  EXPECT_THAT(ReadAll(), ElementsAre("a", longest, "b", longer, "c"));
}

TEST_F(RemoteChannelTest, APieceOfACutRecordWaitsForCreditToo) {
  const std::string longer(3 * kBufferSize, 'y');
  wire_->credits = 2;
  output().Write(StringChannelType::BatchOf({longer, "after"}));
  EXPECT_EQ(outputs_->held_batches(), 1U) << "the batch counts until its last record is on its way";
  EXPECT_THAT(ReadAll(), testing::IsEmpty());
  wire_->credits = 3;
  EXPECT_TRUE(outputs_->Drain());
  output().Flush();
  EXPECT_THAT(ReadAll(), ElementsAre(longer, "after"));
}

TEST_F(RemoteChannelTest, ARecordAboveTheLimitFailsTheSender) {
  wire_->credits = 100;
  output().Write(StringChannelType::BatchOf({std::string(kMaximumRecord + kBufferSize, 'x')}));
  EXPECT_EQ(host_.failure.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(host_.failure.message(), HasSubstr("channel 5: a record needs more than 200000"));
}

TEST_F(RemoteChannelTest, ARecordAboveTheLimitFailsTheReceiver) {
  for (int i = 0; i < 8; ++i) {
    wire_->elements.push_back({network::Buffer{network::Bytes(kBufferSize), true}});
  }
  EXPECT_THAT(ReadAll().back(), HasSubstr("channel 5: a record needs more than 200000"));
}

TEST_F(RemoteChannelTest, CorruptBytesAreNamedErrors) {
  wire_->elements.push_back({network::Buffer{network::Bytes(3, std::byte{9}), false}});
  EXPECT_THAT(ReadAll(), ElementsAre("CORRUPTION: channel 5: half a length"));
}

TEST_F(RemoteChannelTest, AControlElementInsideARecordIsCorruption) {
  wire_->elements.push_back({network::Buffer{network::Bytes(kBufferSize), true}});
  wire_->elements.push_back({internal::EndOfInput{}});
  EXPECT_THAT(ReadAll().back(), HasSubstr("a control element stands inside a record"));
}

TEST_F(RemoteChannelTest, ADroppingTaskSendsNothing) {
  wire_->credits = 10;
  host_.drops = true;
  output().Write(StringChannelType::BatchOf({"one"}));
  output().WriteControl(Watermark{1});
  output().Flush();
  EXPECT_TRUE(wire_->elements.empty());
  EXPECT_EQ(outputs_->records_out().value(), 0U);
}

TEST_F(RemoteChannelTest, WithAFullOverdraftTheWriterParksFirst) {
  TaskOutputs small(host_, 2);
  std::vector<std::unique_ptr<QueuedOutputChannel>> channels;
  channels.push_back(std::make_unique<RemoteOutputChannel>(
      small, type_, std::make_unique<MemorySender>(wire_), kMaximumRecord, "channel 5"));
  small.AddOutput(std::move(channels));
  small.channel(0, 0).Write(StringChannelType::BatchOf({std::string(kBufferSize - 4, 'x')}));
  for (int i = 0; i < 2; ++i) small.channel(0, 0).Write(StringChannelType::BatchOf({"x"}));
  EXPECT_EQ(host_.waits, 0);
  EXPECT_FALSE(small.HasRoom());
  small.channel(0, 0).Write(StringChannelType::BatchOf({"x"}));
  EXPECT_EQ(host_.waits, 1);
}

TEST_F(RemoteChannelTest, RandomRecordsAndCreditsArriveInOrder) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<std::string> written;
  std::vector<std::string> read;
  for (int i = 0; i < 400; ++i) {
    std::vector<std::string> texts;
    for (int n = 1 + static_cast<int>(random() % 20); n > 0; --n) {
      const std::size_t length = random() % 40 == 0 ? random() % 150'000 : random() % 3000;
      texts.emplace_back(length, static_cast<char>('a' + random() % 26));
    }
    output().Write(StringChannelType::BatchOf(texts));
    written.insert(written.end(), texts.begin(), texts.end());
    if (random() % 3 == 0) {
      output().WriteControl(internal::Barrier{});
      written.push_back("end");
    }
    if (random() % 4 == 0) output().Flush();
    wire_->credits += random() % 4;
    outputs_->Drain();
    if (random() % 2 == 0) {
      const auto now = ReadAll();
      read.insert(read.end(), now.begin(), now.end());
    }
  }
  wire_->credits = 100'000;
  output().Flush();
  EXPECT_TRUE(outputs_->Drain());
  const auto rest = ReadAll();
  read.insert(read.end(), rest.begin(), rest.end());
  EXPECT_EQ(read.size(), written.size());
  EXPECT_TRUE(read == written);
}

}  // namespace
}  // namespace weir::task
