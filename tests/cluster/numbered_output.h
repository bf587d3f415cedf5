// What the job of jobs/numbered_job.cc must come to, worked out from its arguments without the
// engine, and compared with the files that a reader sees.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::cluster_test {

struct NumberedArguments {
  std::int64_t records = 0;
  std::int64_t keys = 97;
  std::int64_t window_ms = 1000;
};

// The key of a number.
std::int64_t KeyOf(std::int64_t index, std::int64_t keys);

// The lines of all files under `folder` that are there for readers (no name on the way begins with
// a dot). A line without its end is given as it is.
std::vector<std::string> ReadPublishedLines(const std::string& folder);

// Each number came once, and each key's counts are 1, 2, … : no record's effect was lost or doubled
// in state or output. Empty, or what is wrong with some examples.
std::string CheckCounts(const NumberedArguments& arguments, const std::vector<std::string>& lines);

// Each window of each key came once, with the count and sum of its numbers.
std::string CheckWindows(const NumberedArguments& arguments, const std::vector<std::string>& lines);

}  // namespace weir::cluster_test
