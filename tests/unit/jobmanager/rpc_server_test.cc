// The RPC port over loopback with raw clients: sessions, refusals, blobs, garbage.
#include "jobmanager/rpc_server.h"

#include <fstream>
#include <future>
#include <optional>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/content_hash.h"
#include "common/temporary_directory.h"
#include "common/text.h"
#include "common/thread_event_loop.h"
#include "common/unique_fd.h"
#include "jobmanager/job_manager.h"
#include "proto/session.grpc.pb.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using Stub = proto::JobManagerService::Stub;
constexpr std::int64_t kDeadlineMillis = 20'000;

class RpcServerTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(StartServer({})); }

  void StartServer(JobManagerServiceOptions service_options) {
    JobManagerOptions options;
    options.plugin_directory = directory_.path();
    options.timings.heartbeat_interval_ms = 20;
    manager_.emplace(JobManagerWorld{.loop = loop_,
                                     .blocking = loop_,
                                     .clock = SystemClock(),
                                     .random = SystemRandom(),
                                     .files = LocalFileSystem(),
                                     .describer = describer_},
                     options);
    ASSERT_TRUE(manager_->Open().ok());
    loop_.Start();
    server_.emplace(MakeJobManagerService(
        loop_, manager_->sessions(),
        [this](const std::string& hash) { return manager_->FindBlob(hash); }, service_options));
    const Status started = server_->Start("127.0.0.1", 0);
    ASSERT_TRUE(started.ok()) << started.ToString();
    channel_ = grpc::CreateChannel(Concat("127.0.0.1:", server_->port()),
                                   grpc::InsecureChannelCredentials());
    stub_ = proto::JobManagerService::NewStub(channel_);
  }

  void TearDown() override {
    server_->Stop();
    loop_.Stop();
  }

  static proto::TaskManagerEvent Hello() {
    proto::TaskManagerEvent event;
    event.mutable_hello()->mutable_hello()->mutable_protocol()->set_minimum(1);
    event.mutable_hello()->mutable_hello()->mutable_protocol()->set_maximum(1);
    event.mutable_hello()->mutable_hello()->set_cluster_id("default");
    event.mutable_hello()->set_task_manager_id("tm-1");
    event.mutable_hello()->set_host("127.0.0.1");
    event.mutable_hello()->set_slot_count(2);
    return event;
  }

  // Polls the cluster until it has so many TaskManagers.
  bool WaitForTaskManagers(int count) {
    const std::int64_t deadline_ms = SystemClock().MonotonicMillis() + kDeadlineMillis;
    while (SystemClock().MonotonicMillis() < deadline_ms) {
      std::promise<int> promise;
      manager_->GetOverview([&](Result<rest::ClusterOverview> overview) {
        promise.set_value(overview->task_managers);
      });
      if (promise.get_future().get() == count) return true;
    }
    return false;
  }

  void ExpectRefused(const proto::TaskManagerEvent& event, const std::string& why) {
    grpc::ClientContext context;
    const auto stream = stub_->TaskManagerSession(&context);
    stream->Write(event);
    proto::TaskManagerCommand command;
    ASSERT_TRUE(stream->Read(&command));
    EXPECT_TRUE(command.rejected().final());
    EXPECT_THAT(command.rejected().error().message(), HasSubstr(why));
    EXPECT_FALSE(stream->Read(&command));
    EXPECT_TRUE(stream->Finish().ok());
  }

  TemporaryDirectory directory_ = *TemporaryDirectory::Create();
  NoDescriber describer_;
  ThreadEventLoop loop_{"test"};
  std::optional<JobManager> manager_;
  std::optional<RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(RpcServerTest, WelcomesATaskManagerAndNoticesItsEnd) {
  grpc::ClientContext context;
  const auto stream = stub_->TaskManagerSession(&context);
  ASSERT_TRUE(stream->Write(Hello()));
  proto::TaskManagerCommand command;
  ASSERT_TRUE(stream->Read(&command));
  EXPECT_EQ(command.welcome().protocol(), 1u);
  ASSERT_TRUE(stream->Read(&command));
  EXPECT_TRUE(command.has_heartbeat());
  EXPECT_TRUE(WaitForTaskManagers(1));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(WaitForTaskManagers(0));
}

TEST_F(RpcServerTest, NoticesWhenAPeerOnlyClosesItsSide) {
  grpc::ClientContext context;
  const auto stream = stub_->TaskManagerSession(&context);
  ASSERT_TRUE(stream->Write(Hello()));
  ASSERT_TRUE(WaitForTaskManagers(1));
  stream->WritesDone();
  EXPECT_TRUE(WaitForTaskManagers(0));
  proto::TaskManagerCommand command;
  while (stream->Read(&command)) {
  }
  // A heartbeat that was being written to the peer that left is cut off.
  EXPECT_THAT(stream->Finish().error_code(),
              AnyOf(grpc::StatusCode::OK, grpc::StatusCode::CANCELLED));
}

TEST_F(RpcServerTest, RefusesAnotherVersionClusterAndFirstMessage) {
  proto::TaskManagerEvent event = Hello();
  event.mutable_hello()->mutable_hello()->mutable_protocol()->set_minimum(9);
  event.mutable_hello()->mutable_hello()->mutable_protocol()->set_maximum(9);
  ExpectRefused(event, "it speaks protocol versions 9 to 9");
  event = Hello();
  event.mutable_hello()->mutable_hello()->set_cluster_id("other");
  ExpectRefused(event, "it belongs to cluster 'other'");
  event.Clear();
  ExpectRefused(event, "its first message is no hello");
}

TEST_F(RpcServerTest, RefusesAWorkerOfAnotherLeader) {
  grpc::ClientContext context;
  const auto stream = stub_->WorkerSession(&context);
  proto::WorkerEvent event;
  event.mutable_leader()->set_id("of the past");
  *event.mutable_hello()->mutable_hello() = Hello().hello().hello();
  stream->Write(event);
  proto::WorkerCommand command;
  ASSERT_TRUE(stream->Read(&command));
  EXPECT_TRUE(command.rejected().final());
  EXPECT_EQ(command.rejected().error().message(), "unknown leader session");
  EXPECT_FALSE(stream->Read(&command));
}

TEST_F(RpcServerTest, SendsABlobInPieces) {
  std::string content(1'000'000, 'x');
  for (std::size_t index = 0; index < content.size(); ++index) {
    content[index] = static_cast<char>(index * 31 / 7);
  }
  const std::string hash = ContentHash(content);
  std::ofstream(directory_.path() + "/blobs/" + hash, std::ios::binary) << content;
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{600'000}}) {
    grpc::ClientContext context;
    proto::FetchBlobRequest request;
    request.set_content_hash(hash);
    request.set_offset(offset);
    const auto reader = stub_->FetchBlob(&context, request);
    std::string received;
    proto::BlobChunk chunk;
    while (reader->Read(&chunk)) received += chunk.data();
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_TRUE(received == content.substr(offset));
  }
  for (const std::string& unknown : {std::string(64, 'a'), std::string("../jars")}) {
    grpc::ClientContext context;
    proto::FetchBlobRequest request;
    request.set_content_hash(unknown);
    const auto reader = stub_->FetchBlob(&context, request);
    proto::BlobChunk chunk;
    EXPECT_FALSE(reader->Read(&chunk));
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  }
}

// Sends bytes to the port and reads until the server closes the connection.
void SendRaw(int port, const std::string& bytes) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
  ::shutdown(fd.get(), SHUT_WR);
  char buffer[4096];
  while (::read(fd.get(), buffer, sizeof buffer) > 0) {
  }
}

TEST_F(RpcServerTest, GarbageOnThePortHarmsNobody) {
  std::string garbage(10'000, '\0');
  SeededRandom random(5);
  for (char& byte : garbage) byte = static_cast<char>(random.NextUint64());
  SendRaw(server_->port(), garbage);
  SendRaw(server_->port(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  // A valid preface and a frame of the largest length.
  SendRaw(server_->port(),
          std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + "\xff\xff\xff" + garbage);
  grpc::ClientContext context;
  const auto stream = stub_->TaskManagerSession(&context);
  ASSERT_TRUE(stream->Write(Hello()));
  EXPECT_TRUE(WaitForTaskManagers(1));
  context.TryCancel();
  stream->Finish();
}

TEST_F(RpcServerTest, AnEventThatIsNoMessageEndsItsSessionOnly) {
  grpc::GenericStub generic(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto call =
      generic.PrepareCall(&context, "/weir.proto.JobManagerService/TaskManagerSession", &queue);
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return ok;
  };
  call->StartCall(nullptr);
  ASSERT_TRUE(next());
  const grpc::Slice slice("\xff\xff\xff\xff");
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  ASSERT_TRUE(next());
  grpc::Status status;
  call->Finish(&status, nullptr);
  EXPECT_TRUE(next());
  queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
  }
  EXPECT_TRUE(WaitForTaskManagers(0));
}

class BoundedQueueTest : public RpcServerTest {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(StartServer({.most_queued_commands = 8})); }
};

TEST_F(BoundedQueueTest, DisconnectsAPeerThatDoesNotRead) {
  grpc::ClientContext context;
  const auto stream = stub_->TaskManagerSession(&context);
  ASSERT_TRUE(stream->Write(Hello()));
  ASSERT_TRUE(WaitForTaskManagers(1));
  // More than the peer's window takes, so that the commands after it wait.
  loop_.Post([this] {
    for (int index = 0; index < 64; ++index) {
      proto::TaskManagerCommand command;
      command.mutable_start_worker()->set_job_name(std::string(1 << 20, 'x'));
      manager_->jobs().resources().Send("tm-1", std::move(command));
    }
  });
  EXPECT_TRUE(WaitForTaskManagers(0));
  context.TryCancel();
  stream->Finish();
}

TEST_F(RpcServerTest, SaysWhenThePortIsTaken) {
  RpcServer second(MakeJobManagerService(loop_, manager_->sessions(), [](const std::string&) {
    return Result<std::string>(Status::NotFound("none"));
  }));
  const Status status = second.Start("127.0.0.1", server_->port());
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr(Concat("127.0.0.1:", server_->port())));
}

}  // namespace
}  // namespace weir::jobmanager
