// What the process tests start. The first argument says what to do.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <dirent.h>
#include <unistd.h>

#include "common/process_lifetime.h"
#include "common/process_spawner.h"
#include "common/text.h"

namespace {

// Prints the numbers of all open descriptors but the one used for looking.
int PrintDescriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 1;
  std::string numbers;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] == '.' || std::atoi(entry->d_name) == ::dirfd(folder)) continue;
    numbers += std::string(entry->d_name) + " ";
  }
  ::closedir(folder);
  std::puts(numbers.c_str());
  return 0;
}

// Asks to die with the parent, says so on descriptor 3 and waits for that.
int DieWithParent(const char* expected_parent) {
  const weir::Status asked = weir::DieWithParent(std::atoi(expected_parent));
  if (!asked.ok()) {
    std::fprintf(stderr, "%s\n", asked.ToString().c_str());
    return 7;
  }
  if (::write(3, "r", 1) != 1) return 8;
  for (;;) ::pause();
}

// Starts a child of its own that shall die with it, handing on descriptor 3, and waits.
int BeParent(const char* own_path) {
  weir::ProcessSpawner spawner;
  const auto child = spawner.Spawn({.program = own_path,
                                    .arguments = {"die-with-parent", weir::Concat(::getpid())},
                                    .inherited_descriptors = {3}});
  if (!child.ok()) return 9;
  for (;;) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "descriptors") return PrintDescriptors();
  if (what == "die-with-parent" && argc > 2) return DieWithParent(argv[2]);
  if (what == "be-parent") return BeParent(argv[0]);
  std::fprintf(stderr, "unknown: %s\n", what.c_str());
  return 2;
}
