// What happened in a simulation, for people: kept only in a run whose history is wanted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/simulated_time.h"

namespace weir::proto {
class TaskManagerCommand;
class TaskManagerEvent;
class WorkerCommand;
class WorkerEvent;
}  // namespace weir::proto

namespace weir::simulation {

class History {
 public:
  // Without `detailed` messages are left out; the fingerprint covers everything either way.
  History(SimulatedTime& time, bool detailed) : time_(time), detailed_(detailed) {}

  void Note(std::string text);
  // A message leaves; heartbeats and statistics are left out.
  void Command(const std::string& to, const proto::WorkerCommand& command);
  void Command(const std::string& to, const proto::TaskManagerCommand& command);
  void Event(const std::string& from, const proto::WorkerEvent& event);
  void Event(const std::string& from, const proto::TaskManagerEvent& event);

  // The last `most` lines.
  std::string Last(std::size_t most) const;
  // Equal for two runs in which the same happened.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  void Message(const std::string& arrow, const char* kind, std::string detail);
  void Mix(const std::string& text);

  SimulatedTime& time_;
  const bool detailed_;
  std::vector<std::string> lines_;
  std::uint64_t fingerprint_ = 14695981039346656037u;
};

}  // namespace weir::simulation
