#include "jobmanager/rpc_server.h"

#include <chrono>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/socket_address.h"
#include "common/text.h"

namespace weir::jobmanager {
namespace {

// A connection that is cut without a word is noticed after at most this, without heartbeats.
constexpr int kKeepaliveTimeMillis = 10'000;
constexpr int kKeepaliveTimeoutMillis = 10'000;
// Peers may ping as often as that, with or without a session.
constexpr int kLeastPingIntervalMillis = 1'000;
// Events are small; statistics of a large worker are the largest.
constexpr int kMostMessageBytes = 16 << 20;

}  // namespace

struct RpcServer::Implementation {
  std::shared_ptr<grpc::Service> service;
  std::unique_ptr<grpc::Server> server;
};

RpcServer::RpcServer(std::shared_ptr<grpc::Service> service)
    : implementation_(std::make_unique<Implementation>()) {
  implementation_->service = std::move(service);
}

RpcServer::~RpcServer() {
  Stop();
}

Status RpcServer::Start(const std::string& host, int port) {
  const std::string address =
      SocketAddress{.host = host, .port = static_cast<std::uint16_t>(port)}.ToString();
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(implementation_->service.get());
  builder.SetMaxReceiveMessageSize(kMostMessageBytes);
  // Two servers on one port would each get some of the TaskManagers.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMillis);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kLeastPingIntervalMillis);
  implementation_->server = builder.BuildAndStart();
  if (implementation_->server == nullptr || port_ == 0) {
    implementation_->server.reset();
    return Status::Unavailable(Concat("cannot bind the RPC port to ", address));
  }
  return Status::Ok();
}

void RpcServer::Stop() {
  if (implementation_->server == nullptr) return;
  implementation_->server->Shutdown(std::chrono::system_clock::now());
  implementation_->server->Wait();
  implementation_->server.reset();
}

}  // namespace weir::jobmanager
