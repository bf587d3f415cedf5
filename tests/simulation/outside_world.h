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
  // Another JobManager leads.
  void NextLeader() { ++leader_; }
  // An attempt begins; returns the leader that began it, for Ends(). Of an earlier leader none may
  // run any more. One whose TaskManager this leader gave up, as its stream broke, runs on until it
  // hears of that, though not for longer than kLongestFarewellNs; what it does is fenced, which the
  // other invariants see.
  int Begins(Subtask subtask, std::int64_t now_ns) {
    if (finished_.contains(subtask.first)) {
      violations_.push_back("subtask " + std::to_string(subtask.first) + "/" +
                            std::to_string(subtask.second) +
                            " runs; all of its vertex had finished in a completed checkpoint");
    }
    std::multiset<int>& running = running_[subtask];
    if (!running.empty() && *running.begin() < leader_) {
      ViolateBoth(subtask, "run at once, one of an earlier leader");
    }
    running.insert(leader_);
    if (running.size() == 2) overlap_since_ns_[subtask] = now_ns;
    return leader_;
  }
  void Ends(Subtask subtask, int leader, std::int64_t now_ns) {
    std::multiset<int>& running = running_.at(subtask);
    running.erase(running.find(leader));
    if (running.size() != 1) return;
    const std::int64_t overlap_ns = now_ns - overlap_since_ns_.at(subtask);
    if (overlap_ns > kLongestFarewellNs) {
      ViolateBoth(subtask, "ran at once for " + std::to_string(overlap_ns / 1'000'000) + " ms");
    }
  }
  const std::vector<std::string>& violations() const { return violations_; }
  void Violate(std::string what) { violations_.push_back(std::move(what)); }

 private:
  static constexpr std::int64_t kLongestFarewellNs = 500'000'000;

  void ViolateBoth(Subtask subtask, const std::string& what) {
    violations_.push_back("two attempts of subtask " + std::to_string(subtask.first) + "/" +
                          std::to_string(subtask.second) + " " + what);
  }

  std::map<std::uint64_t, std::vector<Number>> transactions_;
  std::set<std::uint64_t> committed_;
  std::uint64_t last_transaction_ = 0;
  std::uint64_t last_heard_ = 0;
  int leader_ = 0;
  std::map<Subtask, std::multiset<int>> running_;     // by the leaders that began them
  std::map<Subtask, std::int64_t> overlap_since_ns_;  // where two run, or did
  std::set<std::uint32_t> finished_;
  std::vector<std::string> violations_;
};

}  // namespace weir::simulation
