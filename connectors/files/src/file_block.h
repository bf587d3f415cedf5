// Messages on their way from the reading thread to the task.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/connectors/internal/file_read_session.h>
#include <weir/status.h>

namespace weir::files {

// Of one split. Owned by one thread at a time; keeps its memory when it is cleared.
struct FileBlock {
  std::string text;
  std::vector<internal::FileReadSession::Message> messages;
  std::uint64_t first_position = 0;
  bool begins_split = false;
  std::string header;  // of the file, where begins_split
  bool ends_split = false;
  Status failure;  // instead of what would have followed

  void Add(std::string_view message, std::uint64_t next_position) {
    text.append(message);
    messages.push_back({text.size(), next_position});
  }
  void Clear() {
    text.clear();
    messages.clear();
    header.clear();
    begins_split = false;
    ends_split = false;
    failure = Status::Ok();
  }
};

}  // namespace weir::files
