// Compiles and runs a program whose result is one stream.
#pragma once

#include <cstdint>
#include <memory>

#include <weir/environment.h>

#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"

namespace weir::testing {

// `build(env)` gives the stream; what it came to is in `collected`.
template <class T, class Build>
Status RunJob(std::uint32_t parallelism, std::uint64_t seed,
              const std::shared_ptr<Collected<T>>& collected, Build build) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  env.SetParallelism(parallelism);
  build(env).SinkTo(CollectingSink<T>(collected)).SetParallelism(1);
  auto job = env.Compile();
  if (!job.ok()) return job.status();
  return JobRunner(**job, seed, 64).Run();
}

}  // namespace weir::testing
