// What the files of a sink are called: ".part-<sink>-<subtask>-<number>.<attempt>.inprogress", then
// "part-<sink>-<subtask>-<number><suffix>".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::files {

// Stands for one sink of one job in the names of its parts, 16 hex digits: other sinks may write
// into the same directory. The same for every attempt, which so finds what earlier ones left.
std::string SinkIdOf(std::string_view job_id, std::string_view operator_id);

// Of a file of the sink, in progress or not.
struct PartName {
  std::uint32_t subtask = 0;
  std::uint64_t number = 0;
  std::optional<std::uint32_t> attempt;  // in progress only
};

class PartNames {
 public:
  PartNames(std::string_view prefix, std::string_view suffix, std::string_view sink_id);

  std::string InProgress(std::uint32_t subtask, std::uint64_t number, std::uint32_t attempt) const;
  std::string Finished(std::uint32_t subtask, std::uint64_t number) const;
  // Nothing where the name, or the last part of the path, is not that of a file of this sink.
  std::optional<PartName> Parse(std::string_view path) const;

 private:
  const std::string stem_;  // "part-0123456789abcdef-"
  const std::string suffix_;
};

}  // namespace weir::files
