// ProcessJobDescriber: describes jobs with `weir-worker --role=describe` as a child process.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/event_loop.h"
#include "common/process_spawner.h"
#include "jobmanager/job_describer.h"

namespace weir::jobmanager {

class ProcessJobDescriber final : public JobDescriber {
 public:
  static constexpr std::int64_t kDefaultTimeoutMillis = 30'000;

  // `programs`: weir-worker by ABI number. `loop` (not the JobManager's) runs the time-outs and
  // the callbacks; Describe is called on it. `spawner` and `loop` outlive the object and its
  // children.
  ProcessJobDescriber(std::map<std::uint32_t, std::string> programs, ProcessSpawner& spawner,
                      EventLoop& loop, std::int64_t timeout_ms = kDefaultTimeoutMillis);

  std::vector<std::uint32_t> abi_numbers() const override;
  void Describe(const DescribeRequest& request, Callback callback) override;

 private:
  const std::map<std::uint32_t, std::string> programs_;
  ProcessSpawner& spawner_;
  EventLoop& loop_;
  const std::int64_t timeout_ms_;
};

}  // namespace weir::jobmanager
