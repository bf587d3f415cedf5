#include "taskmanager/session/grpc_job_manager_client.h"

#include <deque>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/mutex.h"
#include "common/text.h"
#include "proto/session.grpc.pb.h"

namespace weir::session {
namespace {

using Service = proto::JobManagerService;

Status FromGrpc(const grpc::Status& status, const std::string& address) {
  if (status.ok()) return Status::Ok();
  const std::string message = Concat("JobManager at ", address, ": ", status.error_message());
  switch (status.error_code()) {
    case grpc::StatusCode::NOT_FOUND:
      return Status(StatusCode::kNotFound, message);
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::UNIMPLEMENTED:
      return Status(StatusCode::kInvalidArgument, message, ErrorDomain::kSystem,
                    RetryHint::kNoRetry);
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return Status(StatusCode::kResourceExhausted, message);
    case grpc::StatusCode::CANCELLED:
      return Status(StatusCode::kCanceled, message);
    default:
      return Status::Unavailable(message);
  }
}

// What a stream's owner and its reactor share. Callbacks run on the loop and only while the owner
// is there.
template <class Command>
struct Delivery {
  Delivery(EventLoop& event_loop, StreamCallbacks<Command> stream_callbacks)
      : loop(event_loop), callbacks(std::move(stream_callbacks)) {}
  EventLoop& loop;
  StreamCallbacks<Command> callbacks;
  bool abandoned = false;  // the loop's thread only
};

// gRPC's callback API (grpcpp/support/client_callback.h): operations started from outside a
// reaction need a hold, which is given back when reading has ended. Owns itself until OnDone.
template <class Event, class Command>
class Reactor final : public grpc::ClientBidiReactor<Event, Command> {
 public:
  Reactor(std::shared_ptr<Delivery<Command>> delivery, std::string address)
      : delivery_(std::move(delivery)), address_(std::move(address)) {}

  grpc::ClientContext* context() { return &context_; }

  void Run(std::shared_ptr<Reactor> self) {
    self_ = std::move(self);
    this->AddHold();
    this->StartRead(&incoming_);
    this->StartCall();
  }

  void Send(Event event) WEIR_EXCLUDES(mutex_) {
    bool overflow = false;
    {
      MutexLock lock(mutex_);
      if (closed_) return;
      overflow = queue_.size() >= kMaximumQueuedEvents;
      if (overflow) {
        overflowed_ = true;
      } else {
        queue_.push_back(std::move(event));
        if (queue_.size() == 1) this->StartWrite(&queue_.front());
      }
    }
    if (overflow) context_.TryCancel();
  }

  std::size_t queued() const WEIR_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return queue_.size();
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    if (!ok || closed_) return;
    queue_.pop_front();
    if (!queue_.empty()) this->StartWrite(&queue_.front());
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      delivery_->loop.Post(
          [delivery = delivery_, command = std::make_shared<Command>(std::move(incoming_))] {
            if (!delivery->abandoned) delivery->callbacks.on_command(std::move(*command));
          });
      incoming_.Clear();
      this->StartRead(&incoming_);
      return;
    }
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    this->RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    Status reason = FromGrpc(status, address_);
    {
      MutexLock lock(mutex_);
      if (overflowed_) {
        reason = Status(StatusCode::kResourceExhausted,
                        Concat("JobManager at ", address_, " does not read: ", kMaximumQueuedEvents,
                               " events wait for it"));
      }
    }
    delivery_->loop.Post([delivery = delivery_, reason] {
      if (!delivery->abandoned) delivery->callbacks.on_closed(reason);
    });
    self_.reset();
  }

 private:
  const std::shared_ptr<Delivery<Command>> delivery_;
  const std::string address_;
  grpc::ClientContext context_;
  Command incoming_;
  std::shared_ptr<Reactor> self_;
  mutable Mutex mutex_;
  std::deque<Event> queue_ WEIR_GUARDED_BY(mutex_);  // the first one is being written
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
  bool overflowed_ WEIR_GUARDED_BY(mutex_) = false;
};

template <class Event, class Command>
class Stream final : public SessionStream<Event> {
 public:
  Stream(std::shared_ptr<Delivery<Command>> delivery,
         std::shared_ptr<Reactor<Event, Command>> reactor)
      : delivery_(std::move(delivery)), reactor_(std::move(reactor)) {}
  ~Stream() override {
    delivery_->abandoned = true;
    reactor_->context()->TryCancel();
  }
  void Send(Event event) override { reactor_->Send(std::move(event)); }
  std::size_t queued() const override { return reactor_->queued(); }

 private:
  const std::shared_ptr<Delivery<Command>> delivery_;
  const std::shared_ptr<Reactor<Event, Command>> reactor_;
};

class GrpcJobManagerClient final : public JobManagerClient {
 public:
  GrpcJobManagerClient(std::string address, std::shared_ptr<grpc::Channel> channel)
      : address_(std::move(address)), stub_(Service::NewStub(std::move(channel))) {}

  std::unique_ptr<TaskManagerStream> OpenTaskManagerSession(
      EventLoop& loop, TaskManagerCallbacks callbacks) override {
    return Open<proto::TaskManagerEvent, proto::TaskManagerCommand>(
        loop, std::move(callbacks), [this](auto* context, auto* reactor) {
          stub_->async()->TaskManagerSession(context, reactor);
        });
  }

  std::unique_ptr<WorkerStream> OpenWorkerSession(EventLoop& loop,
                                                  WorkerCallbacks callbacks) override {
    return Open<proto::WorkerEvent, proto::WorkerCommand>(
        loop, std::move(callbacks),
        [this](auto* context, auto* reactor) { stub_->async()->WorkerSession(context, reactor); });
  }

  Status FetchBlob(const std::string& content_hash,
                   const std::function<Status(std::string_view)>& sink) override {
    grpc::ClientContext context;
    proto::FetchBlobRequest request;
    request.set_content_hash(content_hash);
    const auto reader = stub_->FetchBlob(&context, request);
    proto::BlobChunk chunk;
    while (reader->Read(&chunk)) {
      if (const Status status = sink(chunk.data()); !status.ok()) {
        context.TryCancel();
        return status;
      }
    }
    return FromGrpc(reader->Finish(), address_);
  }

  const std::string& address() const override { return address_; }

 private:
  template <class Event, class Command, class Dial>
  std::unique_ptr<SessionStream<Event>> Open(EventLoop& loop, StreamCallbacks<Command> callbacks,
                                             Dial dial) {
    auto delivery = std::make_shared<Delivery<Command>>(loop, std::move(callbacks));
    auto reactor = std::make_shared<Reactor<Event, Command>>(delivery, address_);
    dial(reactor->context(), reactor.get());
    reactor->Run(reactor);
    return std::make_unique<Stream<Event, Command>>(std::move(delivery), std::move(reactor));
  }

  const std::string address_;
  const std::unique_ptr<Service::Stub> stub_;
};

}  // namespace

std::unique_ptr<JobManagerClient> ConnectToJobManager(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // A JobManager that is started elsewhere keeps its name and changes its address; unless told,
  // gRPC asks for that no more often than every 30 s, which is as long as a worker's lease lasts.
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1000);
  // What is known after this time counts. Unless told, gRPC waits two minutes for the IPv6 address
  // from a name server that does not answer, with the IPv4 address at hand (from /etc/hosts, say).
  arguments.SetInt(GRPC_ARG_DNS_ARES_QUERY_TIMEOUT_MS, 2000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(64 * 1024 * 1024);
  auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  return std::make_unique<GrpcJobManagerClient>(address, std::move(channel));
}

}  // namespace weir::session
