#include "taskmanager/network/frame.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/hex.h"
#include "common/text.h"
#include "taskmanager/network/byte_channel.h"
#include "taskmanager/network/frame_payload.h"
#include "tests/unit/taskmanager_network/frame_bytes.h"

namespace weir::network {
namespace {

using ::testing::HasSubstr;

// The golden bytes were computed by another program (docs/formats/frame.md says how).
TEST(FrameTest, GoldenBytes) {
  EXPECT_EQ(HexOf(FrameBytes({.type = FrameType::kData,
                              .flags = kFlagContinues,
                              .channel = 0x01020304,
                              .attempt = 5,
                              .sequence = 0x1122334455667788},
                             BytesOf("abc"))),
            "57454952010701000403020105000000887766554433221103000000f2fb691b"
            "616263");
  EXPECT_EQ(HexOf(FrameBytes(
                {.type = FrameType::kEndOfInput, .channel = 7, .attempt = 2, .sequence = 9}, {})),
            "57454952010b0000070000000200000009000000000000000000000030318ea1");
  Bytes credit;
  EncodeCreditGrant({.credit = 6, .source_attempt = 2}, credit);
  EXPECT_EQ(HexOf(FrameBytes(
                {.type = FrameType::kCredit, .channel = 7, .attempt = 3, .sequence = 4}, credit)),
            "57454952010c00000700000003000000040000000000000008000000e73d19ce"
            "0600000002000000");
  Bytes barrier;
  EncodeControlElement(
      internal::Barrier{42, 1700000000000, internal::BarrierKind::kSavepoint, true}, barrier);
  EXPECT_EQ(HexOf(FrameBytes(
                {.type = FrameType::kBarrier, .channel = 1, .attempt = 1, .sequence = 2}, barrier)),
            "57454952010a0000010000000100000002000000000000001200000085648753"
            "2a000000000000000068e5cf8b0100000101");
  Handshake handshake;
  handshake.job = {.cluster_id = "c",
                   .job_id = "job",
                   .job_epoch = 3,
                   .leader_epoch = 4,
                   .leader_session_id = "ls"};
  handshake.source_worker_id = "a";
  handshake.target_worker_id = "b";
  Bytes payload;
  EncodeHandshake(handshake, payload);
  EXPECT_EQ(HexOf(FrameBytes({.type = FrameType::kHandshake}, payload)),
            "574549520101000000000000000000000000000000000000260000001e4eade6"
            "01010300000000000000040000000000000001006303006a6f6202006c730100"
            "610100620000");
}

TEST(FrameTest, HeaderReadsBack) {
  const FrameHeader header{.type = FrameType::kData,
                           .flags = kFlagContinues,
                           .channel = 0xffffffff,
                           .attempt = 0x80000001,
                           .sequence = ~std::uint64_t{0},
                           .length = 3};
  const Bytes payload = BytesOf("xyz");
  const FrameHeaderBytes bytes = EncodeFrameHeader(header, payload);
  const Result<FrameHeader> read = DecodeFrameHeader(bytes);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, header);
  EXPECT_TRUE(FrameCheckSumMatches(bytes, payload));
  EXPECT_FALSE(FrameCheckSumMatches(bytes, BytesOf("xyZ")));
}

TEST(FrameTest, BadHeadersAreRefusedWithTheReason) {
  struct Case {
    std::size_t offset;
    std::uint8_t value;
    StatusCode code;
    std::string text;
  };
  const std::vector<Case> cases = {
      {0, 'w', StatusCode::kCorruption, "not a Weir frame"},
      {3, 0, StatusCode::kCorruption, "not a Weir frame"},
      {4, 0, StatusCode::kUnsupported, "version 0"},
      {4, 2, StatusCode::kUnsupported, "version 2; this side speaks 1 to 1"},
      {5, 0, StatusCode::kCorruption, "unknown type 0"},
      {5, 14, StatusCode::kCorruption, "unknown type 14"},
      {5, 255, StatusCode::kCorruption, "unknown type 255"},
      {6, 2, StatusCode::kCorruption, "unknown flags 2 in a data frame"},
      {7, 1, StatusCode::kCorruption, "unknown flags 256 in a data frame"},
      {26, 1, StatusCode::kCorruption, "payload of 65539 bytes in a data frame"},
      {27, 0x80, StatusCode::kCorruption, "payload of 2147483651 bytes"},
  };
  const Bytes payload = BytesOf("abc");
  for (const Case& each : cases) {
    FrameHeaderBytes bytes = EncodeFrameHeader({.type = FrameType::kData, .length = 3}, payload);
    bytes[each.offset] = std::byte{each.value};
    const Result<FrameHeader> read = DecodeFrameHeader(bytes);
    ASSERT_FALSE(read.ok()) << each.text;
    EXPECT_EQ(read.status().code(), each.code);
    EXPECT_THAT(read.status().message(), HasSubstr(each.text));
  }
}

TEST(FrameTest, EveryTypeHasItsLimits) {
  for (std::uint8_t number = 1; number <= 13; ++number) {
    const auto type = static_cast<FrameType>(number);
    const PayloadLimits limits = PayloadLimitsOf(type);
    EXPECT_NE(ToString(type), "unknown");
    for (const std::uint32_t length : {limits.minimum, limits.maximum}) {
      const FrameHeaderBytes bytes = EncodeFrameHeader({.type = type, .length = length}, {});
      EXPECT_TRUE(DecodeFrameHeader(bytes).ok()) << ToString(type);
    }
    const FrameHeaderBytes bytes =
        EncodeFrameHeader({.type = type, .length = limits.maximum + 1}, {});
    EXPECT_FALSE(DecodeFrameHeader(bytes).ok()) << ToString(type);
  }
  EXPECT_EQ(PayloadLimitsOf(FrameType::kData).maximum, kBufferSize);
}

TEST(FramePayloadTest, EverythingReadsBack) {
  Bytes bytes;
  Handshake handshake{.minimum_version = 1,
                      .maximum_version = 3,
                      .job = {"cluster", "job", 7, 8, "leader", "secret"},
                      .source_worker_id = "from",
                      .target_worker_id = "to"};
  EncodeHandshake(handshake, bytes);
  bytes.push_back(std::byte{9});  // a newer version may add fields
  const Result<Handshake> read = DecodeHandshake(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->maximum_version, 3);
  EXPECT_EQ(read->job.cluster_id, "cluster");
  EXPECT_EQ(read->job.job_id, "job");
  EXPECT_EQ(read->job.job_epoch, 7u);
  EXPECT_EQ(read->job.leader_epoch, 8u);
  EXPECT_EQ(read->job.leader_session_id, "leader");
  EXPECT_EQ(read->job.credential, "secret");
  EXPECT_EQ(read->source_worker_id, "from");
  EXPECT_EQ(read->target_worker_id, "to");

  bytes.clear();
  EncodeHandshakeAccepted({1, "me"}, bytes);
  EXPECT_EQ(DecodeHandshakeAccepted(bytes)->worker_id, "me");

  bytes.clear();
  EncodeGoodbye({GoodbyeReason::kDuplicate, "text"}, bytes);
  EXPECT_EQ(DecodeGoodbye(bytes)->reason, GoodbyeReason::kDuplicate);
  EXPECT_EQ(DecodeGoodbye(bytes)->text, "text");

  bytes.clear();
  EncodeGoodbye({GoodbyeReason::kRefused, std::string(5000, 'x')}, bytes);
  EXPECT_EQ(DecodeGoodbye(bytes)->text, std::string(1024, 'x'));
  EXPECT_LE(bytes.size(), PayloadLimitsOf(FrameType::kGoodbye).maximum);

  bytes.clear();
  EncodeChannelRefused({RefusalReason::kOtherSource, 1, 2, "why"}, bytes);
  EXPECT_EQ(DecodeChannelRefused(bytes)->reason, RefusalReason::kOtherSource);
  EXPECT_EQ(DecodeChannelRefused(bytes)->source_attempt, 1u);
  EXPECT_EQ(DecodeChannelRefused(bytes)->target_attempt, 2u);
  EXPECT_EQ(DecodeChannelRefused(bytes)->text, "why");

  bytes.clear();
  EncodeChannelOpen({77}, bytes);
  EXPECT_EQ(DecodeChannelOpen(bytes)->target_attempt, 77u);

  bytes.clear();
  EncodeBacklogAnnouncement({78}, bytes);
  EXPECT_EQ(DecodeBacklogAnnouncement(bytes)->backlog, 78u);
}

TEST(FramePayloadTest, ControlElementsReadBackWithTheirLayout) {
  using internal::ControlElement;
  const std::vector<std::pair<ControlElement, std::string>> cases = {
      {internal::Watermark{-2}, "feffffffffffffff"},
      {internal::Watermark{internal::kMaximumWatermark}, "ffffffffffffff7f"},
      {internal::WatermarkStatus{true}, "01"},
      {internal::WatermarkStatus{false}, "00"},
      {internal::Barrier{0x0102, 3, internal::BarrierKind::kSavepointDrain, false},
       "0201000000000000030000000000000002"
       "00"},
      {internal::EndOfInput{}, ""},
  };
  for (const auto& [element, hex] : cases) {
    Bytes bytes;
    EncodeControlElement(element, bytes);
    EXPECT_EQ(HexOf(bytes), hex);
    const Result<ControlElement> read = DecodeControlElement(FrameTypeOf(element), bytes);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, element);
  }
}

// Every proper prefix, and one byte more, is malformed; so are values out of range.
TEST(FramePayloadTest, MalformedPayloadsAreRefused) {
  Bytes bytes;
  EncodeChannelRefused({RefusalReason::kOtherSource, 1, 2, "why"}, bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeChannelRefused(Payload(bytes).first(size)).ok()) << size;
  }
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(DecodeChannelRefused(bytes).ok());

  bytes.clear();
  EncodeHandshake({}, bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeHandshake(Payload(bytes).first(size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeHandshake(BytesOf("\x03\x02 versions the wrong way round.........")).ok());
  EXPECT_FALSE(DecodeGoodbye(BytesOf(std::string_view("\x06\0\0", 3))).ok());
  EXPECT_FALSE(DecodeChannelRefused(BytesOf(std::string_view("\0\0\0\0\0\0\0\0\0\0\0", 11))).ok());
  EXPECT_FALSE(DecodeCreditGrant(BytesOf(std::string_view("\0\0\0\0\1\0\0\0", 8))).ok());
  EXPECT_FALSE(DecodeControlElement(FrameType::kWatermarkStatus, BytesOf("\x02")).ok());
  EXPECT_FALSE(DecodeControlElement(FrameType::kEndOfInput, BytesOf("x")).ok());
  EXPECT_FALSE(DecodeControlElement(FrameType::kData, {}).ok());
  EXPECT_FALSE(DecodeControlElement(FrameType::kBarrier, Bytes(18, std::byte{3})).ok());
}

TEST(HandshakeCheckTest, SaysWhatDoesNotFit) {
  const JobIdentity local{"cluster", "job", 7, 1, "leader", "secret"};
  const auto offered = [&] {
    return Handshake{.job = local, .source_worker_id = "peer", .target_worker_id = "me"};
  };
  EXPECT_TRUE(CheckHandshake(offered(), local, "me").ok());
  // Another leader session is no reason: workers learn of a new leader at different moments.
  Handshake handshake = offered();
  handshake.job.leader_epoch = 2;
  handshake.job.leader_session_id = "other";
  EXPECT_TRUE(CheckHandshake(handshake, local, "me").ok());

  const auto expect_refusal = [&](const Handshake& bad, const std::string& text) {
    const Status status = CheckHandshake(bad, local, "me");
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(status.message(), HasSubstr("worker peer: "));
    EXPECT_THAT(status.message(), HasSubstr(text));
  };
  (handshake = offered()).job.cluster_id = "other";
  expect_refusal(handshake, "cluster 'other', this is cluster 'cluster'");
  (handshake = offered()).job.job_id = "other";
  expect_refusal(handshake, "job other");
  (handshake = offered()).job.job_epoch = 6;
  expect_refusal(handshake, "epoch 6 of job job, this worker of epoch 7");
  (handshake = offered()).target_worker_id = "you";
  expect_refusal(handshake, "wants worker you");
  (handshake = offered()).minimum_version = 2;
  handshake.maximum_version = 4;
  expect_refusal(handshake, "versions 2 to 4");
  (handshake = offered()).job.credential = "guess";
  expect_refusal(handshake, "credential");
  EXPECT_EQ(CheckHandshake(handshake, local, "me").message().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace weir::network
