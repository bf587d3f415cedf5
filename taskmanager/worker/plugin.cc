#include "taskmanager/worker/plugin.h"

#include <span>
#include <string_view>
#include <vector>

#include <dlfcn.h>

#include <weir/internal/toolchain.h>

#include "common/text.h"

namespace weir::worker {
namespace {

Status CheckRecord(const internal::PluginRecord& record, const std::string& path) {
  if (record.abi_number != internal::kAbiNumber) {
    return Status::InvalidArgument(Concat("plugin ", path, " was built for ABI ", record.abi_number,
                                          " of Weir and this worker speaks ABI ",
                                          internal::kAbiNumber,
                                          ": build it against the SDK of this cluster"));
  }
  if (std::string_view(record.toolchain) != internal::Toolchain()) {
    return Status::InvalidArgument(Concat("plugin ", path, " was built with '", record.toolchain,
                                          "' and this worker with '", internal::Toolchain(),
                                          "': C++ objects cannot be shared between the two"));
  }
  if (record.job_count == 0)
    return Status::InvalidArgument(Concat("plugin ", path, " has no jobs"));
  return Status::Ok();
}

}  // namespace

Result<Plugin> Plugin::Load(const std::string& path) {
  // RTLD_NODELETE and never dlclose: see the class comment. RTLD_LOCAL: plugins bring their own
  // libraries.
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    return Status::InvalidArgument(Concat("plugin ", path, " cannot be loaded: ", ::dlerror()));
  }
  void* const symbol = ::dlsym(library, internal::kPluginSymbol);
  if (symbol == nullptr) {
    return Status::InvalidArgument(Concat("plugin ", path, " exports no ", internal::kPluginSymbol,
                                          ": it was not built with WEIR_JOB"));
  }
  const internal::PluginRecord* const record =
      reinterpret_cast<internal::PluginRecordFunction>(symbol)();
  if (record == nullptr) return Status::InvalidArgument(Concat("plugin ", path, " has no record"));
  WEIR_RETURN_IF_ERROR(CheckRecord(*record, path));
  return Plugin(*record);
}

Result<const internal::JobEntry*> Plugin::Find(const std::string& name) const {
  const std::span<const internal::JobEntry> jobs(record_->jobs, record_->job_count);
  if (name.empty() && jobs.size() == 1) return &jobs.front();
  std::vector<std::string_view> names;
  for (const internal::JobEntry& job : jobs) {
    if (job.name == name) return &job;
    names.push_back(job.name);
  }
  return Status::NotFound(
      name.empty() ? Concat("the plugin has several jobs; name one of: ", Join(names, ", "))
                   : Concat("the plugin has no job '", name, "'; it has: ", Join(names, ", ")));
}

}  // namespace weir::worker
