// WEIR_JOB(name, function): makes a job of this plugin.
//
//   void WordCount(weir::StreamExecutionEnvironment& env) { env.FromSource(…)…; }
//   WEIR_JOB("word-count", WordCount)
//
// At namespace scope, any number per plugin, in any of its sources. `name` is a string literal,
// unique in the plugin; `function` is a void(weir::StreamExecutionEnvironment&) that only describes
// the job (weir/environment.h).
//
// Each use puts an entry into the section "weir_jobs", which the linker makes one array, and a note
// that can be read without loading the plugin (internal/plugin_note.h). There is no code that runs
// when the plugin is loaded.
#pragma once

#include <cstdint>
#include <memory>

#include <weir/environment.h>
#include <weir/internal/plugin.h>
#include <weir/internal/plugin_note.h>
#include <weir/internal/toolchain.h>
#include <weir/version.h>

// Ends of the array, made by the linker.
extern "C" {
[[gnu::visibility("hidden")]] extern const weir::internal::JobEntry __start_weir_jobs[];
[[gnu::visibility("hidden")]] extern const weir::internal::JobEntry __stop_weir_jobs[];
}

namespace weir::internal {

// Runs the job function over a fresh environment and compiles its graph.
Result<std::unique_ptr<CompiledJob>> CompileJobFunction(
    const char* name, void (*function)(StreamExecutionEnvironment&), JobInputs& inputs);

}  // namespace weir::internal

// Hidden, so that plugins in one process never share it.
[[gnu::visibility("hidden")]] inline const weir::internal::PluginRecord*
weir_hidden_plugin_record() {
  static const weir::internal::PluginRecord record = {
      weir::internal::kAbiNumber,
      WEIR_TOOLCHAIN,
      WEIR_CPU_LEVEL,
      WEIR_VERSION,
      static_cast<std::uint32_t>(__stop_weir_jobs - __start_weir_jobs),
      __start_weir_jobs,
  };
  return &record;
}

// The plugin's only visible symbol; emitted where WEIR_JOB is used.
extern "C" [[gnu::visibility("default")]] inline const weir::internal::PluginRecord*
weir_plugin_record() {
  return weir_hidden_plugin_record();
}

// Keeps the jobs of a source in the order in which they are written, one behind the other:
// AddressSanitizer puts nothing between them.
#ifdef __clang__
#define WEIR_IN_ORDER_ [[clang::no_sanitize("address")]]
#else
#define WEIR_IN_ORDER_ [[gnu::no_reorder]]
#endif

#define WEIR_JOB(name, function)                                                                   \
  namespace {                                                                                      \
  WEIR_IN_ORDER_ [[gnu::used, gnu::section("weir_jobs")]]                                          \
  const ::weir::internal::JobEntry WEIR_CONCAT_(weir_job_entry_, __LINE__) = {                     \
      name, [](::weir::internal::JobInputs& inputs) {                                              \
        return ::weir::internal::CompileJobFunction(name, function, inputs);                       \
      }};                                                                                          \
  WEIR_IN_ORDER_ alignas(4) [[gnu::used, gnu::section(".note.weir")]] constexpr auto WEIR_CONCAT_( \
      weir_job_note_, __LINE__) = ::weir::internal::MakePluginNote(WEIR_PLUGIN_NOTE_TEXT_(name));  \
  [[gnu::used]] constexpr ::weir::internal::PluginRecordFunction WEIR_CONCAT_(                     \
      weir_job_anchor_, __LINE__) = &weir_plugin_record;                                           \
  }
