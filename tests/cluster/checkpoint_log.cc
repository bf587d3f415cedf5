#include "tests/cluster/checkpoint_log.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "common/text.h"
#include "tests/cluster/cluster_client.h"

namespace weir::cluster_test {
namespace {

// The JobManager remembers the last ten.
constexpr std::chrono::milliseconds kBetweenLooks{25};

void Look(ClusterClient& client, const std::string& job, LoggedCheckpoints& checkpoints) {
  const auto history = client.CheckpointHistory(job);
  if (!history.ok()) return;
  for (const CheckpointEntry& entry : *history) {
    if (entry.status == "IN_PROGRESS") continue;
    LoggedCheckpoint& logged = checkpoints[entry.id];
    // A JobManager that was killed can have told of a failure, and its successor completes another
    // checkpoint of that number.
    if (logged.completed) continue;
    logged = {.completed = entry.status == "COMPLETED",
              .trigger_time_ms = entry.trigger_time_ms,
              .end_time_ms = entry.latest_acknowledge_time_ms};
  }
}

}  // namespace

CheckpointLog::CheckpointLog(SocketAddress rest, std::string job)
    : rest_(std::move(rest)),
      job_(std::move(job)),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void CheckpointLog::Run(const std::stop_token& stop) {
  ClusterClient client(rest_);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    Look(client, job_, checkpoints_);
    stopped.wait_for(lock, stop, kBetweenLooks, [] { return false; });
  }
  Look(client, job_, checkpoints_);
}

LoggedCheckpoints CheckpointLog::Stop() {
  thread_.request_stop();
  thread_.join();
  return std::move(checkpoints_);
}

std::vector<std::int64_t> OutagesMs(const std::vector<ProcessKiller::Record>& kills,
                                    const LoggedCheckpoints& checkpoints) {
  std::vector<std::int64_t> outages;
  for (std::size_t kill = 0; kill < kills.size();) {
    const std::int64_t start = kills[kill].time_ms;
    std::int64_t last_kill = start;
    std::int64_t end = -1;
    for (const auto& [id, checkpoint] : checkpoints) {
      if (!checkpoint.completed || checkpoint.trigger_time_ms <= last_kill) continue;
      while (kill < kills.size() && kills[kill].time_ms <= checkpoint.end_time_ms) {
        last_kill = kills[kill++].time_ms;
      }
      if (checkpoint.trigger_time_ms <= last_kill) continue;
      end = checkpoint.end_time_ms;
      break;
    }
    if (end < 0) return outages;  // the job ended first
    outages.push_back(end - start);
  }
  return outages;
}

std::string Describe(const LoggedCheckpoints& checkpoints, std::vector<std::int64_t> outages_ms) {
  const auto completed = std::ranges::count_if(
      checkpoints, [](const auto& checkpoint) { return checkpoint.second.completed; });
  std::string text = Concat(completed, " checkpoints completed, ",
                            static_cast<std::int64_t>(checkpoints.size()) - completed, " failed");
  if (outages_ms.empty()) return text;
  std::ranges::sort(outages_ms);
  return text + Concat("; ", outages_ms.size(), " outages, median ",
                       outages_ms[outages_ms.size() / 2], " ms, longest ", outages_ms.back(),
                       " ms");
}

}  // namespace weir::cluster_test
