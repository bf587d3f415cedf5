// LeaderTakeover: when the workers of earlier leaders are certainly gone, so that recovered jobs
// may start. Pure.
//
// A worker runs on without its leader until its lease ends. So a new leader starts no attempt of a
// recovered job before every TaskManager that may run such workers has registered again and each
// worker in its inventory has ended, or before the longest lease of an earlier leader, and the
// time that a process then takes to end, have passed since that leader was gone (it held the
// metadata store, and this one has it now).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace weir::ha {

class LeaderTakeover {
 public:
  // `task_managers`: those on which earlier leaders may have started workers.
  explicit LeaderTakeover(const std::vector<std::string>& task_managers)
      : unregistered_(task_managers.begin(), task_managers.end()) {}

  // Which TaskManagers there were is not known: only the end of the lease completes it.
  void AwaitLease() { lease_awaited_ = true; }
  // `old_workers` of earlier leaders still run there; they have been told to end. What it said when
  // it registered before counts no more.
  void OnRegistered(const std::string& task_manager_id,
                    const std::vector<std::string>& old_workers);
  void OnWorkerExited(const std::string& worker_id);
  // It was asked to stop, and all of its workers have ended.
  void OnLeft(const std::string& task_manager_id);
  // A lease has passed: what has not been heard of has ended by itself.
  void OnLeaseEnded();

  bool complete() const { return !lease_awaited_ && unregistered_.empty() && running_.empty(); }
  // TaskManagers that have not registered with this leader.
  const std::set<std::string>& unregistered() const { return unregistered_; }
  // What it waits for, in one sentence without a full stop; empty when complete.
  std::string Describe() const;

 private:
  std::set<std::string> unregistered_;
  bool lease_awaited_ = false;
  std::map<std::string, std::string> running_;  // old workers, to their TaskManagers
};

}  // namespace weir::ha
