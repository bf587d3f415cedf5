#include "taskmanager/network/frame_decoder.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/random.h"
#include "common/text.h"
#include "taskmanager/network/frame_writer.h"
#include "tests/unit/taskmanager_network/frame_bytes.h"

namespace weir::network {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct SeenFrame {
  FrameHeader header;
  Bytes payload;
  bool operator==(const SeenFrame&) const = default;
};

class Recorder final : public FrameVisitor {
 public:
  Bytes TakePayloadMemory(std::size_t length) override { return Bytes(length); }
  Status OnFrame(const FrameHeader& header, Bytes& payload) override {
    frames.push_back({header, payload});
    return answer;
  }
  std::vector<SeenFrame> frames;
  Status answer;
};

// Frames of several types and sizes, numbered from 0, and their bytes.
std::vector<SeenFrame> SomeFrames(Random& random, std::size_t count, Bytes& bytes) {
  std::vector<SeenFrame> frames;
  for (std::size_t i = 0; i < count; ++i) {
    SeenFrame frame;
    frame.header.sequence = i;
    frame.header.channel = static_cast<std::uint32_t>(RandomBelow(random, 5));
    frame.header.attempt = static_cast<std::uint32_t>(RandomBelow(random, 3));
    switch (RandomBelow(random, 4)) {
      case 0:
        frame.header.type = FrameType::kEndOfInput;
        break;
      case 1:
        frame.header.type = FrameType::kWatermark;
        frame.payload.resize(8);
        break;
      case 2:
        frame.header.type = FrameType::kData;
        frame.payload.resize(RandomBelow(random, 40));
        break;
      default:
        frame.header.type = FrameType::kData;
        frame.header.flags = kFlagContinues;
        frame.payload.resize(RandomBelow(random, kBufferSize + 1));
    }
    for (std::byte& each : frame.payload) each = static_cast<std::byte>(random.NextUint64());
    frame.header.length = static_cast<std::uint32_t>(frame.payload.size());
    const Bytes encoded = FrameBytes(frame.header, frame.payload);
    bytes.insert(bytes.end(), encoded.begin(), encoded.end());
    frames.push_back(std::move(frame));
  }
  return frames;
}

// Feeds `bytes` in random pieces, by both ways.
Status FeedRandomly(Random& random, std::span<const std::byte> bytes, FrameDecoder& decoder) {
  while (!bytes.empty()) {
    const std::span<std::byte> space = decoder.PayloadSpace();
    const std::size_t most = RandomBelow(random, 3) == 0 ? 40'000 : 50;
    std::size_t size = std::min<std::size_t>(bytes.size(), 1 + RandomBelow(random, most));
    Status status;
    if (!space.empty() && RandomBelow(random, 2) == 0) {
      size = std::min(size, space.size());
      std::memcpy(space.data(), bytes.data(), size);
      status = decoder.PayloadFilled(size);
    } else {
      status = decoder.Feed(bytes.first(size));
    }
    if (!status.ok()) return status;
    bytes = bytes.subspan(size);
  }
  return Status();
}

TEST(FrameDecoderTest, FindsTheFramesHoweverTheBytesAreCut) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    SeededRandom random(seed);
    Bytes bytes;
    const std::vector<SeenFrame> frames = SomeFrames(random, 40, bytes);
    Recorder recorder;
    FrameDecoder decoder("peer", 0, recorder);
    const Status status = FeedRandomly(random, bytes, decoder);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(decoder.AtEnd().ok());
    ASSERT_EQ(recorder.frames.size(), frames.size());
    EXPECT_TRUE(recorder.frames == frames);
    EXPECT_EQ(decoder.next_sequence(), frames.size());
  }
}

// Who never reads more than missing() ends exactly at the end of a frame.
TEST(FrameDecoderTest, MissingNeverCrossesAFrame) {
  SeededRandom random(5);
  Bytes bytes;
  const std::vector<SeenFrame> frames = SomeFrames(random, 20, bytes);
  Recorder recorder;
  FrameDecoder decoder("peer", 0, recorder);
  std::size_t at = 0;
  for (const SeenFrame& frame : frames) {
    const std::size_t end = at + kFrameHeaderSize + frame.payload.size();
    while (at < end) {
      const std::size_t size = decoder.missing();
      ASSERT_LE(at + size, end);
      ASSERT_TRUE(decoder.Feed(std::span(bytes).subspan(at, size)).ok());
      at += size;
    }
    EXPECT_FALSE(decoder.mid_frame());
  }
}

// Any one bit of a frame turned round is noticed: at once, or when the bytes behind it make up the
// length that it claims, or by the end of the connection.
TEST(FrameDecoderTest, EveryFlippedBitIsNoticed) {
  const Bytes payload = BytesOf("some payload of a data frame");
  const Bytes first = FrameBytes({.type = FrameType::kData, .channel = 3, .sequence = 0}, payload);
  Bytes rest;
  for (std::uint64_t i = 1; i < 4; ++i) {
    const Bytes next = FrameBytes({.type = FrameType::kData, .channel = 3, .sequence = i}, payload);
    rest.insert(rest.end(), next.begin(), next.end());
  }
  for (std::size_t bit = 0; bit < first.size() * 8; ++bit) {
    Bytes damaged = first;
    damaged[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    damaged.insert(damaged.end(), rest.begin(), rest.end());
    Recorder recorder;
    FrameDecoder decoder("peer", 0, recorder);
    Status status = decoder.Feed(damaged);
    if (status.ok()) status = decoder.AtEnd();
    EXPECT_FALSE(status.ok()) << "bit " << bit;
    EXPECT_TRUE(recorder.frames.empty()) << "bit " << bit;
  }
}

TEST(FrameDecoderTest, ErrorsNamePeerChannelAndSequence) {
  const auto error_of = [](const Bytes& bytes) {
    Recorder recorder;
    FrameDecoder decoder("worker w1 at 10.0.0.7:4711", 5, recorder);
    return decoder.Feed(bytes);
  };
  const FrameHeader good{.type = FrameType::kData, .channel = 12, .sequence = 5};
  EXPECT_TRUE(error_of(FrameBytes(good, BytesOf("x"))).ok());

  FrameHeader gap = good;
  gap.sequence = 7;
  const Status of_gap = error_of(FrameBytes(gap, BytesOf("x")));
  EXPECT_EQ(of_gap.code(), StatusCode::kCorruption);
  EXPECT_EQ(of_gap.message(),
            "worker w1 at 10.0.0.7:4711, channel 12, frame 5: a data frame has sequence 7");
  gap.sequence = 4;  // repeated
  EXPECT_FALSE(error_of(FrameBytes(gap, BytesOf("x"))).ok());

  Bytes damaged = FrameBytes(good, BytesOf("x"));
  damaged.back() = std::byte{'y'};
  EXPECT_THAT(error_of(damaged).message(),
              AllOf(HasSubstr("w1 at 10.0.0.7:4711, channel 12, frame 5"),
                    HasSubstr("check sum of a data frame of 1 bytes does not match")));
  damaged[0] = std::byte{0};
  EXPECT_THAT(error_of(damaged).message(),
              AllOf(HasSubstr("w1 at 10.0.0.7:4711, frame 5: not a Weir frame")));
}

TEST(FrameDecoderTest, TheEndInTheMiddleOfAFrameIsAnError) {
  const Bytes bytes = FrameBytes({.type = FrameType::kData, .channel = 1}, BytesOf("abcdef"));
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    Recorder recorder;
    FrameDecoder decoder("peer", 0, recorder);
    ASSERT_TRUE(decoder.Feed(std::span(bytes).first(size)).ok());
    EXPECT_THAT(decoder.AtEnd().message(), HasSubstr("in the middle of frame 0"));
  }
}

TEST(FrameDecoderTest, StaysBrokenAndGivesTheVisitorsError) {
  Recorder recorder;
  recorder.answer = Status::Corruption("no credit");
  FrameDecoder decoder("peer", 0, recorder);
  const Bytes bytes = FrameBytes({.type = FrameType::kEndOfInput, .channel = 9}, {});
  EXPECT_EQ(decoder.Feed(bytes).message(), "peer, channel 9, frame 0: no credit");
  recorder.answer = Status();
  EXPECT_EQ(decoder.Feed(bytes).message(), "peer, channel 9, frame 0: no credit");
  EXPECT_EQ(recorder.frames.size(), 1u);
  EXPECT_TRUE(decoder.PayloadSpace().empty());
}

// What the writer gives, written in random parts, is what the decoder reads.
TEST(FrameWriterTest, PartlyWrittenFramesArriveWhole) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    SeededRandom random(seed);
    BufferPool emptied(100);
    FrameWriter writer(0, emptied);
    Recorder recorder;
    FrameDecoder decoder("peer", 0, recorder);
    std::vector<Bytes> payloads;
    for (int round = 0; round < 10; ++round) {
      while (!writer.full() && writer.room() > 0 && RandomBelow(random, 20) != 0) {
        Bytes bytes(RandomBelow(random, 2) == 0 ? 8 : RandomBelow(random, kBufferSize + 1));
        for (std::byte& each : bytes) each = static_cast<std::byte>(random.NextUint64());
        payloads.push_back(bytes);
        if (bytes.size() == 8) {
          writer.Append(FrameType::kWatermark, 1, 2, bytes);
        } else {
          bytes.reserve(kBufferSize);
          writer.AppendData(1, 2, Buffer{std::move(bytes), false});
        }
      }
      while (!writer.empty()) {
        const std::span<iovec> pending = writer.Pending();
        ASSERT_FALSE(pending.empty());
        std::size_t size = 1 + RandomBelow(random, 100'000);
        std::size_t written = 0;
        for (const iovec& piece : pending) {
          const std::size_t part = std::min(size - written, piece.iov_len);
          ASSERT_TRUE(decoder.Feed({static_cast<const std::byte*>(piece.iov_base), part}).ok());
          written += part;
          if (written == size) break;
        }
        writer.Written(written);
      }
    }
    ASSERT_EQ(recorder.frames.size(), payloads.size());
    for (std::size_t i = 0; i < payloads.size(); ++i) {
      ASSERT_TRUE(recorder.frames[i].payload == payloads[i]);
    }
    EXPECT_GT(emptied.kept(), 0u);
  }
}

}  // namespace
}  // namespace weir::network
