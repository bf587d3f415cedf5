// Loading a plugin: user code enters the process here and nowhere else.
#pragma once

#include <memory>
#include <string>

#include <weir/internal/compiled_job.h>
#include <weir/internal/plugin.h>
#include <weir/status.h>

namespace weir::worker {

// A loaded plugin. Never unloaded: threads, thread-local destructors and type information of user
// code may outlive any owner (workers end by _exit).
class Plugin {
 public:
  // Loads with all symbols bound (a missing library or symbol is an error here, not a crash later),
  // then checks ABI number and toolchain before anything in it is called. Errors name the file and
  // both sides of a mismatch.
  static Result<Plugin> Load(const std::string& path);

  const internal::PluginRecord& record() const { return *record_; }

  // The job of that name, or, when `name` is empty, the plugin's only one. NotFound lists the names
  // there are.
  Result<const internal::JobEntry*> Find(const std::string& name) const;

 private:
  explicit Plugin(const internal::PluginRecord& record) : record_(&record) {}
  const internal::PluginRecord* record_;
};

}  // namespace weir::worker
