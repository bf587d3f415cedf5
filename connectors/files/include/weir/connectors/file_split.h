// What is kept of the reading of files, in checkpoints and on the way from enumerator to reader.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <weir/fields.h>

namespace weir::files {

// The messages of a file that begin within [begin, end).
struct FileSplit {
  std::string path;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  // Where the next message begins: in the file or, of a compressed file, in its content.
  std::uint64_t position = 0;
  std::uint64_t messages = 0;  // before that
  bool operator==(const FileSplit&) const = default;
};
WEIR_FIELDS(FileSplit, path, begin, end, position, messages)

struct FileEnumeratorState {
  bool listed = false;                // at least once
  std::vector<FileSplit> unassigned;  // in the order in which they are handed out
  std::set<std::string> seen;         // paths of files that were cut into splits
};
WEIR_FIELDS(FileEnumeratorState, listed, unassigned, seen)

}  // namespace weir::files
