#include "jobmanager/job_manager_service.h"

#include <deque>
#include <fstream>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/mutex.h"
#include "common/text.h"
#include "proto/session.grpc.pb.h"

namespace weir::jobmanager {
namespace {

constexpr std::size_t kBlobChunkBytes = 256 * 1024;

template <class Session, class Event>
struct SessionCallbacks {
  void (SessionFrontend::*on_event)(const std::shared_ptr<Session>&, Event);
  void (SessionFrontend::*on_closed)(const Session*, const Status&);
};

// One session: gRPC's callback reactor and the JobManager's end of the session in one object.
// gRPC's threads call On…, the loop calls Send and Close. Lives until gRPC said OnDone and the
// JobManager let go of it.
template <class Session, class Event, class Command>
class SessionReactor final
    : public Session,
      public grpc::ServerBidiReactor<Event, Command>,
      public std::enable_shared_from_this<SessionReactor<Session, Event, Command>> {
 public:
  SessionReactor(grpc::CallbackServerContext* context, EventLoop& loop, SessionFrontend& sessions,
                 SessionCallbacks<Session, Event> callbacks, JobManagerServiceOptions options)
      : context_(context),
        loop_(loop),
        sessions_(sessions),
        callbacks_(callbacks),
        options_(options) {}

  void Begin() {
    self_ = this->shared_from_this();
    this->StartRead(&incoming_);
  }

  void Send(Command command) override WEIR_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (finish_requested_ || done_) return;
    if (Replaceable(command)) {
      // The first one is being written.
      for (std::size_t index = 1; index < queue_.size(); ++index) {
        if (queue_[index].command_case() != command.command_case()) continue;
        queue_[index] = std::move(command);
        return;
      }
    }
    if (queue_.size() >= options_.most_queued_commands) {
      reason_ = Status(StatusCode::kResourceExhausted,
                       Concat("it does not read: ", queue_.size(), " commands wait for it"),
                       ErrorDomain::kExternal);
      finish_requested_ = true;
      context_->TryCancel();
      return;
    }
    queue_.push_back(std::move(command));
    if (queue_.size() == 1) this->StartWrite(&queue_.front());
  }

  void Close(const Status& reason) override WEIR_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (finish_requested_ || done_) return;
      finish_requested_ = true;
      reason_ = reason;
      FinishIfIdle();
    }
    // Not by way of self_: it belongs to gRPC's threads, and OnDone may be taking it away.
    loop_.Schedule(options_.close_timeout_ms, [weak = this->weak_from_this()] {
      const std::shared_ptr<SessionReactor> late = weak.lock();
      if (late == nullptr) return;
      MutexLock lock(late->mutex_);
      if (!late->done_) late->context_->TryCancel();
    });
  }

  void OnWriteDone(bool ok) override WEIR_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    queue_.pop_front();
    if (!ok) {
      queue_.clear();
      finish_requested_ = true;
    }
    if (!queue_.empty()) return this->StartWrite(&queue_.front());
    FinishIfIdle();
  }

  void OnReadDone(bool ok) override WEIR_EXCLUDES(mutex_) {
    if (!ok) {
      MutexLock lock(mutex_);
      if (!finish_requested_) {
        finish_requested_ = true;
        reason_ = Status::Unavailable("the connection broke");
      }
      // Nobody is there to read what waits; what is being written must not keep us.
      if (queue_.size() > 1) queue_.erase(queue_.begin() + 1, queue_.end());
      if (!queue_.empty()) context_->TryCancel();
      FinishIfIdle();
      return;
    }
    loop_.Post([self = self_, event = std::make_shared<Event>(std::move(incoming_))] {
      (self->sessions_.*self->callbacks_.on_event)(self, std::move(*event));
      MutexLock lock(self->mutex_);
      if (!self->finished_) self->StartRead(&self->incoming_);
    });
  }

  void OnDone() override WEIR_EXCLUDES(mutex_) {
    Status reason;
    {
      MutexLock lock(mutex_);
      done_ = true;
      reason = reason_;
    }
    loop_.Post([self = std::move(self_), reason] {
      (self->sessions_.*self->callbacks_.on_closed)(self.get(), reason);
    });
  }

 private:
  static bool Replaceable(const proto::WorkerCommand& command) {
    return command.has_lease() || command.has_heartbeat();
  }
  static bool Replaceable(const proto::TaskManagerCommand& command) {
    return command.has_heartbeat();
  }

  // Finish waits for the write under way: after it nothing may be started.
  void FinishIfIdle() WEIR_REQUIRES(mutex_) {
    if (!finish_requested_ || finished_ || !queue_.empty()) return;
    finished_ = true;
    this->Finish(grpc::Status::OK);
  }

  grpc::CallbackServerContext* const context_;  // valid until OnDone
  EventLoop& loop_;
  SessionFrontend& sessions_;
  const SessionCallbacks<Session, Event> callbacks_;
  const JobManagerServiceOptions options_;
  Event incoming_;
  std::shared_ptr<SessionReactor> self_;  // until OnDone; only gRPC's threads, one at a time
  Mutex mutex_;
  std::deque<Command> queue_ WEIR_GUARDED_BY(mutex_);  // the first one is being written
  Status reason_ WEIR_GUARDED_BY(mutex_);
  bool finish_requested_ WEIR_GUARDED_BY(mutex_) = false;
  bool finished_ WEIR_GUARDED_BY(mutex_) = false;
  bool done_ WEIR_GUARDED_BY(mutex_) = false;
};

// Sends a file piece by piece; the next piece is read when the one before has left.
class BlobReactor final : public grpc::ServerWriteReactor<proto::BlobChunk> {
 public:
  BlobReactor(const Result<std::string>& path, std::uint64_t offset) {
    if (!path.ok()) {
      Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, path.status().message()));
      return;
    }
    file_.open(*path, std::ios::binary);
    file_.seekg(static_cast<std::streamoff>(offset));
    if (!file_.good()) {
      Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "the blob cannot be opened"));
      return;
    }
    Next();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    Next();
  }

  void OnDone() override { delete this; }

 private:
  void Next() {
    std::string& data = *chunk_.mutable_data();
    data.resize(kBlobChunkBytes);
    file_.read(data.data(), static_cast<std::streamsize>(data.size()));
    data.resize(static_cast<std::size_t>(file_.gcount()));
    if (file_.bad()) {
      return Finish(grpc::Status(grpc::StatusCode::INTERNAL, "the blob cannot be read"));
    }
    if (data.empty()) return Finish(grpc::Status::OK);
    StartWrite(&chunk_);
  }

  std::ifstream file_;
  proto::BlobChunk chunk_;
};

class JobManagerService final : public proto::JobManagerService::CallbackService {
 public:
  JobManagerService(EventLoop& loop, SessionFrontend& sessions, BlobFinder find_blob,
                    JobManagerServiceOptions options)
      : loop_(loop), sessions_(sessions), find_blob_(std::move(find_blob)), options_(options) {}

  grpc::ServerBidiReactor<proto::TaskManagerEvent, proto::TaskManagerCommand>* TaskManagerSession(
      grpc::CallbackServerContext* context) override {
    return Open<jobmanager::TaskManagerSession, proto::TaskManagerEvent, proto::TaskManagerCommand>(
        context, {&SessionFrontend::OnTaskManagerEvent, &SessionFrontend::OnTaskManagerClosed});
  }

  grpc::ServerBidiReactor<proto::WorkerEvent, proto::WorkerCommand>* WorkerSession(
      grpc::CallbackServerContext* context) override {
    return Open<jobmanager::WorkerSession, proto::WorkerEvent, proto::WorkerCommand>(
        context, {&SessionFrontend::OnWorkerEvent, &SessionFrontend::OnWorkerClosed});
  }

  grpc::ServerWriteReactor<proto::BlobChunk>* FetchBlob(
      grpc::CallbackServerContext*, const proto::FetchBlobRequest* request) override {
    return new BlobReactor(find_blob_(request->content_hash()), request->offset());
  }

 private:
  template <class Session, class Event, class Command>
  grpc::ServerBidiReactor<Event, Command>* Open(grpc::CallbackServerContext* context,
                                                SessionCallbacks<Session, Event> callbacks) {
    auto reactor = std::make_shared<SessionReactor<Session, Event, Command>>(
        context, loop_, sessions_, callbacks, options_);
    reactor->Begin();
    return reactor.get();
  }

  EventLoop& loop_;
  SessionFrontend& sessions_;
  const BlobFinder find_blob_;
  const JobManagerServiceOptions options_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeJobManagerService(EventLoop& loop, SessionFrontend& sessions,
                                                     BlobFinder find_blob,
                                                     JobManagerServiceOptions options) {
  return std::make_shared<JobManagerService>(loop, sessions, std::move(find_blob), options);
}

}  // namespace weir::jobmanager
