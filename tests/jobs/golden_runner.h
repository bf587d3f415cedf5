// Runs golden jobs in a MiniCluster and compares what they come to.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/temporary_directory.h"
#include "minicluster/mini_cluster.h"
#include "tests/jobs/golden_job.h"

namespace weir::golden {

// What the result must not depend on.
struct Variant {
  std::uint32_t parallelism = 1;
  std::uint32_t batch_records = 1024;
  bool chained = true;
  std::uint32_t task_managers = 1;
};
std::string ToString(const Variant& variant);
// Each parallelism x batch size x chaining x number of TaskManagers; a few of them in sanitizer
// builds, where a run takes ten times as long.
std::vector<Variant> Variants();

enum class Mode {
  kStraight,
  kWithCheckpoints,  // every 50 ms, of a slow input
};

// One thread.
class GoldenRunner {
 public:
  // Ok if the job came to what it should.
  Status Run(const RegisteredJob& job, const Variant& variant, Mode mode);

 private:
  Result<minicluster::MiniCluster*> Cluster(std::uint32_t task_managers);

  TemporaryDirectory folder_{*TemporaryDirectory::Create("weir-golden")};  // what runs write
  std::uint32_t runs_ = 0;
  std::map<std::uint32_t, std::unique_ptr<minicluster::MiniCluster>> clusters_;
};

// What differs, with an example or two; empty: nothing.
std::string Differences(std::vector<std::string> expected, std::vector<std::string> got,
                        Order order);

}  // namespace weir::golden
