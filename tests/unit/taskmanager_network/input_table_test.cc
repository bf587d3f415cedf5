#include "taskmanager/network/input_table.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "taskmanager/network/network_mailbox.h"
#include "taskmanager/network/reactor.h"

namespace weir::network {
namespace {

class CountingReply final : public PeerReply {
 public:
  const std::string& worker_id() const override { return worker_id_; }
  void SendAhead(FrameType type, std::uint32_t, std::uint32_t, Payload payload) override {
    ASSERT_EQ(type, FrameType::kCredit);
    const auto grant = DecodeCreditGrant(payload);
    ASSERT_TRUE(grant.ok());
    granted += grant->credit;
  }

  std::uint64_t granted = 0;

 private:
  const std::string worker_id_ = "sender";
};

// Buffers that all channels of a worker together are granted when they open: the bound on what
// their senders may have under way.
std::uint64_t GrantedTo(std::uint32_t channels) {
  auto reactor = std::make_shared<Reactor>("test");
  auto mailbox = std::make_shared<NetworkMailbox>(reactor);
  auto buffers = std::make_shared<BufferPool>(1);
  InputTable table({.exclusive = 8, .maximum_floating = 8}, 256, 1024);
  CountingReply reply;
  for (std::uint32_t i = 0; i < channels; ++i) {
    table.Add(std::make_shared<InputChannel>(ChannelIdentity{i, 1, 1}, "sender", ReceiverEvents{},
                                             mailbox, buffers));
  }
  for (std::uint32_t i = 0; i < channels; ++i) {
    Bytes open;
    EncodeChannelOpen({1}, open);
    const FrameHeader header{.type = FrameType::kChannelOpen, .channel = i, .attempt = 1};
    EXPECT_TRUE(table.OnFrame(reply, header, open).ok());
  }
  table.SendGrants();
  return reply.granted;
}

TEST(InputTableTest, ChannelsShareABudgetOfExclusiveBuffers) {
  EXPECT_EQ(GrantedTo(1), 8u);
  EXPECT_EQ(GrantedTo(128), 1024u);
  EXPECT_EQ(GrantedTo(129), 129u * 7);
  EXPECT_EQ(GrantedTo(1024), 1024u);
}

// Of 256 to 256 subtasks on two workers half of the channels that come in cross processes.
TEST(InputTableTest, WithVeryManyChannelsEachHasOneBuffer) {
  EXPECT_EQ(GrantedTo(128 * 128), 128u * 128);
}

}  // namespace
}  // namespace weir::network
