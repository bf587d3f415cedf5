// Lines on their way from the receiving thread to the task.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

namespace weir::socket {

// Owned by one thread at a time; keeps its memory when it is cleared.
struct LineBlock {
  std::string text;               // the lines, one behind the other
  std::vector<std::size_t> ends;  // of each line in text
  bool last = false;              // nothing follows
  Status failure;                 // why, if that is no orderly end

  std::size_t size() const { return ends.size(); }
  void Add(std::string_view line) {
    text.append(line);
    ends.push_back(text.size());
  }
  std::string_view line(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends[index - 1];
    return std::string_view(text).substr(begin, ends[index] - begin);
  }
  void Clear() {
    text.clear();
    ends.clear();
    last = false;
    failure = Status::Ok();
  }
};

}  // namespace weir::socket
