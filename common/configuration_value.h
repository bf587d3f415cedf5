// Amounts of memory and lengths of time as people write them in the configuration: Flink's grammar.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/status.h>

namespace weir {

// Never negative.
struct MemorySize {
  std::int64_t bytes = 0;

  // In the largest unit that loses nothing: "64 mb".
  std::string ToString() const;
  bool operator==(const MemorySize&) const = default;
};

// A whole number and a unit, blanks allowed between and around, case ignored. Without a unit:
// bytes. Units are binary, as in Flink: b bytes · k kb kibibytes (1024) · m mb mebibytes · g gb
// gibibytes · t tb tebibytes.
Result<MemorySize> ParseMemorySize(std::string_view text);

// A whole number and a unit, blanks allowed between and around. Without a unit: milliseconds.
// ms milli(s) millisecond(s) · s sec(s) second(s) · m min minute(s) · h hour(s) · d day(s). Flink's
// units below the millisecond (ns, µs and their names) are read if the result is whole
// milliseconds.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

// In the largest unit that loses nothing: "10 s", "100 ms", "5 min".
std::string FormatDuration(std::chrono::milliseconds duration);

}  // namespace weir
