// What a peer that breaks off, or breaks the protocol, does to a worker: its channels fail with a
// status that names it, once, and everything else goes on.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"
#include "taskmanager/network/frame_payload.h"
#include "tests/unit/taskmanager_network/frame_bytes.h"
#include "tests/unit/taskmanager_network/network_fixture.h"

namespace weir::network {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class BrokenPeerTest : public NetworkFixture {
 protected:
  BrokenPeerTest() {
    NetworkOptions options;
    options.credits = {.exclusive = 2, .maximum_floating = 0};
    options.stall_timeout_ms = 200;
    plane_ = &StartWorker("b", options);
  }

  // Shakes hands as worker "a".
  std::unique_ptr<HandmadePeer> Connect() {
    auto peer = std::make_unique<HandmadePeer>(port_->port());
    peer->SendHandshake(job_, "a", "b");
    const auto answer = peer->Receive();
    EXPECT_TRUE(answer.has_value() && answer->header.type == FrameType::kHandshakeAccepted);
    return peer;
  }
  // Opens channel 1 and waits for the credits.
  static void OpenChannel(HandmadePeer& peer) {
    Bytes payload;
    EncodeChannelOpen({1}, payload);
    peer.SendFrame({.type = FrameType::kChannelOpen, .channel = 1, .attempt = 1}, payload);
    const auto grant = peer.Receive();
    ASSERT_TRUE(grant.has_value());
    EXPECT_EQ(grant->header.type, FrameType::kCredit);
    EXPECT_EQ(DecodeCreditGrant(grant->payload)->credit, 2u);
    EXPECT_EQ(DecodeCreditGrant(grant->payload)->source_attempt, 1u);
  }
  static FrameHeader Data() { return {.type = FrameType::kData, .channel = 1, .attempt = 1}; }

  TcpDataPlane* plane_ = nullptr;
};

TEST_F(BrokenPeerTest, ProtocolErrorsFailTheChannelAndAreToldToThePeer) {
  struct Case {
    std::string text;
    std::function<void(HandmadePeer&)> misbehave;
  };
  const std::vector<Case> cases = {
      {"check sum of a data frame of 3 bytes does not match",
       [](HandmadePeer& peer) {
         FrameHeader header = Data();
         header.sequence = peer.next_sequence;
         Bytes bytes = FrameBytes(header, BytesOf("abc"));
         bytes.back() ^= std::byte{1};
         peer.SendBytes(bytes);
       }},
      {"a data frame has sequence 3",
       [](HandmadePeer& peer) {
         ++peer.next_sequence;
         peer.SendFrame(Data(), BytesOf("abc"));
       }},
      {"a buffer came without a credit",
       [](HandmadePeer& peer) {
         for (int i = 0; i < 3; ++i) peer.SendFrame(Data(), BytesOf("abc"));
       }},
      {"a second handshake", [&](HandmadePeer& peer) { peer.SendHandshake(job_, "a", "b"); }},
      {"a data frame after the end of input",
       [](HandmadePeer& peer) {
         peer.SendFrame({.type = FrameType::kEndOfInput, .channel = 1, .attempt = 1});
         peer.SendFrame(Data(), BytesOf("abc"));
       }},
      {"not a Weir frame", [](HandmadePeer& peer) { peer.SendBytes(Bytes(100)); }},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.text);
    FailureSlot failure(signal_);
    auto receiver = plane_->RegisterInput({1, 1, 1}, "a", ForReceiver(&failure));
    const auto peer = Connect();
    OpenChannel(*peer);
    each.misbehave(*peer);
    const auto goodbye = peer->Receive();
    ASSERT_TRUE(goodbye.has_value());
    ASSERT_EQ(goodbye->header.type, FrameType::kGoodbye);
    EXPECT_EQ(DecodeGoodbye(goodbye->payload)->reason, GoodbyeReason::kProtocolError);
    EXPECT_THAT(DecodeGoodbye(goodbye->payload)->text, HasSubstr(each.text));
    // After the end of input a channel has nothing to fail for.
    if (each.text.find("end of input") != std::string::npos) continue;
    EXPECT_EQ(failure.Await().code(), StatusCode::kCorruption);
    EXPECT_THAT(failure.status().message(),
                AllOf(HasSubstr(Concat("worker a at ", peer->address())), HasSubstr(each.text)));
    EXPECT_EQ(failure.count(), 1);
  }
}

TEST_F(BrokenPeerTest, AConnectionThatBreaksOffFailsItsChannels) {
  FailureSlot failure(signal_);
  auto receiver = plane_->RegisterInput({1, 1, 1}, "a", ForReceiver(&failure));
  auto peer = Connect();
  OpenChannel(*peer);
  peer->SendFrame(Data(), BytesOf("arrived"));
  const std::string address = peer->address();
  peer->Close();
  EXPECT_EQ(failure.Await().code(), StatusCode::kUnavailable);
  EXPECT_THAT(failure.status().message(), HasSubstr(Concat("worker a at ", address)));
  // What had arrived is still there.
  ASSERT_TRUE((*receiver)->HasElement());
  EXPECT_EQ(TextOf(std::get<Buffer>((*receiver)->Pop()->element).bytes), "arrived");
}

TEST_F(BrokenPeerTest, TheRestOfAFrameThatDoesNotComeFailsTheChannel) {
  FailureSlot failure(signal_);
  auto receiver = plane_->RegisterInput({1, 1, 1}, "a", ForReceiver(&failure));
  auto peer = Connect();
  OpenChannel(*peer);
  FrameHeader header = Data();
  header.sequence = peer->next_sequence;
  const Bytes bytes = FrameBytes(header, BytesOf("the rest does not come"));
  peer->SendBytes(std::span(bytes).first(bytes.size() - 1));
  EXPECT_EQ(failure.Await().code(), StatusCode::kTimedOut);
  EXPECT_THAT(failure.status().message(),
              HasSubstr("the rest of frame 2 did not come within 200 ms"));
}

// An idle connection is no stalled one: nothing is under way.
TEST_F(BrokenPeerTest, LeftOversOfOtherAttemptsAndChannelsAreDropped) {
  auto receiver = plane_->RegisterInput({1, 1, 1}, "a", ForReceiver());
  auto peer = Connect();
  OpenChannel(*peer);
  FrameHeader header = Data();
  header.attempt = 9;
  for (int i = 0; i < 10; ++i) peer->SendFrame(header, BytesOf("left over"));
  header = Data();
  header.channel = 77;
  peer->SendFrame(header, BytesOf("left over"));
  Bytes grant;
  EncodeCreditGrant({5, 1}, grant);
  peer->SendFrame({.type = FrameType::kCredit, .channel = 77, .attempt = 1}, grant);
  peer->SendFrame({.type = FrameType::kChannelClose, .channel = 77, .attempt = 1});
  peer->SendFrame(Data(), BytesOf("good"));
  ASSERT_TRUE(signal_.WaitUntil([&] { return (*receiver)->HasElement(); }));
  EXPECT_EQ(TextOf(std::get<Buffer>((*receiver)->Pop()->element).bytes), "good");
  EXPECT_FALSE((*receiver)->HasElement());
  EXPECT_EQ((*receiver)->bytes_received(), 4u);
  receiver->reset();  // before the connection is closed, which would be a failure of the channel
}

// The peer lost the connection and this side does not know yet: the new one counts.
TEST_F(BrokenPeerTest, ANewConnectionOfThePeerReplacesTheOldOne) {
  FailureSlot failure(signal_);
  auto receiver = plane_->RegisterInput({1, 1, 1}, "a", ForReceiver(&failure));
  auto first = Connect();
  OpenChannel(*first);
  auto second = Connect();
  EXPECT_THAT(failure.Await().message(), HasSubstr("connected anew"));
  EXPECT_FALSE(first->Receive().has_value());
  // The channel was not given up: a sender may open it again on the new connection.
  OpenChannel(*second);
  second->SendFrame(Data(), BytesOf("again"));
  ASSERT_TRUE(signal_.WaitUntil([&] { return (*receiver)->HasElement(); }));
}

// A sender whose peer grants nonsense.
TEST_F(BrokenPeerTest, ImpossibleGrantsFailTheSender) {
  FailureSlot input(signal_), output(signal_);
  auto receiver = plane_->RegisterInput({1, 1, 1}, "a", ForReceiver(&input));
  auto peer = Connect();
  OpenChannel(*peer);
  auto sender = plane_->OpenOutput({2, 1, 1}, AddressOf("a"), ForSender(&output));
  const auto open = peer->Receive();
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->header.type, FrameType::kChannelOpen) << "the standing connection is used";
  EXPECT_EQ(open->header.channel, 2u);
  Bytes grant;
  EncodeCreditGrant({0xffffffff, 1}, grant);
  peer->SendFrame({.type = FrameType::kCredit, .channel = 2, .attempt = 1}, grant);
  EXPECT_THAT(output.Await().message(), HasSubstr("impossible"));
  EXPECT_THAT(input.Await().message(), HasSubstr("impossible"));
}

}  // namespace
}  // namespace weir::network
