// How the JobManager's address is found where the name server answers in part.
#include <array>
#include <chrono>
#include <future>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/text.h"
#include "common/unique_fd.h"
#include "proto/session.grpc.pb.h"
#include "taskmanager/session/grpc_job_manager_client.h"

namespace weir::session {
namespace {

// Knows the IPv4 address of every name, 127.0.0.1, and does not answer other questions.
class Ipv4NameServer {
 public:
  Ipv4NameServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_.get(), Address(), sizeof(address_)), 0);
    socklen_t size = sizeof(address_);
    EXPECT_EQ(::getsockname(socket_.get(), Address(), &size), 0);
    thread_ = std::thread([this] { Serve(); });
  }
  ~Ipv4NameServer() {
    // An empty datagram ends the thread.
    EXPECT_EQ(::sendto(socket_.get(), "", 0, 0, Address(), sizeof(address_)), 0);
    thread_.join();
  }
  int port() const { return ntohs(address_.sin_port); }

 private:
  static constexpr std::size_t kHeaderSize = 12;

  sockaddr* Address() { return reinterpret_cast<sockaddr*>(&address_); }

  void Serve() {
    std::array<char, 512> datagram{};
    while (true) {
      sockaddr_in client{};
      socklen_t size = sizeof(client);
      const ssize_t length = ::recvfrom(socket_.get(), datagram.data(), datagram.size(), 0,
                                        reinterpret_cast<sockaddr*>(&client), &size);
      if (length <= 0) return;
      const std::string answer = Answer({datagram.data(), static_cast<std::size_t>(length)});
      if (answer.empty()) continue;
      ::sendto(socket_.get(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&client),
               size);
    }
  }

  // RFC 1035, section 4; empty unless the question is for an IPv4 address.
  static std::string Answer(const std::string& query) {
    const std::size_t name_end = query.find('\0', kHeaderSize);
    if (name_end == std::string::npos || query.size() < name_end + 5) return "";
    if (query.substr(name_end + 1, 4) != std::string("\0\1\0\1", 4)) return "";
    std::string answer = query.substr(0, 2);                // the query's id
    answer += std::string("\x84\x00\0\1\0\1\0\0\0\0", 10);  // one question, one answer
    answer += query.substr(kHeaderSize, name_end + 5 - kHeaderSize);
    answer += std::string("\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1", 16);
    return answer;
  }

  const UniqueFd socket_;
  sockaddr_in address_{};
  std::thread thread_;
};

class EmptyJobManager final : public proto::JobManagerService::Service {
  grpc::Status FetchBlob(grpc::ServerContext*, const proto::FetchBlobRequest*,
                         grpc::ServerWriter<proto::BlobChunk>*) override {
    return {grpc::StatusCode::NOT_FOUND, "no such blob"};
  }
};

TEST(JobManagerAddressTest, IsTakenWhereTheNameServerDoesNotAnswerForIpv6) {
  EmptyJobManager service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  Ipv4NameServer names;
  const auto client =
      ConnectToJobManager(Concat("dns://127.0.0.1:", names.port(), "/jobmanager.test:", port));
  auto fetched = std::async(std::launch::async, [&] {
    return client->FetchBlob("0a1b", [](std::string_view) { return Status::Ok(); });
  });
  // A worker's lease is 30 s.
  ASSERT_EQ(fetched.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  const Status status = fetched.get();
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status.ToString();
}

}  // namespace
}  // namespace weir::session
