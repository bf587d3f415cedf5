#include "tests/simulation/simulated_sessions.h"

#include <algorithm>
#include <utility>

#include "minicluster/session_kinds.h"

namespace weir::simulation {
namespace {

using minicluster::TaskManagerKind;
using minicluster::WorkerKind;

// Both ends of a stream. The JobManager holds it as its session, the peer through PeerEnd.
template <class Kind>
class Stream final : public Kind::Session,
                     public Link,
                     public std::enable_shared_from_this<Stream<Kind>> {
 public:
  using Event = typename Kind::Event;
  using Command = typename Kind::Command;

  Stream(SessionNetwork& network, std::string name, session::StreamCallbacks<Command> callbacks)
      : network_(network),
        name_(std::move(name)),
        frontend_(network.frontend()),
        generation_(network.generation()),
        callbacks_(std::move(callbacks)) {}

  // jobmanager's end
  void Send(Command command) override {
    const auto message = std::make_shared<Command>(std::move(command));
    network_.history().Command(name_, *message);
    Later(to_peer_due_ns_, [this, message] {
      if (!peer_closed_) callbacks_.on_command(std::move(*message));
    });
  }
  void Close(const Status& reason) override {
    network_.history().Note(name_ + ": closed by the JobManager: " + reason.message());
    Later(to_peer_due_ns_, [this] { ClosePeer(Status::Ok()); });
    Later(to_server_due_ns_, [this, reason] { CloseServer(reason); });
  }

  // peer's end
  void Deliver(Event event) {
    const auto message = std::make_shared<Event>(std::move(event));
    network_.history().Event(name_, *message);
    Later(to_server_due_ns_, [this, message] {
      if (server_closed_ || !ServerLives()) return;
      Kind::Deliver(*frontend_, this->shared_from_this(), std::move(*message));
    });
  }
  void PeerGone() {
    peer_closed_ = true;
    Later(to_server_due_ns_, [this] { CloseServer(Status::Unavailable("the peer is gone")); });
  }

  void Break() override {
    if (std::exchange(broken_, true)) return;
    // What is under way is lost: it would arrive after the end.
    network_.time().After(network_.Latency(), [self = this->shared_from_this()] {
      self->CloseServer(Status::Unavailable("the connection broke"));
    });
    network_.time().After(network_.Latency(), [self = this->shared_from_this()] {
      self->ClosePeer(Status::Unavailable("the connection broke"));
    });
  }
  bool broken() const override { return broken_ || (peer_closed_ && server_closed_); }

 private:
  bool ServerLives() const {
    return network_.frontend() != nullptr && network_.generation() == generation_;
  }

  void Later(std::int64_t& last_due_ns, std::function<void()> arrive) {
    SimulatedTime& time = network_.time();
    last_due_ns = std::max(last_due_ns, time.now_ns() + network_.Latency());
    time.After(last_due_ns - time.now_ns(),
               [self = this->shared_from_this(), arrive = std::move(arrive)] {
                 if (!self->broken_) arrive();
               });
  }
  void CloseServer(const Status& reason) {
    if (std::exchange(server_closed_, true) || !ServerLives()) return;
    Kind::Closed(*frontend_, this, reason);
  }
  void ClosePeer(const Status& reason) {
    if (std::exchange(peer_closed_, true)) return;
    callbacks_.on_closed(reason);
  }

  SessionNetwork& network_;
  const std::string name_;
  jobmanager::SessionFrontend* const frontend_;
  const int generation_;
  const session::StreamCallbacks<Command> callbacks_;
  std::int64_t to_peer_due_ns_ = 0;
  std::int64_t to_server_due_ns_ = 0;
  bool broken_ = false;
  bool server_closed_ = false;  // the frontend was told
  bool peer_closed_ = false;    // the peer was told, or has let go
};

template <class Kind>
class PeerEnd final : public session::SessionStream<typename Kind::Event> {
 public:
  explicit PeerEnd(std::shared_ptr<Stream<Kind>> stream) : stream_(std::move(stream)) {}
  ~PeerEnd() override { stream_->PeerGone(); }
  void Send(typename Kind::Event event) override { stream_->Deliver(std::move(event)); }
  std::size_t queued() const override { return 0; }

 private:
  const std::shared_ptr<Stream<Kind>> stream_;
};

template <class Kind>
std::unique_ptr<session::SessionStream<typename Kind::Event>> Open(
    SessionNetwork& network, const std::string& name,
    session::StreamCallbacks<typename Kind::Command> callbacks) {
  auto stream = std::make_shared<Stream<Kind>>(network, name, std::move(callbacks));
  if (network.frontend() == nullptr) stream->Break();
  network.Add(stream);
  return std::make_unique<PeerEnd<Kind>>(std::move(stream));
}

}  // namespace

void SessionNetwork::Add(std::weak_ptr<Link> link) {
  std::erase_if(links_, [](const std::weak_ptr<Link>& other) {
    const auto held = other.lock();
    return held == nullptr || held->broken();
  });
  links_.push_back(std::move(link));
}

void SessionNetwork::StopListening() {
  frontend_ = nullptr;
  for (const std::weak_ptr<Link>& weak : std::exchange(links_, {})) {
    if (const auto link = weak.lock()) link->Break();
  }
}

void SessionNetwork::BreakOne() {
  std::vector<std::shared_ptr<Link>> whole;
  for (const std::weak_ptr<Link>& weak : links_) {
    const auto link = weak.lock();
    if (link != nullptr && !link->broken()) whole.push_back(link);
  }
  if (whole.empty()) return;
  whole[static_cast<std::size_t>(time_.Below(static_cast<std::int64_t>(whole.size())))]->Break();
}

std::unique_ptr<session::TaskManagerStream> SimulatedClient::OpenTaskManagerSession(
    EventLoop&, session::TaskManagerCallbacks callbacks) {
  return Open<TaskManagerKind>(network_, name_, std::move(callbacks));
}

std::unique_ptr<session::WorkerStream> SimulatedClient::OpenWorkerSession(
    EventLoop&, session::WorkerCallbacks callbacks) {
  return Open<WorkerKind>(network_, name_, std::move(callbacks));
}

Status SimulatedClient::FetchBlob(const std::string& content_hash,
                                  const std::function<Status(std::string_view)>&) {
  return Status::NotFound("no plugin " + content_hash + ": the simulation has none");
}

}  // namespace weir::simulation
