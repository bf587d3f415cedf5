#include "tests/jobs/golden_runner.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "tests/cluster/numbered_output.h"
#include "tests/sanitizers/instrumented.h"

namespace weir::golden {
namespace {

constexpr std::uint32_t kHighestParallelism = 7;
// As long as a few checkpoints.
constexpr double kSlowInputSeconds = 0.3;

// Lines of a key in their order, keys in theirs.
void SortByKey(std::vector<std::string>& lines) {
  std::map<std::string, std::vector<std::string>> by_key;
  for (std::string& line : lines) {
    std::string key = line.substr(0, line.find(' '));
    by_key[std::move(key)].push_back(std::move(line));
  }
  lines.clear();
  for (auto& [key, of_key] : by_key) {
    for (std::string& line : of_key) lines.push_back(std::move(line));
  }
}

}  // namespace

std::string ToString(const Variant& variant) {
  return Concat("parallelism ", variant.parallelism, ", batches of ", variant.batch_records, ", ",
                variant.chained ? "chained" : "unchained", ", ", variant.task_managers,
                " TaskManager(s)");
}

std::vector<Variant> Variants() {
  if (test::kInstrumented) {
    return {{1, 1024, true, 1},  {2, 7, false, 3}, {3, 1, true, 3},
            {7, 1024, false, 3}, {7, 7, true, 1},  {3, 1024, false, 1}};
  }
  std::vector<Variant> variants;
  for (const std::uint32_t task_managers : {1u, 3u}) {
    for (const bool chained : {true, false}) {
      for (const std::uint32_t batch_records : {1u, 7u, 1024u}) {
        for (const std::uint32_t parallelism : {1u, 2u, 3u, kHighestParallelism}) {
          variants.push_back({parallelism, batch_records, chained, task_managers});
        }
      }
    }
  }
  return variants;
}

std::string Differences(std::vector<std::string> expected, std::vector<std::string> got,
                        Order order) {
  if (order == Order::kAny) {
    std::ranges::sort(expected);
    std::ranges::sort(got);
  } else {
    SortByKey(expected);
    SortByKey(got);
  }
  const auto [wanted, found] = std::ranges::mismatch(expected, got);
  if (wanted == expected.end() && found == got.end()) return "";
  return Concat(expected.size(), " lines expected, ", got.size(), " came; the first difference: '",
                wanted == expected.end() ? "(end)" : *wanted, "' expected, '",
                found == got.end() ? "(end)" : *found, "' came");
}

Result<minicluster::MiniCluster*> GoldenRunner::Cluster(std::uint32_t task_managers) {
  auto& cluster = clusters_[task_managers];
  if (!cluster) {
    minicluster::MiniClusterOptions options;
    options.task_managers = task_managers;
    options.slots_per_task_manager = (kHighestParallelism + task_managers - 1) / task_managers;
    WEIR_ASSIGN_OR_RETURN(cluster, minicluster::MiniCluster::Start(std::move(options)));
  }
  return cluster.get();
}

Status GoldenRunner::Run(const RegisteredJob& job, const Variant& variant, Mode mode) {
  internal::JobInputs inputs;
  inputs.default_parallelism = variant.parallelism;
  inputs.recording = true;
  StreamExecutionEnvironment env(inputs);
  env.SetJobName(job.name);
  env.Set("pipeline.operator-chaining.enabled", variant.chained ? "true" : "false");
  env.Set("execution.batch.max-records", Concat(variant.batch_records));
  GoldenWorld world{.folder = Concat(WEIR_GOLDEN_JOBS, "/", job.name),
                    .output = Concat(folder_.path(), "/output-", ++runs_)};
  if (mode == Mode::kWithCheckpoints) {
    world.input_seconds = kSlowInputSeconds;
    env.Set("execution.checkpointing.interval", "50 ms");
    env.Set("execution.checkpointing.dir", Concat(folder_.path(), "/checkpoints"));
  }
  GoldenJob golden(std::move(world), env);
  job.function(golden);
  WEIR_ASSIGN_OR_RETURN(auto compiled, env.Compile());
  WEIR_ASSIGN_OR_RETURN(minicluster::MiniCluster * cluster, Cluster(variant.task_managers));
  WEIR_ASSIGN_OR_RETURN(const std::string id, cluster->Submit(std::move(compiled)));
  WEIR_ASSIGN_OR_RETURN(const JobExecutionResult result, cluster->WaitForEnd(id));
  if (result.final_state != "FINISHED") {
    return result.failure.WithContext(Concat("the job ended as ", result.final_state));
  }
  const std::string differences =
      Differences(golden.ReadExpected(),
                  golden.wrote_files() ? cluster_test::ReadPublishedLines(golden.output())
                                       : golden.sink().records(),
                  golden.order());
  return differences.empty() ? Status::Ok() : Status::Corruption(differences);
}

}  // namespace weir::golden
