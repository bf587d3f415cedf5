#include "tests/simulation/simulated_data_plane.h"

#include <algorithm>
#include <functional>
#include <optional>

namespace weir::simulation {

namespace {

// Buffers that a channel may have under way: few, so that credit is often short.
constexpr std::uint32_t kCredits = 2;

int DirectionOf(const std::string& from, const std::string& to) {
  return from < to ? 0 : 1;
}

}  // namespace

class SimulatedSender final : public network::ByteSender {
 public:
  using End = DataNetwork::End;
  SimulatedSender(DataNetwork& network, std::shared_ptr<DataNetwork::Connection> connection,
                  int direction, std::shared_ptr<End> own, std::weak_ptr<End> other)
      : network_(network),
        connection_(std::move(connection)),
        direction_(direction),
        own_(std::move(own)),
        other_(std::move(other)) {}

  std::uint32_t credits() const override { return own_->credits; }
  void Send(network::Buffer buffer, std::uint32_t) override {
    --own_->credits;
    sent_ += buffer.bytes.size();
    SendElement({std::move(buffer)});
  }
  void AnnounceBacklog(std::uint32_t) override {}
  void SendControl(const internal::ControlElement& element) override { SendElement({element}); }
  void Push() override {}
  network::Bytes TakeEmptyBytes() override { return {}; }
  std::uint64_t bytes_sent() const override { return sent_; }

 private:
  void SendElement(network::Received element) {
    network_.Send(
        connection_, direction_,
        [other = other_, message = std::make_shared<network::Received>(std::move(element))] {
          const auto end = other.lock();
          if (end == nullptr) return;
          const bool was_empty = end->taken == end->elements.size();
          end->elements.push_back(std::move(*message));
          if (was_empty) end->on_ready();
        });
  }

  DataNetwork& network_;
  const std::shared_ptr<DataNetwork::Connection> connection_;
  const int direction_;
  const std::shared_ptr<End> own_;
  const std::weak_ptr<End> other_;
  std::uint64_t sent_ = 0;
};

class SimulatedReceiver final : public network::ByteReceiver {
 public:
  explicit SimulatedReceiver(std::shared_ptr<DataNetwork::End> own) : own_(std::move(own)) {}

  bool HasElement() const override { return own_->taken < own_->elements.size(); }
  std::optional<network::Received> Pop() override {
    if (!HasElement()) return std::nullopt;
    std::optional<network::Received> element = std::move(own_->elements[own_->taken++]);
    if (!HasElement()) {
      own_->elements.clear();
      own_->taken = 0;
    }
    if (std::holds_alternative<network::Buffer>(element->element) && own_->give_credit) {
      own_->give_credit();
    }
    return element;
  }
  void Recycle(network::Bytes) override {}
  std::uint64_t bytes_received() const override { return 0; }

 private:
  const std::shared_ptr<DataNetwork::End> own_;
};

std::shared_ptr<DataNetwork::Connection> DataNetwork::Connect(const std::string& from,
                                                              const std::string& to) {
  auto& connection = connections_[std::minmax(from, to)];
  if (connection == nullptr || connection->broken) connection = std::make_shared<Connection>();
  return connection;
}

void DataNetwork::Send(const std::shared_ptr<Connection>& connection, int direction,
                       std::function<void()> arrive) {
  if (connection->broken) return;
  std::int64_t& last_due_ns = connection->last_due_ns[direction];
  last_due_ns = std::max(last_due_ns, time_.now_ns() + latency_());
  time_.After(last_due_ns - time_.now_ns(), [connection, arrive = std::move(arrive)] {
    if (!connection->broken) arrive();
  });
}

void DataNetwork::Fail(const std::weak_ptr<End>& end, const std::string& reason) {
  time_.After(latency_(), [end, reason] {
    const auto failing = end.lock();
    if (failing == nullptr || std::exchange(failing->failed, true)) return;
    failing->on_failure(Status::Unavailable(reason));
  });
}

void DataNetwork::Break(const Pair& pair, const std::string& reason) {
  const auto found = connections_.find(pair);
  if (found == connections_.end()) return;
  const std::shared_ptr<Connection> connection = found->second;
  connections_.erase(found);
  connection->broken = true;
  for (const auto& ends : connection->ends) {
    for (const std::weak_ptr<End>& end : ends) Fail(end, reason);
  }
}

void DataNetwork::BreakOne() {
  if (connections_.empty()) return;
  auto chosen = connections_.begin();
  std::advance(chosen, time_.Below(static_cast<std::int64_t>(connections_.size())));
  const Pair pair = chosen->first;
  Break(pair, "the connection of workers " + pair.first + " and " + pair.second + " broke");
}

SimulatedDataPlane::SimulatedDataPlane(DataNetwork& network, std::string worker_id)
    : network_(network), worker_id_(std::move(worker_id)) {
  network_.planes_[worker_id_] = this;
}

SimulatedDataPlane::~SimulatedDataPlane() {
  network_.planes_.erase(worker_id_);
  std::vector<DataNetwork::Pair> own;
  for (const auto& [pair, connection] : network_.connections_) {
    if (pair.first == worker_id_ || pair.second == worker_id_) own.push_back(pair);
  }
  for (const DataNetwork::Pair& pair : own) {
    network_.Break(pair, "worker " + worker_id_ + " is gone");
  }
}

Result<std::unique_ptr<network::ByteReceiver>> SimulatedDataPlane::RegisterInput(
    const network::ChannelIdentity& channel, const std::string&, network::ReceiverEvents events) {
  auto end = std::make_shared<DataNetwork::End>();
  end->on_ready = std::move(events.on_element);
  end->on_failure = std::move(events.on_failure);
  inputs_[KeyOf(channel)] = end;
  return std::unique_ptr<network::ByteReceiver>(
      std::make_unique<SimulatedReceiver>(std::move(end)));
}

Result<std::unique_ptr<network::ByteSender>> SimulatedDataPlane::OpenOutput(
    const network::ChannelIdentity& channel, const network::PeerAddress& target,
    network::SenderEvents events) {
  auto own = std::make_shared<DataNetwork::End>();
  own->on_ready = std::move(events.on_credit);
  own->on_failure = std::move(events.on_failure);
  own->credits = kCredits;
  const auto connection = network_.Connect(worker_id_, target.worker_id);
  const int direction = DirectionOf(worker_id_, target.worker_id);
  connection->ends[direction].push_back(own);
  const auto plane = network_.planes_.find(target.worker_id);
  std::weak_ptr<DataNetwork::End> other;
  if (plane != network_.planes_.end()) {
    const auto input = plane->second->inputs_.find(KeyOf(channel));
    if (input != plane->second->inputs_.end()) other = input->second;
  }
  if (const auto receiving = other.lock()) {
    connection->ends[1 - direction].push_back(other);
    receiving->give_credit = [&network = network_, connection, direction,
                              sender = std::weak_ptr(own)] {
      network.Send(connection, 1 - direction, [sender] {
        const auto end = sender.lock();
        if (end != nullptr && end->credits++ == 0) end->on_ready();
      });
    };
  } else {
    network_.Fail(own, "worker " + target.worker_id + " does not take channel " +
                           std::to_string(channel.channel));
  }
  return std::unique_ptr<network::ByteSender>(std::make_unique<SimulatedSender>(
      network_, connection, direction, std::move(own), std::move(other)));
}

}  // namespace weir::simulation
