// Two ways to run a compiled job to its end in this process, without servers.
#pragma once

#include <memory>

#include <weir/internal/compiled_job.h>
#include <weir/status.h>

namespace benchmarks {

// The SDK alone: the job's only chain, of parallelism 1, in a loop on this thread. What it takes
// longer than a loop by hand is the price of blocks and virtual calls per block.
weir::Status RunChain(const weir::internal::CompiledJob& job);

// The task engine with a slot for each subtask index, all in this process. What it takes longer
// than the chain is the price of steps, batons, channels and metrics.
weir::Status RunTaskEngine(std::shared_ptr<const weir::internal::CompiledJob> job);

}  // namespace benchmarks
