#include "minicluster/in_process_sessions.h"

#include <utility>

#include "common/mutex.h"
#include "minicluster/session_kinds.h"

namespace weir::minicluster {
namespace {

// The JobManager's end. Messages to the peer are posted to its loop, and dropped there once it has
// gone.
template <class Kind>
class JobManagerEnd final : public Kind::Session,
                            public std::enable_shared_from_this<JobManagerEnd<Kind>> {
 public:
  using Command = typename Kind::Command;

  JobManagerEnd(EventLoop& job_manager_loop, jobmanager::SessionFrontend& frontend,
                EventLoop& peer_loop, session::StreamCallbacks<Command> callbacks)
      : job_manager_loop_(job_manager_loop),
        frontend_(frontend),
        peer_loop_(&peer_loop),
        callbacks_(std::move(callbacks)) {}

  void Send(Command command) override {
    if (closed_) return;
    PostToPeer(
        [self = this->shared_from_this(), message = std::make_shared<Command>(std::move(command))] {
          if (!self->peer_gone_) self->callbacks_.on_command(std::move(*message));
        });
  }

  void Close(const Status& reason) override {
    PostToPeer([self = this->shared_from_this()] {
      if (!self->peer_gone_) self->callbacks_.on_closed(Status::Ok());
    });
    // Not inside the frontend's own call.
    PostClosed(reason);
  }

  // Any thread.
  void Deliver(typename Kind::Event event) {
    job_manager_loop_.Post([self = this->shared_from_this(),
                            message = std::make_shared<typename Kind::Event>(std::move(event))] {
      if (!self->closed_) Kind::Deliver(self->frontend_, self, std::move(*message));
    });
  }

  // The peer's loop, which may end as soon as this has returned.
  void PeerGone() {
    peer_gone_ = true;
    {
      MutexLock lock(mutex_);
      peer_loop_ = nullptr;
    }
    PostClosed(Status::Unavailable("the session was ended"));
  }

 private:
  // Dropped when the peer is gone.
  void PostToPeer(std::function<void()> function) {
    MutexLock lock(mutex_);
    if (peer_loop_ != nullptr) peer_loop_->Post(std::move(function));
  }

  void PostClosed(const Status& reason) {
    job_manager_loop_.Post([self = this->shared_from_this(), reason] {
      if (std::exchange(self->closed_, true)) return;
      Kind::Closed(self->frontend_, self.get(), reason);
    });
  }

  EventLoop& job_manager_loop_;
  jobmanager::SessionFrontend& frontend_;
  Mutex mutex_;
  EventLoop* peer_loop_ WEIR_GUARDED_BY(mutex_);
  const session::StreamCallbacks<Command> callbacks_;
  bool closed_ = false;     // the JobManager's loop
  bool peer_gone_ = false;  // the peer's loop
};

template <class Kind>
class PeerEnd final : public session::SessionStream<typename Kind::Event> {
 public:
  explicit PeerEnd(std::shared_ptr<JobManagerEnd<Kind>> other) : other_(std::move(other)) {}
  ~PeerEnd() override { other_->PeerGone(); }
  void Send(typename Kind::Event event) override { other_->Deliver(std::move(event)); }
  std::size_t queued() const override { return 0; }

 private:
  const std::shared_ptr<JobManagerEnd<Kind>> other_;
};

template <class Kind>
std::unique_ptr<session::SessionStream<typename Kind::Event>> Open(
    EventLoop& job_manager_loop, jobmanager::SessionFrontend& frontend, EventLoop& loop,
    session::StreamCallbacks<typename Kind::Command> callbacks) {
  return std::make_unique<PeerEnd<Kind>>(std::make_shared<JobManagerEnd<Kind>>(
      job_manager_loop, frontend, loop, std::move(callbacks)));
}

}  // namespace

std::unique_ptr<session::TaskManagerStream> InProcessSessions::OpenTaskManagerSession(
    EventLoop& loop, session::TaskManagerCallbacks callbacks) {
  return Open<TaskManagerKind>(job_manager_loop_, frontend_, loop, std::move(callbacks));
}

std::unique_ptr<session::WorkerStream> InProcessSessions::OpenWorkerSession(
    EventLoop& loop, session::WorkerCallbacks callbacks) {
  return Open<WorkerKind>(job_manager_loop_, frontend_, loop, std::move(callbacks));
}

Status InProcessSessions::FetchBlob(const std::string& content_hash,
                                    const std::function<Status(std::string_view)>&) {
  return Status::NotFound("no plugin " + content_hash + ": jobs of this process are not plugins");
}

}  // namespace weir::minicluster
