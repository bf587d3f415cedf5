// The network between workers: one connection per pair of workers, shared by their channels. What
// is sent over it arrives in order in each direction, late by as much as the simulation likes; it
// breaks as a whole, and then what was under way is lost and both ends hear of it, each in its
// time. Connections of different pairs know nothing of each other.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "taskmanager/network/byte_channel.h"
#include "tests/simulation/simulated_time.h"

namespace weir::simulation {

class SimulatedDataPlane;

class DataNetwork {
 public:
  // Nanoseconds that a message takes; asked for each.
  DataNetwork(SimulatedTime& time, std::function<std::int64_t()> latency)
      : time_(time), latency_(std::move(latency)) {}

  // A connection that there is breaks; any one.
  void BreakOne();

 private:
  friend class SimulatedDataPlane;
  friend class SimulatedSender;
  friend class ReceiverQueue;
  friend class SimulatedReceiver;

  // One end of a channel.
  struct End {
    std::function<void()> on_ready;  // an element, or credit
    std::function<void(Status)> on_failure;
    std::vector<network::Received> elements;  // oldest first
    std::size_t taken = 0;                    // of those
    std::uint32_t credits = 0;                // of the sending end
    std::function<void()> give_credit;        // of the receiving end, once there is a sender
    bool failed = false;
  };
  struct Connection {
    bool broken = false;
    std::int64_t last_due_ns[2] = {0,
                                   0};  // by direction: from the smaller worker id, from the other
    std::vector<std::weak_ptr<End>> ends[2];
  };
  using Pair = std::pair<std::string, std::string>;  // the smaller worker id first

  std::shared_ptr<Connection> Connect(const std::string& from, const std::string& to);
  // Calls `arrive` later, if the connection holds until then.
  void Send(const std::shared_ptr<Connection>& connection, int direction,
            std::function<void()> arrive);
  void Break(const Pair& pair, const std::string& reason);
  void Fail(const std::weak_ptr<End>& end, const std::string& reason);

  SimulatedTime& time_;
  const std::function<std::int64_t()> latency_;
  std::map<Pair, std::shared_ptr<Connection>> connections_;
  std::map<std::string, SimulatedDataPlane*> planes_;  // by worker id; those that live
};

// A worker's. Its end breaks all its connections.
class SimulatedDataPlane final : public network::DataPlane {
 public:
  SimulatedDataPlane(DataNetwork& network, std::string worker_id);
  ~SimulatedDataPlane() override;

  Result<std::unique_ptr<network::ByteReceiver>> RegisterInput(
      const network::ChannelIdentity& channel, const std::string& source_worker_id,
      network::ReceiverEvents events) override;
  Result<std::unique_ptr<network::ByteSender>> OpenOutput(const network::ChannelIdentity& channel,
                                                          const network::PeerAddress& target,
                                                          network::SenderEvents events) override;
  void AddConnection(int, const std::string&) override {}

 private:
  friend class DataNetwork;
  using ChannelKey = std::pair<std::uint32_t, std::pair<std::uint32_t, std::uint32_t>>;
  static ChannelKey KeyOf(const network::ChannelIdentity& channel) {
    return {channel.channel, {channel.source_attempt, channel.target_attempt}};
  }

  DataNetwork& network_;
  const std::string worker_id_;
  std::map<ChannelKey, std::weak_ptr<DataNetwork::End>> inputs_;
};

}  // namespace weir::simulation
