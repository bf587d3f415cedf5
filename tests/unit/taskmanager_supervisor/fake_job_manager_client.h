// A JobManagerClient whose streams the test holds the other end of.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/session.pb.h"
#include "taskmanager/session/job_manager_client.h"

namespace weir::session {

// The JobManager's end of one stream. Shared with the stream, which may be gone.
template <class Event, class Command>
struct FakePeer {
  std::vector<Event> events;
  StreamCallbacks<Command> callbacks;
  bool open = true;
  std::size_t queued = 0;

  void Say(Command command) {
    if (open) callbacks.on_command(std::move(command));
  }
  void Close(Status reason) {
    if (open) callbacks.on_closed(std::move(reason));
  }
};

template <class Event, class Command>
class FakeStream final : public SessionStream<Event> {
 public:
  explicit FakeStream(std::shared_ptr<FakePeer<Event, Command>> peer) : peer_(std::move(peer)) {}
  ~FakeStream() override { peer_->open = false; }
  void Send(Event event) override { peer_->events.push_back(std::move(event)); }
  std::size_t queued() const override { return peer_->queued; }

 private:
  const std::shared_ptr<FakePeer<Event, Command>> peer_;
};

using TaskManagerPeer = FakePeer<proto::TaskManagerEvent, proto::TaskManagerCommand>;
using WorkerPeer = FakePeer<proto::WorkerEvent, proto::WorkerCommand>;

class FakeJobManagerClient final : public JobManagerClient {
 public:
  std::unique_ptr<TaskManagerStream> OpenTaskManagerSession(
      EventLoop&, TaskManagerCallbacks callbacks) override {
    task_managers.push_back(std::make_shared<TaskManagerPeer>());
    task_managers.back()->callbacks = std::move(callbacks);
    return std::make_unique<FakeStream<proto::TaskManagerEvent, proto::TaskManagerCommand>>(
        task_managers.back());
  }
  std::unique_ptr<WorkerStream> OpenWorkerSession(EventLoop&, WorkerCallbacks callbacks) override {
    workers.push_back(std::make_shared<WorkerPeer>());
    workers.back()->callbacks = std::move(callbacks);
    return std::make_unique<FakeStream<proto::WorkerEvent, proto::WorkerCommand>>(workers.back());
  }
  Status FetchBlob(const std::string& content_hash,
                   const std::function<Status(std::string_view)>& sink) override {
    ++fetches;
    const auto found = blobs.find(content_hash);
    if (found == blobs.end()) return Status::NotFound("no blob " + content_hash);
    // In two chunks, as the real one would.
    const std::string_view bytes = found->second;
    WEIR_RETURN_IF_ERROR(sink(bytes.substr(0, bytes.size() / 2)));
    return sink(bytes.substr(bytes.size() / 2));
  }
  const std::string& address() const override { return address_; }

  std::vector<std::shared_ptr<TaskManagerPeer>> task_managers;
  std::vector<std::shared_ptr<WorkerPeer>> workers;
  std::map<std::string, std::string> blobs;
  int fetches = 0;

 private:
  const std::string address_ = "jobmanager:6123";
};

}  // namespace weir::session
