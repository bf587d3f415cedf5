// Two ways to run a compiled job to its end in this process, without servers.
#pragma once

#include <cstdint>
#include <memory>

#include <weir/internal/compiled_job.h>
#include <weir/status.h>

namespace benchmarks {

// The SDK alone: the job's only chain, of parallelism 1, in a loop on this thread. What it takes
// longer than a loop by hand is the price of blocks and virtual calls per block. Unless null,
// `longest_step_ms` becomes the CPU time of the longest step of the loop (a block of records); that
// costs two system calls for each.
weir::Status RunChain(const weir::internal::CompiledJob& job, double* longest_step_ms);

// The task engine with a slot for each subtask index, all in this process. What it takes longer
// than the chain is the price of steps, batons, channels and metrics. `batch_records`: of a batch
// in a channel, within the engine's own bounds; 0: what the engine chooses.
weir::Status RunTaskEngine(std::shared_ptr<const weir::internal::CompiledJob> job,
                           std::uint32_t batch_records);

}  // namespace benchmarks
