// The streams between the JobManager and everybody else. Per stream and direction messages arrive
// in order; different streams overtake each other at will. A stream breaks, and then both ends hear
// of it, each in its time: what was under way may have arrived or not.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jobmanager/session_frontend.h"
#include "taskmanager/session/job_manager_client.h"
#include "tests/simulation/history.h"
#include "tests/simulation/simulated_time.h"

namespace weir::simulation {

// A stream, whichever kind it is.
class Link {
 public:
  virtual ~Link() = default;
  virtual void Break() = 0;
  virtual bool broken() const = 0;
};

// Where the JobManager's address leads. Outlives all streams.
class SessionNetwork {
 public:
  SessionNetwork(SimulatedTime& time, History& history, std::function<std::int64_t()> latency)
      : time_(time), history_(history), latency_(std::move(latency)) {}

  // A JobManager listens. It outlives its listening.
  void Listen(jobmanager::SessionFrontend& frontend) {
    frontend_ = &frontend;
    ++generation_;
  }
  // It died: all streams break, nobody hears of it in there.
  void StopListening();
  void BreakOne();

  // For the streams.
  jobmanager::SessionFrontend* frontend() { return frontend_; }
  // Of JobManagers: another one may be at the same place in memory.
  int generation() const { return generation_; }
  SimulatedTime& time() { return time_; }
  History& history() { return history_; }
  std::int64_t Latency() { return latency_(); }
  void Add(std::weak_ptr<Link> link);

 private:
  SimulatedTime& time_;
  History& history_;
  const std::function<std::int64_t()> latency_;
  jobmanager::SessionFrontend* frontend_ = nullptr;  // null: connections are refused
  int generation_ = 0;
  std::vector<std::weak_ptr<Link>> links_;
};

// A process' way to the JobManager. `name`: of the process, for the history.
class SimulatedClient final : public session::JobManagerClient {
 public:
  SimulatedClient(SessionNetwork& network, std::string name)
      : network_(network), name_(std::move(name)) {}

  std::unique_ptr<session::TaskManagerStream> OpenTaskManagerSession(
      EventLoop& loop, session::TaskManagerCallbacks callbacks) override;
  std::unique_ptr<session::WorkerStream> OpenWorkerSession(
      EventLoop& loop, session::WorkerCallbacks callbacks) override;
  Status FetchBlob(const std::string& content_hash,
                   const std::function<Status(std::string_view)>& sink) override;
  const std::string& address() const override { return address_; }

 private:
  SessionNetwork& network_;
  const std::string name_;
  const std::string address_ = "the simulated JobManager";
};

}  // namespace weir::simulation
