#include "taskmanager/network/data_port.h"

#include <cerrno>
#include <list>
#include <optional>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/logging.h"
#include "common/socket_address.h"
#include "common/system_error.h"
#include "common/text.h"
#include "taskmanager/network/data_socket.h"
#include "taskmanager/network/handshake_exchange.h"
#include "taskmanager/network/reactor.h"
#include "taskmanager/network/single_frame_reader.h"

namespace weir::network {
namespace {

constexpr int kAcceptsPerTurn = 64;
// Out of descriptors or memory: accept() would fail again at once.
constexpr std::int64_t kAcceptPauseMillis = 100;

Result<UniqueFd> Bind(const addrinfo& address) {
  WEIR_ASSIGN_OR_RETURN(UniqueFd socket, NewTcpSocket(address.ai_family));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    return SystemError("bind", errno);
  }
  if (::listen(socket.get(), SOMAXCONN) != 0) return SystemError("listen", errno);
  return socket;
}

Result<UniqueFd> Listen(const std::string& host, std::uint16_t port) {
  const std::string where = SocketAddress{host, port}.ToString();
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
      error != 0) {
    return Status::InvalidArgument(
        Concat("data port: cannot resolve '", host, "': ", ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &::freeaddrinfo);
  Result<UniqueFd> result = Status::Unavailable("no address");
  for (const addrinfo* each = found; each != nullptr && !result.ok(); each = each->ai_next) {
    result = Bind(*each);
  }
  if (!result.ok()) return result.status().WithContext(Concat("data port ", where));
  return result;
}

std::uint16_t PortOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

class DataPort::Listener {
 public:
  Listener(const Options& options, WorkerRegistry& workers, UniqueFd socket)
      : options_(options), workers_(workers), port_(PortOf(socket.get())) {
    const auto shared = std::make_shared<UniqueFd>(std::move(socket));
    reactor_.Post([this, shared] {
      socket_.emplace(reactor_, std::move(*shared), [this] { OnConnections(); }, [] {});
      pause_.emplace(reactor_, [this] { socket_->WaitReadable(); });
      socket_->WaitReadable();
    });
  }
  ~Listener() { reactor_.Stop(); }

  std::uint16_t port() const { return port_; }

 private:
  // A connection that has not shaken hands.
  struct Pending {
    std::string address;
    std::optional<WatchedDescriptor> socket;
    std::optional<SingleFrameReader> reader;
    std::optional<Timer> timeout;
  };
  using Position = std::list<Pending>::iterator;

  void OnConnections();
  void Begin(UniqueFd socket);
  void OnReadable(Position pending);
  void Finish(Position pending);
  void Dispatch(UniqueFd socket, const std::string& address, const Handshake& handshake);
  void Refuse(int socket, const std::string& address, const Goodbye& refusal);
  void Drop(Position pending, const std::string& reason);

  const Options options_;
  WorkerRegistry& workers_;
  const std::uint16_t port_;
  const ComponentLogger log_{"data-port"};
  Reactor reactor_{"weir-data-port"};
  std::optional<WatchedDescriptor> socket_;
  std::optional<Timer> pause_;
  std::list<Pending> pending_;  // oldest first
};

void DataPort::Listener::OnConnections() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    UniqueFd connection(::accept4(socket_->get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.valid()) {
      Begin(std::move(connection));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      log_.Error(SystemError("accept", errno).message());
      pause_->Start(kAcceptPauseMillis);
      return;
    }
    // Anything else concerns one connection that is gone already (accept(2)).
  }
  socket_->WaitReadable();
}

void DataPort::Listener::Begin(UniqueFd socket) {
  if (pending_.size() >= options_.most_pending) {
    Drop(pending_.begin(), "too many connections that have not shaken hands");
  }
  const Position position = pending_.emplace(pending_.end());
  position->address = PeerAddressText(socket.get());
  position->reader.emplace(position->address, FrameType::kHandshake, FrameType::kHandshake);
  position->timeout.emplace(reactor_, [this, position] { Drop(position, "no handshake in time"); });
  position->timeout->Start(options_.handshake_timeout_ms);
  position->socket.emplace(
      reactor_, std::move(socket), [this, position] { OnReadable(position); }, [] {});
  position->socket->WaitReadable();
}

void DataPort::Listener::OnReadable(Position pending) {
  const Result<bool> complete = pending->reader->Read(pending->socket->get());
  if (!complete.ok()) {
    Drop(pending, complete.status().message());
  } else if (*complete) {
    Finish(pending);
  } else {
    pending->socket->WaitReadable();
  }
}

void DataPort::Listener::Finish(Position pending) {
  const Result<Handshake> handshake = DecodeHandshake(pending->reader->payload());
  if (!handshake.ok()) {
    Drop(pending, handshake.status().message());
    return;
  }
  const std::string address = pending->address;
  UniqueFd socket = pending->socket->Release();
  pending_.erase(pending);
  Dispatch(std::move(socket), address, *handshake);
}

void DataPort::Listener::Dispatch(UniqueFd socket, const std::string& address,
                                  const Handshake& handshake) {
  if (handshake.job.cluster_id != options_.cluster_id) {
    Refuse(socket.get(), address,
           {GoodbyeReason::kRefused, Concat("this is cluster '", options_.cluster_id, "', not '",
                                            handshake.job.cluster_id, "'")});
    return;
  }
  const ConnectionTarget target = workers_.Find(handshake.target_worker_id);
  if (target == nullptr) {
    Refuse(socket.get(), address,
           {GoodbyeReason::kGone,
            Concat("worker ", handshake.target_worker_id, " does not run here")});
    return;
  }
  if (const Status status = target(socket, handshake); !status.ok()) {
    // It is busy, or it has died and is about to be unregistered.
    Refuse(socket.get(), address,
           {GoodbyeReason::kUnavailable,
            Concat("worker ", handshake.target_worker_id, ": ", status.message())});
  }
}

void DataPort::Listener::Refuse(int socket, const std::string& address, const Goodbye& refusal) {
  log_.Warning("refused ", address, ": ", refusal.text);
  const Status told = AnswerHandshake(socket, refusal);
  if (!told.ok()) log_.Debug(address, ": ", told.message());
}

void DataPort::Listener::Drop(Position pending, const std::string& reason) {
  log_.Warning("closed ", pending->address, ": ", reason);
  pending_.erase(pending);
}

Result<std::unique_ptr<DataPort>> DataPort::Open(const Options& options, WorkerRegistry& workers) {
  WEIR_ASSIGN_OR_RETURN(UniqueFd socket, Listen(options.bind_host, options.port));
  return std::unique_ptr<DataPort>(
      new DataPort(std::make_unique<Listener>(options, workers, std::move(socket))));
}

DataPort::DataPort(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}

DataPort::~DataPort() = default;

std::uint16_t DataPort::port() const {
  return listener_->port();
}

}  // namespace weir::network
