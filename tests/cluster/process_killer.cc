#include "tests/cluster/process_killer.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <thread>
#include <utility>

#include <signal.h>

#include "common/text.h"
#include "tests/cluster/wait.h"

namespace weir::cluster_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kLongestWait = 1s;
// Shorter than any checkpoint.
constexpr auto kLook = 200us;

std::int64_t UnixTimeMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

const char* ToString(Victim victim) {
  switch (victim) {
    case Victim::kWorker:
      return "worker";
    case Victim::kTaskManager:
      return "TaskManager";
    case Victim::kJobManager:
      return "JobManager";
  }
  return "?";
}

ProcessKiller::ProcessKiller(TestCluster& cluster, std::string checkpoints, std::uint32_t slots,
                             std::uint64_t seed)
    : cluster_(cluster), checkpoints_(std::move(checkpoints)), slots_(slots), random_(seed) {}

Victim ProcessKiller::ChooseVictim() {
  switch (std::uniform_int_distribution<>(0, 4)(random_)) {
    case 0:
      return Victim::kJobManager;
    case 1:
      return Victim::kTaskManager;
    default:
      return Victim::kWorker;
  }
}

Moment ProcessKiller::ChooseMoment() {
  switch (std::uniform_int_distribution<>(0, 3)(random_)) {
    case 0:
      return Moment::kCheckpointUnderWay;
    case 1:
      return Moment::kCheckpointComplete;
    default:
      return Moment::kAnyTime;
  }
}

void ProcessKiller::Await(Moment moment) {
  // A third soon enough to strike the recovery from the kill before.
  const std::int64_t longest_ms = std::uniform_int_distribution<>(0, 2)(random_) == 0 ? 150 : 1200;
  std::this_thread::sleep_for(std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(0, longest_ms)(random_)));
  if (moment == Moment::kAnyTime) return;
  const bool complete = moment == Moment::kCheckpointComplete;
  const Newest before = NewestCheckpoint();
  const auto is_there = [&] {
    const Newest now = NewestCheckpoint();
    return now.complete == complete && (now.id > before.id || now.complete != before.complete);
  };
  WaitFor(kLongestWait, is_there, kLook);
}

Status ProcessKiller::Kill(Victim victim) {
  switch (victim) {
    case Victim::kWorker:
      return KillAWorker();
    case Victim::kTaskManager:
      Note(victim);
      WEIR_RETURN_IF_ERROR(cluster_.KillTaskManager(next_task_manager_));
      ++next_task_manager_;
      return cluster_.StartTaskManager(slots_);
    case Victim::kJobManager:
      Note(victim);
      WEIR_RETURN_IF_ERROR(cluster_.KillJobManager());
      return cluster_.RestartJobManager();
  }
  return Status::Internal("no such victim");
}

Status ProcessKiller::KillAWorker() {
  const std::vector<pid_t> workers = cluster_.WorkerPids();
  if (workers.empty()) return Status::Ok();
  const auto index = std::uniform_int_distribution<std::size_t>(0, workers.size() - 1)(random_);
  if (::kill(workers[index], SIGKILL) == 0) {
    Note(Victim::kWorker);
    return Status::Ok();
  }
  if (errno == ESRCH) return Status::Ok();  // it ended between the two calls
  return Status::Internal(Concat("cannot kill worker ", workers[index]));
}

void ProcessKiller::Note(Victim victim) {
  kills_.push_back({.time_ms = UnixTimeMs(), .victim = victim});
}

std::string ProcessKiller::Summary() const {
  std::string text;
  for (const Victim victim : {Victim::kWorker, Victim::kTaskManager, Victim::kJobManager}) {
    const auto count = std::ranges::count(kills_, victim, &Record::victim);
    text += Concat(text.empty() ? "" : ", ", count, " ", ToString(victim), count == 1 ? "" : "s");
  }
  return text;
}

ProcessKiller::Newest ProcessKiller::NewestCheckpoint() const {
  Newest newest;
  std::error_code ignored;  // folders come and go while we look
  for (const auto& job : std::filesystem::directory_iterator(checkpoints_, ignored)) {
    for (const auto& entry : std::filesystem::directory_iterator(job.path(), ignored)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with("chk-")) continue;
      const Result<std::int64_t> id = ParseInt64(name.substr(4));
      if (!id.ok() || *id < newest.id) continue;
      newest = {.id = *id,
                .complete = std::filesystem::exists(entry.path() / "_metadata", ignored)};
    }
  }
  return newest;
}

}  // namespace weir::cluster_test
