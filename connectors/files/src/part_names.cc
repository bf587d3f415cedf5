#include "connectors/files/src/part_names.h"

#include <charconv>

#include <weir/stable_hash.h>

namespace weir::files {
namespace {

constexpr std::string_view kInProgress = ".inprogress";

// The digits at the front of `text`, taken off.
template <class Number>
bool TakeNumber(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool Take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string SinkIdOf(std::string_view job_id, std::string_view operator_id) {
  const std::uint64_t hash = StableHash(std::string(job_id) + "/" + std::string(operator_id));
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(hash >> shift) & 0xf];
  return digits;
}

PartNames::PartNames(std::string_view prefix, std::string_view suffix, std::string_view sink_id)
    : stem_(std::string(prefix) + "-" + std::string(sink_id) + "-"), suffix_(suffix) {}

std::string PartNames::InProgress(std::uint32_t subtask, std::uint64_t number,
                                  std::uint32_t attempt) const {
  return "." + stem_ + std::to_string(subtask) + "-" + std::to_string(number) + "." +
         std::to_string(attempt) + std::string(kInProgress);
}

std::string PartNames::Finished(std::uint32_t subtask, std::uint64_t number) const {
  return stem_ + std::to_string(subtask) + "-" + std::to_string(number) + suffix_;
}

std::optional<PartName> PartNames::Parse(std::string_view path) const {
  std::string_view name = path.substr(path.rfind('/') + 1);
  PartName part;
  const bool hidden = Take(name, ".");
  if (!Take(name, stem_) || !TakeNumber(name, part.subtask) || !Take(name, "-") ||
      !TakeNumber(name, part.number)) {
    return std::nullopt;
  }
  if (!hidden) return part;
  std::uint32_t attempt = 0;
  if (!Take(name, ".") || !TakeNumber(name, attempt) || name != kInProgress) return std::nullopt;
  part.attempt = attempt;
  return part;
}

}  // namespace weir::files
