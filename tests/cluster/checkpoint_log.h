// CheckpointLog: what became of a job's checkpoints, collected over REST while JobManagers come and
// go, and what the kills of a ProcessKiller cost.
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "common/socket_address.h"
#include "tests/cluster/process_killer.h"

namespace weir::cluster_test {

struct LoggedCheckpoint {
  bool completed = false;  // else it failed
  std::int64_t trigger_time_ms = 0;
  std::int64_t end_time_ms = 0;  // the last acknowledgement
};
using LoggedCheckpoints = std::map<std::uint64_t, LoggedCheckpoint>;  // by id

// Asks on a thread of its own until it is stopped. An answer that does not come is no fault: the
// JobManager is among those that are killed.
class CheckpointLog {
 public:
  CheckpointLog(SocketAddress rest, std::string job);

  // Takes a last look. Once.
  LoggedCheckpoints Stop();

 private:
  void Run(const std::stop_token& stop);

  const SocketAddress rest_;
  const std::string job_;
  LoggedCheckpoints checkpoints_;  // the thread's until it has ended
  std::jthread thread_;
};

// For each outage the time from its kill until a checkpoint was complete that was triggered after
// it: every task ran again, took part and had its output prepared. Kills that follow before that
// belong to the same outage. One that the job did not notice (a process that did nothing for it)
// counts as well.
std::vector<std::int64_t> OutagesMs(const std::vector<ProcessKiller::Record>& kills,
                                    const LoggedCheckpoints& checkpoints);

// Completed and failed, number, median and maximum of the outages, in one line.
std::string Describe(const LoggedCheckpoints& checkpoints, std::vector<std::int64_t> outages_ms);

}  // namespace weir::cluster_test
