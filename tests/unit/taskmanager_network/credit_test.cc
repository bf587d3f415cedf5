#include <algorithm>
#include <deque>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/random.h"
#include "common/text.h"
#include "taskmanager/network/connection_choice.h"
#include "taskmanager/network/credit_receiver.h"
#include "taskmanager/network/credit_sender.h"
#include "taskmanager/network/floating_pool.h"
#include "taskmanager/network/receive_credits.h"

namespace weir::network {
namespace {

TEST(CreditSenderTest, SpendsWhatWasGranted) {
  CreditSender sender;
  EXPECT_FALSE(sender.Spend());
  ASSERT_TRUE(sender.OnGrant(2).ok());
  EXPECT_TRUE(sender.Spend());
  EXPECT_TRUE(sender.Spend());
  EXPECT_FALSE(sender.Spend());
  EXPECT_EQ(sender.credits(), 0u);
}

TEST(CreditSenderTest, ImpossibleGrantsAreRefused) {
  CreditSender sender;
  ASSERT_TRUE(sender.OnGrant(1u << 31).ok());
  EXPECT_EQ(sender.OnGrant(1).code(), StatusCode::kCorruption);
  EXPECT_EQ(sender.credits(), 1u << 31);
}

TEST(CreditSenderTest, AnnouncesABacklogOncePerChange) {
  CreditSender sender;
  EXPECT_EQ(sender.TakeAnnouncement(), std::nullopt);
  sender.SetBacklog(3);
  sender.SetBacklog(5);
  EXPECT_EQ(sender.TakeAnnouncement(), 5u);
  EXPECT_EQ(sender.TakeAnnouncement(), std::nullopt);
  sender.SetBacklog(0);
  EXPECT_EQ(sender.TakeAnnouncement(), 0u);
}

// Each row: an event, and what the receiver has after it.
TEST(CreditReceiverTest, Table) {
  enum Event { kGrant, kBuffer, kPop, kBacklog, kFloating };
  struct Row {
    Event event;
    std::uint32_t argument;
    std::uint32_t result;  // of the event: credit granted, buffers to the pool
    std::uint32_t granted, queued, floating;
    bool wants;
  };
  const std::vector<Row> rows = {
      {kGrant, 0, 2, 2, 0, 0, false},     // the exclusive ones
      {kGrant, 0, 0, 2, 0, 0, false},     // nothing new
      {kBacklog, 2, 0, 2, 0, 0, false},   // the sender may send these anyway
      {kBacklog, 4, 0, 2, 0, 0, true},    //
      {kFloating, 0, 0, 2, 0, 1, true},   // returned 1
      {kFloating, 0, 0, 2, 0, 2, false},  // enough for the backlog
      {kGrant, 0, 2, 4, 0, 2, false},     //
      {kBuffer, 0, 0, 3, 1, 2, true},     // backlog still 4 until the sender says
      {kBacklog, 3, 0, 3, 1, 2, false},   //
      {kPop, 1, 1, 3, 0, 1, false},       // a floating one goes back
      {kBuffer, 0, 0, 2, 1, 1, true},     //
      {kBuffer, 0, 0, 1, 2, 1, true},     //
      {kBacklog, 0, 0, 1, 2, 1, false},   //
      {kPop, 2, 1, 1, 0, 0, false},       // one floating, one exclusive
      {kGrant, 0, 1, 2, 0, 0, false},     // the exclusive one again
      {kBacklog, 9, 0, 2, 0, 0, true},    //
      {kFloating, 0, 0, 2, 0, 1, true},   //
      {kFloating, 0, 0, 2, 0, 2, true},   //
      {kFloating, 0, 0, 2, 0, 3, false},  // its share, whatever the backlog
  };
  CreditReceiver receiver({.exclusive = 2, .maximum_floating = 3});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(Concat("row ", i));
    const Row& row = rows[i];
    std::uint32_t result = 0;
    if (row.event == kGrant) result = receiver.TakeGrant();
    if (row.event == kBuffer) {
      ASSERT_TRUE(receiver.OnBuffer().ok());
    }
    if (row.event == kPop) result = receiver.OnPopped(row.argument);
    if (row.event == kBacklog) receiver.OnBacklog(row.argument);
    if (row.event == kFloating) receiver.OnFloating();
    EXPECT_EQ(result, row.result);
    EXPECT_EQ(receiver.granted(), row.granted);
    EXPECT_EQ(receiver.queued(), row.queued);
    EXPECT_EQ(receiver.floating(), row.floating);
    EXPECT_EQ(receiver.wants_floating(), row.wants);
  }
}

TEST(CreditReceiverTest, GrantsFromHalfOfAllBuffersOn) {
  CreditReceiver receiver({.exclusive = 6, .maximum_floating = 4});
  EXPECT_TRUE(receiver.worth_granting());
  receiver.TakeGrant();
  EXPECT_FALSE(receiver.worth_granting());
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(receiver.OnBuffer().ok());
  receiver.OnPopped(2);
  EXPECT_FALSE(receiver.worth_granting());
  receiver.OnPopped(1);
  EXPECT_TRUE(receiver.worth_granting());
  receiver.OnBacklog(9);
  receiver.OnFloating();
  receiver.OnFloating();
  EXPECT_EQ(receiver.total(), 8u);
  EXPECT_TRUE(receiver.worth_granting());
  EXPECT_EQ(receiver.TakeGrant(), 5u);
}

TEST(CreditReceiverTest, ABufferWithoutCreditIsCorruption) {
  CreditReceiver receiver({.exclusive = 1, .maximum_floating = 0});
  EXPECT_EQ(receiver.OnBuffer().code(), StatusCode::kCorruption);
  receiver.TakeGrant();
  EXPECT_TRUE(receiver.OnBuffer().ok());
  EXPECT_EQ(receiver.OnBuffer().code(), StatusCode::kCorruption);
}

TEST(CreditReceiverTest, AtTheEndUnusedFloatingBuffersGoBackAtOnce) {
  CreditReceiver receiver({.exclusive = 2, .maximum_floating = 8});
  receiver.OnBacklog(10);
  for (int i = 0; i < 3; ++i) receiver.OnFloating();
  EXPECT_EQ(receiver.TakeGrant(), 5u);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(receiver.OnBuffer().ok());
  EXPECT_TRUE(receiver.wants_floating());
  EXPECT_EQ(receiver.OnEnd(), 1u) << "the other four hold buffers that nobody popped";
  EXPECT_FALSE(receiver.wants_floating());
  EXPECT_EQ(receiver.OnPopped(3), 2u);
  EXPECT_EQ(receiver.OnPopped(1), 0u);
  EXPECT_EQ(receiver.floating(), 0u);
  EXPECT_EQ(receiver.TakeGrant(), 0u);
  EXPECT_FALSE(receiver.OnBuffer().ok());
}

TEST(FloatingPoolTest, ServesInTurnOneAtATime) {
  FloatingPool pool(3);
  pool.Want(1);
  pool.Want(2);
  pool.Want(1);  // waits already
  pool.Want(3);
  pool.Forget(2);
  EXPECT_EQ(pool.waiting(), 2u);
  EXPECT_EQ(pool.GiveOne(), 1u);
  pool.Want(1);  // at the end again
  EXPECT_EQ(pool.GiveOne(), 3u);
  EXPECT_EQ(pool.GiveOne(), 1u);
  EXPECT_EQ(pool.GiveOne(), std::nullopt);
  pool.Want(4);
  EXPECT_EQ(pool.GiveOne(), std::nullopt) << "nothing left";
  pool.Return(1);
  EXPECT_EQ(pool.GiveOne(), 4u);
}

TEST(ReceiveCreditsTest, AChannelThatGoesGivesItsFloatingBuffersBack) {
  ReceiveCredits credits({.exclusive = 1, .maximum_floating = 8}, 3);
  credits.Add(1);
  credits.Add(2);
  EXPECT_EQ(credits.NextGrant(), (ReceiveCredits::Grant{1, 1}));
  EXPECT_EQ(credits.NextGrant(), (ReceiveCredits::Grant{2, 1}));
  credits.OnBacklog(1, 10);
  EXPECT_EQ(credits.NextGrant(), (ReceiveCredits::Grant{1, 3}));
  credits.OnBacklog(2, 10);
  EXPECT_EQ(credits.NextGrant(), std::nullopt) << "the pool is empty";
  credits.Remove(1);
  EXPECT_EQ(credits.NextGrant(), (ReceiveCredits::Grant{2, 3}));
  EXPECT_EQ(credits.OnBuffer(1).code(), StatusCode::kCorruption);
  credits.Remove(2);
  EXPECT_EQ(credits.pool().available(), 3u);
}

TEST(ConnectionChoiceTest, Table) {
  using enum PeerState;
  using enum IncomingChoice;
  struct Row {
    PeerState state;
    IncomingChoice smaller_local, larger_local;
  };
  for (const Row& row : std::vector<Row>{
           {kNone, kAccept, kAccept},
           {kDialling, kRefuseDuplicate, kAcceptAndAbandonDial},
           {kConnectedByUs, kRefuseDuplicate, kReplace},
           {kConnectedByPeer, kReplace, kReplace},
       }) {
    EXPECT_EQ(ChooseIncoming(row.state, "a", "b"), row.smaller_local);
    EXPECT_EQ(ChooseIncoming(row.state, "b", "a"), row.larger_local);
  }
}

// ---- simulation: both ends of many channels, with delays decided by the seed ----

struct Message {
  enum Kind { kBuffer, kBacklog, kGrant } kind = kBuffer;
  std::uint32_t channel = 0;
  std::uint32_t number = 0;  // of the buffer, backlog or credit
};

class Simulation {
 public:
  struct Shape {
    std::uint32_t channels, exclusive, maximum_floating, pool, buffers;
  };
  Simulation(std::uint64_t seed, const Shape& shape)
      : random_(seed),
        shape_(shape),
        credits_({shape.exclusive, shape.maximum_floating}, shape.pool),
        senders_(shape.channels),
        receivers_(shape.channels) {
    for (std::uint32_t channel = 0; channel < shape.channels; ++channel) credits_.Add(channel);
    SendGrants();
  }

  // A channel whose task never pops.
  void Freeze(std::uint32_t channel) { receivers_[channel].frozen = true; }
  std::uint32_t consumed(std::uint32_t channel) const { return receivers_[channel].consumed; }
  std::uint32_t most_floating(std::uint32_t channel) const {
    return receivers_[channel].most_floating;
  }
  const ReceiveCredits& credits() const { return credits_; }

  bool Done() const {
    for (const Receiver& receiver : receivers_) {
      if (!receiver.frozen && receiver.consumed < shape_.buffers) return false;
    }
    return true;
  }

  // One random thing happens. False: nothing can happen at all.
  bool Step() {
    std::vector<int> possible;
    if (!to_receiver_.empty()) possible.push_back(0);
    if (!to_sender_.empty()) possible.push_back(1);
    std::vector<std::uint32_t> producing, consuming;
    for (std::uint32_t i = 0; i < shape_.channels; ++i) {
      if (senders_[i].produced < shape_.buffers) producing.push_back(i);
      if (!receivers_[i].frozen && !receivers_[i].queue.empty()) consuming.push_back(i);
    }
    if (!producing.empty()) possible.push_back(2);
    if (!consuming.empty()) possible.push_back(3);
    if (possible.empty()) return false;
    switch (possible[RandomBelow(random_, possible.size())]) {
      case 0:
        ReceiveOne();
        break;
      case 1:
        GrantOne();
        break;
      case 2:
        Produce(producing[RandomBelow(random_, producing.size())]);
        break;
      default:
        Consume(consuming[RandomBelow(random_, consuming.size())]);
    }
    CheckBounds();
    return true;
  }

 private:
  struct Sender {
    CreditSender credit;
    std::uint32_t produced = 0, sent = 0;
  };
  struct Receiver {
    std::deque<std::uint32_t> queue;
    std::uint32_t consumed = 0, most_floating = 0;
    std::uint32_t unreported = 0;  // consumed since the table was told
    bool frozen = false;
  };

  void SendWhatMay(std::uint32_t channel) {
    Sender& sender = senders_[channel];
    while (sender.sent < sender.produced && sender.credit.Spend()) {
      to_receiver_.push_back({Message::kBuffer, channel, sender.sent++});
    }
    sender.credit.SetBacklog(sender.produced - sender.sent);
    if (const auto backlog = sender.credit.TakeAnnouncement()) {
      to_receiver_.push_back({Message::kBacklog, channel, *backlog});
    }
  }
  void Produce(std::uint32_t channel) {
    Sender& sender = senders_[channel];
    const auto some = static_cast<std::uint32_t>(1 + RandomBelow(random_, 6));
    sender.produced = std::min(shape_.buffers, sender.produced + some);
    SendWhatMay(channel);
  }
  void GrantOne() {
    const Message message = to_sender_.front();
    to_sender_.pop_front();
    ASSERT_TRUE(senders_[message.channel].credit.OnGrant(message.number).ok());
    SendWhatMay(message.channel);
  }
  void ReceiveOne() {
    const Message message = to_receiver_.front();
    to_receiver_.pop_front();
    if (message.kind == Message::kBacklog) {
      credits_.OnBacklog(message.channel, message.number);
    } else {
      ASSERT_TRUE(credits_.OnBuffer(message.channel).ok()) << "overrun";
      receivers_[message.channel].queue.push_back(message.number);
      Report(message.channel);
    }
    SendGrants();
  }
  void Consume(std::uint32_t channel) {
    Receiver& receiver = receivers_[channel];
    const auto some = static_cast<std::uint32_t>(1 + RandomBelow(random_, receiver.queue.size()));
    for (std::uint32_t i = 0; i < some; ++i) {
      ASSERT_EQ(receiver.queue.front(), receiver.consumed) << "lost or out of order";
      receiver.queue.pop_front();
      ++receiver.consumed;
    }
    // As InputChannel does: the task says so from half of the exclusive credits on, else the next
    // buffer brings it to light.
    receiver.unreported += some;
    if (receiver.unreported >= std::max(1u, shape_.exclusive / 2)) Report(channel);
    SendGrants();
  }
  void Report(std::uint32_t channel) {
    credits_.OnPopped(channel, std::exchange(receivers_[channel].unreported, 0));
  }
  void SendGrants() {
    while (const auto grant = credits_.NextGrant()) {
      to_sender_.push_back({Message::kGrant, grant->channel, grant->credit});
    }
  }
  // Memory: what is queued and what may still come never exceeds exclusive and pool.
  void CheckBounds() {
    std::uint64_t promised = 0, floating = 0;
    for (std::uint32_t channel = 0; channel < shape_.channels; ++channel) {
      const CreditReceiver& credits = *credits_.Find(channel);
      promised += credits.granted() + credits.queued();
      floating += credits.floating();
      ASSERT_EQ(credits.queued(),
                receivers_[channel].queue.size() + receivers_[channel].unreported);
      ASSERT_LE(credits.floating(), shape_.maximum_floating);
      receivers_[channel].most_floating =
          std::max(receivers_[channel].most_floating, credits.floating());
    }
    ASSERT_LE(promised, std::uint64_t{shape_.exclusive} * shape_.channels + shape_.pool);
    ASSERT_EQ(floating + credits_.pool().available(), shape_.pool) << "the pool lost buffers";
  }

  SeededRandom random_;
  const Shape shape_;
  ReceiveCredits credits_;
  std::vector<Sender> senders_;
  std::vector<Receiver> receivers_;
  std::deque<Message> to_receiver_, to_sender_;
};

TEST(CreditSimulationTest, NothingIsLostOverrunOrStuck) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    SeededRandom random(seed * 7919);
    const Simulation::Shape shape{static_cast<std::uint32_t>(1 + RandomBelow(random, 12)),
                                  static_cast<std::uint32_t>(1 + RandomBelow(random, 9)),
                                  static_cast<std::uint32_t>(RandomBelow(random, 6)),
                                  static_cast<std::uint32_t>(RandomBelow(random, 20)),
                                  static_cast<std::uint32_t>(20 + RandomBelow(random, 80))};
    Simulation simulation(seed, shape);
    while (!simulation.Done()) {
      ASSERT_TRUE(simulation.Step()) << "deadlock";
      if (HasFatalFailure()) return;
    }
    while (simulation.Step()) {
    }
    EXPECT_EQ(
        simulation.credits().pool().available() +
            [&] {
              std::uint32_t held = 0;
              for (std::uint32_t i = 0; i < shape.channels; ++i) {
                held += simulation.credits().Find(i)->floating();
              }
              return held;
            }(),
        shape.pool);
  }
}

TEST(CreditSimulationTest, AFrozenChannelStopsNobody) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    Simulation simulation(seed, {6, 2, 3, 8, 200});
    simulation.Freeze(2);
    while (!simulation.Done()) {
      ASSERT_TRUE(simulation.Step()) << "deadlock";
      if (HasFatalFailure()) return;
    }
    EXPECT_EQ(simulation.consumed(2), 0u);
    EXPECT_EQ(simulation.consumed(3), 200u);
  }
}

// Channels that all have a backlog get about the same of the pool.
TEST(CreditSimulationTest, ThePoolIsSharedFairly) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    Simulation simulation(seed, {4, 1, 100, 12, 4000});
    std::vector<std::uint32_t> consumed(4);
    while (std::accumulate(consumed.begin(), consumed.end(), 0u) < 6000) {
      ASSERT_TRUE(simulation.Step());
      if (HasFatalFailure()) return;
      for (std::uint32_t i = 0; i < 4; ++i) consumed[i] = simulation.consumed(i);
    }
    const auto [least, most] = std::minmax_element(consumed.begin(), consumed.end());
    EXPECT_GT(*least, *most / 2);
    for (std::uint32_t i = 0; i < 4; ++i) EXPECT_GT(simulation.most_floating(i), 0u);
  }
}

}  // namespace
}  // namespace weir::network
