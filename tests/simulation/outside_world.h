// What is outside of the simulated cluster and sees what the job does to it: the system that the
// job's sink writes into, with transactions, and a register of the subtasks that run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::simulation {

using Number = std::int64_t;

class OutsideWorld {
 public:
  // Flushed, not visible yet.
  std::uint64_t PrepareTransaction(std::vector<Number> numbers) {
    transactions_[++last_transaction_] = std::move(numbers);
    return last_transaction_;
  }
  // Makes it visible; changes nothing where it is.
  void Commit(std::uint64_t transaction) { committed_.insert(transaction); }
  const std::set<std::uint64_t>& committed() const { return committed_; }
  const std::vector<Number>& Numbers(std::uint64_t transaction) const {
    return transactions_.at(transaction);
  }

  // A sink was told that a checkpoint is complete.
  void HearComplete(std::uint64_t checkpoint_id) {
    last_heard_ = std::max(last_heard_, checkpoint_id);
  }
  void ForgetHeard() { last_heard_ = 0; }
  std::uint64_t last_heard() const { return last_heard_; }

  // Vertices all of whose subtasks had finished in the newest completed checkpoint.
  void SetFinished(std::set<std::uint32_t> vertices) { finished_ = std::move(vertices); }

  using Subtask = std::pair<std::uint32_t, std::uint32_t>;  // vertex and subtask
  void Begins(Subtask subtask) {
    if (finished_.contains(subtask.first)) {
      violations_.push_back("subtask " + std::to_string(subtask.first) + "/" +
                            std::to_string(subtask.second) +
                            " runs; all of its vertex had finished in a completed checkpoint");
    }
    if (++running_[subtask] > 1) {
      violations_.push_back("two attempts of subtask " + std::to_string(subtask.first) + "/" +
                            std::to_string(subtask.second) + " run at once");
    }
  }
  void Ends(Subtask subtask) { --running_[subtask]; }
  const std::vector<std::string>& violations() const { return violations_; }
  void Violate(std::string what) { violations_.push_back(std::move(what)); }

 private:
  std::map<std::uint64_t, std::vector<Number>> transactions_;
  std::set<std::uint64_t> committed_;
  std::uint64_t last_transaction_ = 0;
  std::uint64_t last_heard_ = 0;
  std::map<Subtask, int> running_;
  std::set<std::uint32_t> finished_;
  std::vector<std::string> violations_;
};

}  // namespace weir::simulation
