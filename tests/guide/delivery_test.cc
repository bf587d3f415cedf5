// Snippets of docs/guide/delivery.md.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/internal/testing/fake_chain_context.h>

#include "tests/guide/order.h"

namespace {

// A service elsewhere: entries are prepared under a name, then posted.
class Ledger {
 public:
  void Prepare(const std::string& name, std::int64_t cents) {
    const std::lock_guard lock(mutex_);
    prepared_[name] = cents;
  }
  bool Reachable() const { return true; }
  bool IsPosted(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return posted_.contains(name);
  }
  void Post(const std::string& name) {
    const std::lock_guard lock(mutex_);
    posted_[name] = prepared_.at(name);
    prepared_.erase(name);
  }
  std::vector<std::string> Prepared() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, cents] : prepared_) names.push_back(name);
    return names;
  }
  void Drop(const std::string& name) {
    const std::lock_guard lock(mutex_);
    prepared_.erase(name);
  }
  std::int64_t Balance() const {
    const std::lock_guard lock(mutex_);
    std::int64_t balance = 0;
    for (const auto& [name, cents] : posted_) balance += cents;
    return balance;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> prepared_;
  std::map<std::string, std::int64_t> posted_;
};

// [committer]
class LedgerCommitter final : public weir::Committer<std::string> {
 public:
  explicit LedgerCommitter(Ledger* ledger) : ledger_(ledger) {}

  weir::Status Open(weir::CommitterContext& context) override {
    ours_ = context.task().job_id + "." + std::string(context.operator_id()) + ".";
    attempt_ = context.task().attempt;
    return weir::Status::Ok();
  }
  // On a thread of its own: it may block.
  weir::Status Commit(std::vector<weir::CommitRequest<std::string>>& requests) override {
    for (auto& request : requests) {
      if (!ledger_->Reachable()) {
        request.RetryLater(weir::Status::Unavailable("the ledger does not answer"));
      } else if (ledger_->IsPosted(request.committable())) {
        request.SignalAlreadyCommitted();
      } else {
        ledger_->Post(request.committable());
      }
    }
    return weir::Status::Ok();
  }
  // What failed attempts of this job prepared and the checkpoint does not hold. What another job
  // prepared stays, as somebody may start from a checkpoint of that one.
  weir::Status AbortUnheld(const weir::RestoredCommittables<std::string>& held) override {
    for (const std::string& name : ledger_->Prepared()) {
      if (!name.starts_with(ours_)) continue;
      const std::string rest = name.substr(ours_.size());  // "<subtask>.<attempt>.<checkpoint>"
      const auto subtask = static_cast<std::uint32_t>(std::stoul(rest));
      const std::uint64_t attempt = std::stoul(rest.substr(rest.find('.') + 1));
      const bool is_held = std::any_of(held.committables.begin(), held.committables.end(),
                                       [&](const auto& each) { return each.committable == name; });
      if (held.IsMine(subtask) && attempt < attempt_ && !is_held) ledger_->Drop(name);
    }
    return weir::Status::Ok();
  }

 private:
  Ledger* const ledger_;
  std::string ours_;  // what the names of this job and operator begin with
  std::uint32_t attempt_ = 0;
};
// [/committer]

// [writer]
class LedgerSink {
 public:
  using Record = Order;
  using Committable = std::string;  // the name of a prepared entry

  class Writer final : public weir::SinkWriter<Order> {
   public:
    explicit Writer(Ledger* ledger) : ledger_(ledger) {}

    weir::Status Open(weir::SinkWriterContext& context) override {
      const weir::TaskInformation& task = context.runtime().task();
      prefix_ = task.job_id + "." + std::string(context.operator_id()) + "." +
                std::to_string(task.subtask_index) + "." + std::to_string(task.attempt) + ".";
      return weir::Status::Ok();
    }
    weir::Result<weir::WriteStatus> Write(Order& order, std::int64_t) override {
      cents_ += order.cents;
      return weir::WriteStatus::kAccepted;
    }
    // At each barrier. A client that takes its time starts here, says std::nullopt, and
    // NotifyAvailable() when it is asked again.
    weir::Result<std::optional<std::vector<std::string>>> PrepareCommit(std::uint64_t checkpoint_id,
                                                                        bool) {
      std::vector<std::string> names;
      if (cents_ != 0) {
        names.push_back(prefix_ + std::to_string(checkpoint_id));
        ledger_->Prepare(names.back(), std::exchange(cents_, 0));
      }
      return std::optional(std::move(names));
    }
    weir::Result<weir::FlushStatus> Flush(bool) override { return weir::FlushStatus::kDone; }

   private:
    Ledger* const ledger_;
    std::string prefix_;
    std::int64_t cents_ = 0;
  };

  explicit LedgerSink(Ledger* ledger) : ledger_(ledger) {}
  std::string name() const { return "Ledger"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(ledger_); }
  std::unique_ptr<weir::Committer<std::string>> CreateCommitter() const {
    return std::make_unique<LedgerCommitter>(ledger_);
  }
  weir::CommitOptions commit_options() const { return {.commit_retries = 20}; }

 private:
  Ledger* ledger_;
};
// [/writer]

TEST(GuideDeliveryTest, ATwoPhaseSink) {
  const char* const program = "guide";
  weir::StreamExecutionEnvironment env(1, &program);
  Ledger ledger;
  ledger.Prepare("7.0.0", 5);  // of somebody else
  const auto orders = env.FromData<Order>({{"ann", 1'250, 0}, {"bob", 80, 0}, {"ann", 9'900, 0}});
  // [use]
  orders.SinkTo(LedgerSink(&ledger)).Uid("ledger");
  // [/use]
  const auto result = env.ExecuteLocal("ledger");
  ASSERT_TRUE(result.ok() && result->failure.ok());
  EXPECT_EQ(ledger.Balance(), 11'230);
}

// The third attempt of subtask 0 of the job "job".
class ThirdAttempt final : public weir::CommitterContext {
 public:
  ThirdAttempt() {
    information_.job_id = "job";
    information_.attempt = 2;
  }
  const weir::TaskInformation& task() const override { return information_; }
  weir::Logger& logger() override { return logger_; }
  std::string_view operator_id() const override { return "operator"; }
  bool stopping() const override { return false; }

 private:
  weir::TaskInformation information_;
  weir::testing::FakeLogger logger_;
};

TEST(GuideDeliveryTest, OnlyWhatFailedAttemptsOfTheJobHaveLeftIsDropped) {
  Ledger ledger;
  const std::vector<std::string> stays = {"another.operator.0.0.1", "job.another.0.0.1",
                                          "job.operator.0.0.1", "job.operator.0.2.2"};
  for (const std::string& name : stays) ledger.Prepare(name, 1);
  ledger.Prepare("job.operator.0.0.2", 1);
  ledger.Prepare("job.operator.0.1.2", 1);
  LedgerCommitter committer(&ledger);
  ThirdAttempt context;
  ASSERT_TRUE(committer.Open(context).ok());
  weir::RestoredCommittables<std::string> held;
  held.restored = true;
  held.committables.push_back({0, 1, "job.operator.0.0.1"});
  ASSERT_TRUE(committer.AbortUnheld(held).ok());
  EXPECT_EQ(ledger.Prepared(), stays);
}

}  // namespace
