#include "taskmanager/network/tcp_data_plane.h"

#include <cassert>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/logging.h"
#include "common/mutex.h"
#include "common/text.h"
#include "taskmanager/network/data_socket.h"
#include "taskmanager/network/handshake_exchange.h"
#include "taskmanager/network/input_table.h"
#include "taskmanager/network/network_mailbox.h"
#include "taskmanager/network/peer.h"
#include "taskmanager/network/reactor.h"

namespace weir::network {

// What the network thread owns, and the way to it.
class TcpDataPlane::Network {
 public:
  Network(std::string worker_id, JobIdentity job, const NetworkOptions& options)
      : worker_id_(std::move(worker_id)),
        job_(std::move(job)),
        options_(options),
        inputs_(options.credits, options.floating_buffers, options.exclusive_budget) {}
  ~Network();

  const std::string& worker_id() const { return worker_id_; }

  // ---- any thread ----
  std::shared_ptr<InputChannel> RegisterInput(const ChannelIdentity& channel,
                                              const std::string& source_worker_id,
                                              ReceiverEvents events);
  std::shared_ptr<OutputChannel> OpenOutput(const ChannelIdentity& channel,
                                            const PeerAddress& target, SenderEvents events);
  void AddConnection(UniqueFd socket, const std::string& peer_worker_id);
  void AcceptConnection(UniqueFd socket, const Handshake& handshake);

 private:
  // ---- within a turn ----
  Peer& PeerOf(const std::string& worker_id);
  void OnMail();
  void AfterEvent();
  void BeginStop();
  void EndStop();

  const std::string worker_id_;
  const JobIdentity job_;
  const NetworkOptions options_;
  const ComponentLogger log_{"network"};
  const std::shared_ptr<BufferPool> for_reading_ =
      std::make_shared<BufferPool>(options_.recycled_buffers);
  const std::shared_ptr<BufferPool> emptied_ =
      std::make_shared<BufferPool>(options_.recycled_buffers);
  const std::function<void()> after_event_ = [this] { AfterEvent(); };
  const std::shared_ptr<Reactor> reactor_ =
      std::make_shared<Reactor>("weir-network", [this] { OnMail(); });
  const std::shared_ptr<NetworkMailbox> mailbox_ = std::make_shared<NetworkMailbox>(reactor_);

  InputTable inputs_;
  std::unordered_map<std::string, std::unique_ptr<Peer>> peers_;
  NetworkMailbox::Outputs mail_outputs_;
  NetworkMailbox::Inputs mail_inputs_;
  bool in_after_event_ = false;
  bool event_again_ = false;
  std::unique_ptr<Timer> drain_timer_;  // while stopping

  Mutex mutex_;
  CondVar stopped_changed_;
  bool stopped_ WEIR_GUARDED_BY(mutex_) = false;
};

TcpDataPlane::Network::~Network() {
  reactor_->Post([this] { BeginStop(); });
  {
    // Bounded by the drain timer, which runs on the reactor.
    MutexLock lock(mutex_);
    while (!stopped_) stopped_changed_.Wait(mutex_);
  }
  reactor_->Stop();
  mailbox_->Close();
}

std::shared_ptr<InputChannel> TcpDataPlane::Network::RegisterInput(
    const ChannelIdentity& identity, const std::string& source_worker_id, ReceiverEvents events) {
  auto channel = std::make_shared<InputChannel>(identity, source_worker_id, std::move(events),
                                                mailbox_, for_reading_);
  reactor_->Post([this, channel] { inputs_.Add(channel); });
  return channel;
}

std::shared_ptr<OutputChannel> TcpDataPlane::Network::OpenOutput(const ChannelIdentity& identity,
                                                                 const PeerAddress& target,
                                                                 SenderEvents events) {
  auto channel = std::make_shared<OutputChannel>(identity, target.worker_id, std::move(events),
                                                 mailbox_, emptied_);
  reactor_->Post([this, channel, target] {
    PeerOf(target.worker_id).AddOutput(channel, target);
    AfterEvent();
  });
  return channel;
}

void TcpDataPlane::Network::AddConnection(UniqueFd socket, const std::string& peer_worker_id) {
  // std::function wants to be copyable; the descriptor is closed if this never runs.
  const auto shared = std::make_shared<UniqueFd>(std::move(socket));
  reactor_->Post([this, shared, peer_worker_id] {
    PeerOf(peer_worker_id).OnIncoming(std::move(*shared));
    AfterEvent();
  });
}

void TcpDataPlane::Network::AcceptConnection(UniqueFd socket, const Handshake& handshake) {
  const Status status = CheckHandshake(handshake, job_, worker_id_);
  if (status.ok()) {
    AddConnection(std::move(socket), handshake.source_worker_id);
    return;
  }
  log_.Warning("refused a connection from ", PeerAddressText(socket.get()), ": ", status.message());
  const Status told =
      AnswerHandshake(socket.get(), Goodbye{GoodbyeReason::kRefused, status.message()});
  if (!told.ok()) log_.Debug("the refusal could not be sent: ", told.message());
}

// Peers that nothing is left of go when a new one comes, so that their number stays that of the
// workers that are in use.
Peer& TcpDataPlane::Network::PeerOf(const std::string& worker_id) {
  const auto found = peers_.find(worker_id);
  if (found != peers_.end()) return *found->second;
  std::erase_if(peers_, [](const auto& entry) { return entry.second->unused(); });
  const PeerEnvironment environment{*reactor_, options_,      job_,      worker_id_,
                                    inputs_,   *for_reading_, *emptied_, after_event_};
  auto peer = std::make_unique<Peer>(environment, worker_id);
  if (drain_timer_ != nullptr) peer->Stop();
  return *peers_.emplace(worker_id, std::move(peer)).first->second;
}

void TcpDataPlane::Network::OnMail() {
  mailbox_->Take(mail_outputs_, mail_inputs_);
  for (const auto& input : mail_inputs_) inputs_.OnNews(input);
  for (auto& output : mail_outputs_) {
    const auto peer = peers_.find(output->target_worker_id());
    // Not there yet: the channel was just made and is on its way here by another post.
    if (peer != peers_.end()) peer->second->OnNews(std::move(output));
  }
  mail_inputs_.clear();
  mail_outputs_.clear();
  AfterEvent();
}

// Writing can end a connection, which is an event again.
void TcpDataPlane::Network::AfterEvent() {
  event_again_ = true;
  if (std::exchange(in_after_event_, true)) return;
  while (std::exchange(event_again_, false)) {
    inputs_.SendGrants();
    for (const auto& [worker_id, peer] : peers_) peer->Pump();
  }
  in_after_event_ = false;
  if (drain_timer_ == nullptr) return;
  for (const auto& [worker_id, peer] : peers_) {
    if (!peer->stopped()) return;
  }
  EndStop();
}

void TcpDataPlane::Network::BeginStop() {
  drain_timer_ = std::make_unique<Timer>(*reactor_, [this] {
    log_.Warning("peers did not take everything within ", options_.drain_timeout_ms,
                 " ms; stopping without them");
    EndStop();
  });
  drain_timer_->Start(options_.drain_timeout_ms);
  OnMail();
  for (const auto& [worker_id, peer] : peers_) peer->Stop();
  AfterEvent();
}

void TcpDataPlane::Network::EndStop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  stopped_changed_.SignalAll();
}

TcpDataPlane::TcpDataPlane(std::string worker_id, JobIdentity job, const NetworkOptions& options)
    : network_(std::make_unique<Network>(std::move(worker_id), std::move(job), options)) {}

TcpDataPlane::~TcpDataPlane() = default;

Result<std::unique_ptr<ByteReceiver>> TcpDataPlane::RegisterInput(
    const ChannelIdentity& channel, const std::string& source_worker_id, ReceiverEvents events) {
  if (source_worker_id == network_->worker_id()) {
    return Status::Internal(Concat("channel ", channel.channel, " does not leave the worker"));
  }
  return MakeByteReceiver(network_->RegisterInput(channel, source_worker_id, std::move(events)));
}

Result<std::unique_ptr<ByteSender>> TcpDataPlane::OpenOutput(const ChannelIdentity& channel,
                                                             const PeerAddress& target,
                                                             SenderEvents events) {
  if (target.worker_id == network_->worker_id()) {
    return Status::Internal(Concat("channel ", channel.channel, " does not leave the worker"));
  }
  return MakeByteSender(network_->OpenOutput(channel, target, std::move(events)));
}

void TcpDataPlane::AddConnection(int socket, const std::string& peer_worker_id) {
  network_->AddConnection(UniqueFd(socket), peer_worker_id);
}

void TcpDataPlane::AcceptConnection(UniqueFd socket, const Handshake& handshake) {
  network_->AcceptConnection(std::move(socket), handshake);
}

}  // namespace weir::network
