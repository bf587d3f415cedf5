// The binary contract between a plugin and the worker that loads it.
//
// A plugin exports one function, weir_plugin_record(), and carries an ELF note (section
// ".note.weir", name "Weir", type 1) whose descriptor is the text of NoteText(): readable without
// loading the file. Both say the same; a worker refuses a record whose ABI number or toolchain is
// not its own before it calls anything in it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/internal/compiled_job.h>
#include <weir/status.h>

namespace weir::internal {

// Changes whenever a class in weir/internal/ or a public type that crosses the seam changes its
// layout or meaning.
#define WEIR_ABI_NUMBER 8
inline constexpr std::uint32_t kAbiNumber = WEIR_ABI_NUMBER;
inline constexpr char kPluginSymbol[] = "weir_plugin_record";

// What the job function may see of the world. Recorded when the graph is first made, replayed in
// every worker.
struct JobInputs {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // the variables that the job asked for
  std::map<std::string, std::string> files;        // the files that the job read, whole
  // True while the graph is described: reads go to the real environment and are recorded here.
  // False in workers: a read that is not recorded is an error that names it.
  bool recording = false;
  std::map<std::string, std::string>
      configuration;  // -D values and cluster defaults that a program may read
  std::uint32_t default_parallelism = 1;
};

struct JobEntry {
  const char* name;
  // Runs the job function and compiles its graph. Exceptions of user code come out as Status of
  // domain kUser.
  Result<std::unique_ptr<CompiledJob>> (*compile)(JobInputs& inputs);
};

struct PluginRecord {
  std::uint32_t abi_number;  // first, for ever
  const char* toolchain;     // Toolchain() of the translation unit with the jobs
  const char* cpu_level;     // "x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"
  const char* sdk_version;
  std::uint32_t job_count;
  const JobEntry* jobs;
};
using PluginRecordFunction = const PluginRecord* (*)();

}  // namespace weir::internal
