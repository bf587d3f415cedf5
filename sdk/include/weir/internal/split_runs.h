// Which records of a block are of which split: neighbouring ones are one run.
#pragma once

#include <cstdint>
#include <vector>

namespace weir::internal {

class SplitRuns {
 public:
  struct Run {
    std::uint32_t split_output = 0;
    std::uint32_t first = 0;  // index of its first record; it ends where the next one begins
  };

  void Clear() { runs_.clear(); }
  // What follows, from the record `first` on, is of this split.
  void Begin(std::uint32_t split_output, std::uint32_t first) {
    if (!runs_.empty() && runs_.back().split_output == split_output) return;
    if (!runs_.empty() && runs_.back().first == first) runs_.pop_back();
    runs_.push_back({split_output, first});
  }
  // `Status call(split_output, first, count)` for each run that has records, of a block of `size`
  // records; those before the first Begin() are of split output 0. Stops at the first error.
  template <class Call>
  auto ForEach(std::uint32_t size, Call&& call) const -> decltype(call(0U, 0U, 0U)) {
    std::uint32_t split_output = 0;
    std::uint32_t first = 0;
    for (const Run& run : runs_) {
      if (run.first > first) {
        if (auto status = call(split_output, first, run.first - first); !status.ok()) return status;
      }
      split_output = run.split_output;
      first = run.first;
    }
    if (first == size) return {};
    return call(split_output, first, size - first);
  }

 private:
  std::vector<Run> runs_;
};

}  // namespace weir::internal
