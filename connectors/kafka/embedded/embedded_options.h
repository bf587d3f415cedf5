// The command line of weir-embedded-kafka.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weir::kafka {

struct EmbeddedTopic {
  std::string name;
  int partitions = 1;
  bool operator==(const EmbeddedTopic&) const = default;
};

struct EmbeddedOptions {
  std::vector<EmbeddedTopic> topics;
  std::string bootstrap_file;    // empty: print only
  bool die_with_parent = false;  // SIGTERM from the kernel when the parent process ends
  bool help = false;
};

// The options, or what is wrong with them in `*error` (one line, for a person).
std::optional<EmbeddedOptions> ParseEmbeddedOptions(const std::vector<std::string>& arguments,
                                                    std::string* error);

// The text of --help.
const char* EmbeddedUsage();

}  // namespace weir::kafka
