// Runs a CompiledJob in one thread without an engine: channels are queues, tasks are stepped in a
// random order. Every batch may be carried over as bytes, as between processes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/compiled_job.h>
#include <weir/internal/testing/fake_chain_context.h>

namespace weir::testing {

class JobRunner {
 public:
  // `capacity`: records per batch in channels.
  JobRunner(const internal::CompiledJob& job, std::uint64_t seed,
            std::uint32_t capacity = internal::kMaximumBatchCapacity);
  ~JobRunner();

  // To the end of all tasks, or the first error. Internal, if the job makes no progress any more.
  Status Run();

 private:
  class Coordinator;
  struct Input;
  struct Task;

  Status Open();
  Status DeliverEvents(bool& progress);
  Status Step(Task& task, bool& progress);
  Status StepInput(Task& task, bool& progress);
  Status TakeElement(Task& task, Input& input, std::size_t channel);
  Status MergeWatermark(Task& task, std::uint32_t edge);
  void CarryOver(std::uint32_t edge, std::unique_ptr<internal::AnyBatch>& batch);

  const internal::CompiledJob& job_;
  std::mt19937_64 random_;
  const std::uint32_t capacity_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::unique_ptr<Coordinator>> coordinators_;
};

}  // namespace weir::testing
