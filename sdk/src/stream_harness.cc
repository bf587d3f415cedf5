#include <utility>

#include <weir/testing.h>

namespace weir::testing {
namespace {

constexpr std::int64_t kPatienceMs = 10'000;

}  // namespace

StreamHarness::StreamHarness() : env_(inputs_of_job_) {
  env_.SetJobName("harness");
}

StreamHarness::~StreamHarness() {
  if (closed_) return;
  // A destructor that may run because a test has failed: nobody can be told.
  try {
    static_cast<void>(tasks_.Close());
  } catch (...) {
  }
}

void StreamHarness::Open() {
  if (closed_) {
    throw HarnessError(Status(StatusCode::kFailedPrecondition, "the harness has been finished",
                              ErrorDomain::kUser, RetryHint::kNoRetry));
  }
  if (std::exchange(opened_, true)) return;
  Result<std::unique_ptr<internal::CompiledJob>> job = env_.Compile();
  ThrowUnlessOk(job.status());
  ThrowUnlessOk(tasks_.Open(*std::move(job), consumers_));
}

void StreamHarness::AdvanceProcessingTime(std::int64_t to_ms) {
  Do([&] { return tasks_.AdvanceProcessingTime(to_ms); });
}

void StreamHarness::RunUntil(const std::function<bool()>& condition, std::int64_t timeout_ms) {
  Do([&] { return tasks_.RunUntil(condition, timeout_ms); });
}

void StreamHarness::Finish() {
  Do([this] {
    for (const auto& ended : input_ends_) *ended = true;
    return tasks_.RunUntil([this] { return tasks_.finished(); }, kPatienceMs);
  });
  closed_ = true;
  ThrowUnlessOk(tasks_.Close());
}

StateSnapshot StreamHarness::TakeSnapshot(std::uint64_t checkpoint_id) {
  Open();
  Result<StateSnapshot> snapshot = tasks_.TakeSnapshot(checkpoint_id, kPatienceMs);
  ThrowUnlessOk(snapshot.status());
  return *std::move(snapshot);
}

void StreamHarness::NotifyCheckpointComplete(std::uint64_t checkpoint_id) {
  Do([&] { return tasks_.EndCheckpoint(checkpoint_id, true); });
}

void StreamHarness::NotifyCheckpointAborted(std::uint64_t checkpoint_id) {
  Do([&] { return tasks_.EndCheckpoint(checkpoint_id, false); });
}

void StreamHarness::Restore(std::vector<StateSnapshot> subtasks) {
  RefuseWhenOpen("Restore");
  tasks_.Restore(std::move(subtasks));
}

void StreamHarness::RunAsSubtask(std::uint32_t subtask, std::uint32_t parallelism) {
  RefuseWhenOpen("RunAsSubtask");
  ThrowUnlessOk(tasks_.RunAsSubtask(subtask, parallelism));
}

void StreamHarness::ThrowUnlessOk(Status status) {
  if (!status.ok()) throw HarnessError(std::move(status));
}

void StreamHarness::RefuseWhenOpen(const char* call) const {
  if (!opened_) return;
  throw HarnessError(Status(StatusCode::kFailedPrecondition,
                            std::string(call) + ": the harness is open already", ErrorDomain::kUser,
                            RetryHint::kNoRetry));
}

}  // namespace weir::testing
