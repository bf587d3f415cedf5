// A CheckpointEffects for tests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/text.h"
#include "jobmanager/checkpoint/checkpoint_coordinator.h"

namespace weir::jobmanager {

// Writes down what it is asked to do.
class RecordingEffects final : public CheckpointEffects {
 public:
  void PrepareFolder(std::uint64_t id) override { Record("folder", id); }
  void SnapshotCoordinators(std::uint64_t id) override { Record("coordinators", id); }
  void TriggerTasks(std::uint64_t id, std::int64_t, const std::vector<CheckpointTask>& tasks,
                    const std::vector<CheckpointTask>& announced_to) override {
    Record("trigger", id);
    triggered[id] = tasks;
    announced[id] = announced_to;
  }
  void AnnounceToTasks(std::uint64_t id, std::int64_t,
                       const std::vector<CheckpointTask>& announced_to) override {
    Record("announce", id);
    announced[id] = announced_to;
  }
  void WriteMetadata(proto::CheckpointMetadata metadata) override {
    Record("write", metadata.checkpoint_id());
    written[metadata.checkpoint_id()] = std::move(metadata);
  }
  void NotifyCompleted(std::uint64_t id) override { Record("completed", id); }
  void NotifyAborted(std::uint64_t id) override { Record("aborted", id); }
  void RemoveFolder(std::uint64_t id) override { Record("remove", id); }
  void FailJob(Status reason) override {
    failure = reason;
    if (on_failure) on_failure(reason);
  }

  std::vector<std::string> Take() { return std::exchange(calls, {}); }

  std::vector<std::string> calls;
  std::map<std::uint64_t, std::vector<CheckpointTask>> triggered;
  std::map<std::uint64_t, std::vector<CheckpointTask>> announced;
  std::map<std::uint64_t, proto::CheckpointMetadata> written;
  Status failure;
  std::function<void(const Status&)> on_failure;

 private:
  void Record(const char* what, std::uint64_t id) { calls.push_back(Concat(what, " ", id)); }
};

}  // namespace weir::jobmanager
