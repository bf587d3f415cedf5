// Plugins: uploaded, listed, described, run. The disk and the child processes are waited for on the
// blocking loop; everything else happens on the JobManager's.
#include <algorithm>
#include <utility>

#include "common/settings.h"
#include "common/text.h"
#include "jobmanager/graph/job_graph_check.h"
#include "jobmanager/job_configuration.h"
#include "jobmanager/job_manager.h"
#include "jobmanager/job_view.h"

namespace weir::jobmanager {
namespace {

rest::JarInfo InfoOf(const StoredPlugin& plugin) {
  rest::JarInfo info{.id = plugin.id, .name = plugin.name, .uploaded_ms = plugin.uploaded_ms};
  for (const std::string& job : plugin.jobs) info.entries.push_back({.name = job});
  return info;
}

Status CheckRequest(const rest::JarRunRequest& request) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  const std::string& id = request.job_id;
  if (!id.empty() && (id.size() != 32 || id.find_first_not_of(kHexDigits) != std::string::npos)) {
    return Status::InvalidArgument(Concat("'", id, "' is no job id: 32 hex digits"));
  }
  if (request.parallelism < 0 || request.parallelism > static_cast<int>(kHighestMaxParallelism)) {
    return Status::InvalidArgument(Concat("parallelism ", request.parallelism,
                                          " is not between 1 and ", kHighestMaxParallelism));
  }
  return Status::Ok();
}

std::map<std::string, std::string> ToMap(
    const google::protobuf::Map<std::string, std::string>& settings) {
  return {settings.begin(), settings.end()};
}

}  // namespace

void JobManager::ListJars(rest::Callback<std::vector<rest::JarInfo>> callback) {
  world_.blocking.Post([this, alive = std::weak_ptr<bool>(alive_), callback = std::move(callback)] {
    if (alive.expired()) return;
    std::vector<rest::JarInfo> jars;
    for (const StoredPlugin& plugin : plugins_.List()) jars.push_back(InfoOf(plugin));
    PostToLoop([jars = std::move(jars), callback] { callback(jars); });
  });
}

void JobManager::UploadJar(const std::string& file, const std::string& name,
                           rest::Callback<rest::JarInfo> callback) {
  world_.blocking.Post(
      [this, alive = std::weak_ptr<bool>(alive_), file, name, callback = std::move(callback)] {
        if (alive.expired()) return;
        const Result<StoredPlugin> added = plugins_.Add(file, name, world_.describer.abi_numbers());
        if (added.ok()) log_.Info("plugin ", added->id, " stored as ", added->content_hash);
        PostToLoop([added, callback] {
          callback(added.ok() ? Result<rest::JarInfo>(InfoOf(*added)) : added.status());
        });
      });
}

void JobManager::DeleteJar(const std::string& jar_id, rest::StatusCallback callback) {
  world_.blocking.Post(
      [this, alive = std::weak_ptr<bool>(alive_), jar_id, callback = std::move(callback)] {
        if (alive.expired()) return;
        const Status removed = plugins_.Remove(jar_id);
        PostToLoop([removed, callback] { callback(removed); });
      });
}

void JobManager::DescribeJar(const rest::JarRunRequest& request,
                             rest::Callback<rest::JobPlan> callback) {
  Describe(request, [this, callback = std::move(callback)](Result<Described> described) {
    if (!described.ok()) return callback(described.status());
    Unpin(described->plugin.content_hash);
    if (const Status status = CheckJobGraph(described->job.graph()); !status.ok()) {
      return callback(status);
    }
    callback(PlanOf(described->job.graph(), std::string(32, '0')));
  });
}

void JobManager::RunJar(const rest::JarRunRequest& request, rest::Callback<std::string> callback) {
  Describe(request, [this, request, callback = std::move(callback)](Result<Described> described) {
    if (!described.ok()) return callback(described.status());
    const std::string content_hash = described->plugin.content_hash;
    SubmitJob(request, *std::move(described),
              [this, content_hash, callback](Result<std::string> job_id) {
                if (!job_id.ok()) Unpin(content_hash);
                callback(std::move(job_id));
              });
  });
}

void JobManager::Describe(const rest::JarRunRequest& request, rest::Callback<Described> callback) {
  world_.blocking.Post([this, alive = std::weak_ptr<bool>(alive_), request,
                        callback = std::move(callback)]() mutable {
    if (alive.expired()) return;
    const auto fail = [&](const Status& status) {
      PostToLoop([status, callback] { callback(status); });
    };
    if (const Status status = CheckRequest(request); !status.ok()) return fail(status);
    const Result<StoredPlugin> plugin = plugins_.Find(request.jar_id);
    if (!plugin.ok()) return fail(plugin.status());
    Configuration configuration = options_.configuration;
    if (const Status status = AddJobSettings(request.configuration, "the request", configuration);
        !status.ok()) {
      return fail(status);
    }
    if (request.parallelism > 0) {
      if (const Status status =
              configuration.Set(settings::kParallelism, Concat(request.parallelism));
          !status.ok()) {
        return fail(status);
      }
    }
    const DescribeRequest describe{
        .plugin_path = plugins_.BlobPath(plugin->content_hash),
        .plugin_name = plugin->name,
        .abi_number = plugin->abi_number,
        .entry = request.entry_class,
        .arguments = request.arguments,
        .parallelism = static_cast<std::uint32_t>(configuration.Get(settings::kParallelism)),
        .configuration = JobSettingsOf(configuration)};
    plugins_.Pin(plugin->content_hash);
    world_.describer.Describe(describe, [this, alive, plugin = *plugin, configuration,
                                         callback](Result<proto::DescribedJob> job) {
      if (alive.expired()) return;
      PostToLoop([this, plugin, configuration, callback, job = std::move(job)] {
        if (job.ok()) return callback(Described{plugin, *job, configuration});
        Unpin(plugin.content_hash);
        callback(job.status());
      });
    });
  });
}

void JobManager::SubmitJob(const rest::JarRunRequest& request, Described described,
                           rest::Callback<std::string> callback) {
  Status status = CheckJobGraph(described.job.graph());
  if (status.ok()) {
    status =
        AddJobSettings(ToMap(described.job.graph().configuration()),
                       Concat("job '", described.job.graph().name(), "'"), described.configuration);
  }
  if (!status.ok()) return callback(status);
  JobSubmission submission;
  submission.job_id = request.job_id.empty() ? RandomHexId(world_.random) : request.job_id;
  submission.entry = described.job.entry();
  submission.graph = std::move(*described.job.mutable_graph());
  submission.inputs = std::move(*described.job.mutable_inputs());
  submission.plugin.set_content_hash(described.plugin.content_hash);
  submission.plugin.set_size_bytes(described.plugin.size_bytes);
  submission.plugin.set_file_name(described.plugin.name);
  submission.plugin.set_abi_number(described.plugin.abi_number);
  submission.configuration = JobSettingsOf(described.configuration);
  submission.checkpoint_start.initial_path = request.savepoint_path;
  const std::string job_id = submission.job_id;
  Submit(std::move(submission), described.configuration,
         [job_id, callback = std::move(callback)](const Status& submitted) {
           callback(submitted.ok() ? Result<std::string>(job_id) : submitted);
         });
}

void JobManager::Unpin(const std::string& content_hash) {
  world_.blocking.Post([this, alive = std::weak_ptr<bool>(alive_), content_hash] {
    if (!alive.expired()) plugins_.Unpin(content_hash);
  });
}

}  // namespace weir::jobmanager
