// All golden jobs as one plugin, for a cluster of processes: --job FOLDER of the job's texts
// --milliseconds M that each input lasts --output FOLDER for the results, as files.
#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <weir/api.h>

#include "tests/cluster/jobs/job_arguments.h"
#include "tests/jobs/golden_job.h"

namespace {

void RunGoldenJob(weir::StreamExecutionEnvironment& env) {
  const weir::cluster_test::JobArguments arguments(
      env.arguments(), {{"job", ""}, {"milliseconds", "0"}, {"output", ""}});
  const std::filesystem::path folder = arguments.Text("job");
  const auto& jobs = weir::golden::RegisteredJobs();
  const auto found =
      std::ranges::find(jobs, folder.filename().string(), &weir::golden::RegisteredJob::name);
  if (found == jobs.end()) throw std::invalid_argument("no golden job is in " + folder.string());
  env.SetJobName(found->name);
  weir::golden::GoldenJob golden(
      {.folder = folder.string(),
       .input_seconds = static_cast<double>(arguments.Number("milliseconds")) / 1000,
       .output = arguments.Text("output"),
       .only_files = true},
      env);
  found->function(golden);
}

}  // namespace

WEIR_JOB("golden", RunGoldenJob)
