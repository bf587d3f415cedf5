// ProcessKiller: kills processes of a cluster with SIGKILL, at random or at moments that hurt.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/cluster/test_cluster.h"

namespace weir::cluster_test {

enum class Victim : std::uint8_t {
  kWorker,       // or a coordinator, or a process that describes a job: whatever a server started
  kTaskManager,  // another one takes its place
  kJobManager    // is started again at its addresses
};
const char* ToString(Victim victim);

// When to strike.
enum class Moment : std::uint8_t {
  kAnyTime,             // after a random pause, often short enough to hit a recovery
  kCheckpointUnderWay,  // state is being written, output is prepared, nothing is complete
  kCheckpointComplete   // complete on disk, and hardly anybody has been told
};

// Not thread-safe: the thread that started the cluster. The same seed gives the same choices.
class ProcessKiller {
 public:
  // `checkpoints`: the folder that jobs write theirs to, for the moments. TaskManagers that it
  // starts have `slots`.
  ProcessKiller(TestCluster& cluster, std::string checkpoints, std::uint32_t slots,
                std::uint64_t seed);

  Victim ChooseVictim();
  Moment ChooseMoment();
  // The moment is the input of a test, nothing that it waits for: one that does not come within a
  // second is as good as another.
  void Await(Moment moment);
  // Ok too where no such process is there now.
  Status Kill(Victim victim);

  struct Record {
    std::int64_t time_ms = 0;  // Unix time
    Victim victim = Victim::kWorker;
  };
  const std::vector<Record>& kills() const { return kills_; }
  // "7 workers, 2 TaskManagers, 1 JobManager"
  std::string Summary() const;

 private:
  // The newest checkpoint on disk of any job, and whether it is complete.
  struct Newest {
    std::int64_t id = -1;
    bool complete = false;
  };
  Newest NewestCheckpoint() const;
  Status KillAWorker();
  void Note(Victim victim);

  TestCluster& cluster_;
  const std::string checkpoints_;
  const std::uint32_t slots_;
  std::mt19937_64 random_;
  std::size_t next_task_manager_ = 0;  // the oldest that lives
  std::vector<Record> kills_;
};

}  // namespace weir::cluster_test
