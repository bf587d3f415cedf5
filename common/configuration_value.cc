#include "common/configuration_value.h"

#include <algorithm>
#include <array>
#include <span>

#include "common/text.h"

namespace weir {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t size;
};

constexpr std::array<Unit, 15> kMemoryUnits{{{"", 1},
                                             {"b", 1},
                                             {"bytes", 1},
                                             {"k", 1LL << 10},
                                             {"kb", 1LL << 10},
                                             {"kibibytes", 1LL << 10},
                                             {"m", 1LL << 20},
                                             {"mb", 1LL << 20},
                                             {"mebibytes", 1LL << 20},
                                             {"g", 1LL << 30},
                                             {"gb", 1LL << 30},
                                             {"gibibytes", 1LL << 30},
                                             {"t", 1LL << 40},
                                             {"tb", 1LL << 40},
                                             {"tebibytes", 1LL << 40}}};

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;

constexpr std::array<Unit, 22> kDurationUnits{{{"", 1},
                                               {"ms", 1},
                                               {"milli", 1},
                                               {"millis", 1},
                                               {"millisecond", 1},
                                               {"milliseconds", 1},
                                               {"s", kSecondMs},
                                               {"sec", kSecondMs},
                                               {"secs", kSecondMs},
                                               {"second", kSecondMs},
                                               {"seconds", kSecondMs},
                                               {"m", kMinuteMs},
                                               {"min", kMinuteMs},
                                               {"minute", kMinuteMs},
                                               {"minutes", kMinuteMs},
                                               {"h", kHourMs},
                                               {"hour", kHourMs},
                                               {"hours", kHourMs},
                                               {"d", kDayMs},
                                               {"day", kDayMs},
                                               {"days", kDayMs},
                                               {"mins", kMinuteMs}}};

// Units below the millisecond; their size is how many make one.
constexpr std::array<Unit, 11> kFractionUnits{{{"µs", 1000},
                                               {"us", 1000},
                                               {"micro", 1000},
                                               {"micros", 1000},
                                               {"microsecond", 1000},
                                               {"microseconds", 1000},
                                               {"ns", 1'000'000},
                                               {"nano", 1'000'000},
                                               {"nanos", 1'000'000},
                                               {"nanosecond", 1'000'000},
                                               {"nanoseconds", 1'000'000}}};

const Unit* FindUnit(std::span<const Unit> units, std::string_view name) {
  const auto found = std::ranges::find(units, name, &Unit::name);
  return found == units.end() ? nullptr : &*found;
}

struct NumberAndUnit {
  std::int64_t number;
  std::string unit;
};

Result<NumberAndUnit> SplitUnit(std::string_view text) {
  const std::string_view trimmed = Trim(text);
  const std::size_t digits = std::min(trimmed.find_first_not_of("0123456789"), trimmed.size());
  WEIR_ASSIGN_OR_RETURN(const std::int64_t number, ParseInt64(trimmed.substr(0, digits)));
  return NumberAndUnit{number, ToLower(Trim(trimmed.substr(digits)))};
}

Status OutOfRange(std::string_view text) {
  return Status::InvalidArgument(Concat("'", text, "' is out of range"));
}

// The value in the largest of `units` (smallest first) that divides it.
std::string Format(std::int64_t value, std::span<const Unit> units) {
  const Unit* chosen = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.size == 0) chosen = &unit;
  }
  return Concat(value / chosen->size, " ", chosen->name);
}

}  // namespace

Result<MemorySize> ParseMemorySize(std::string_view text) {
  const Result<NumberAndUnit> parts = SplitUnit(text);
  const Unit* unit = parts.ok() ? FindUnit(kMemoryUnits, parts->unit) : nullptr;
  if (unit == nullptr) {
    return Status::InvalidArgument(Concat("'", text, "' is not a memory size such as '64 mb'"));
  }
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(parts->number, unit->size, &bytes)) return OutOfRange(text);
  return MemorySize{bytes};
}

std::string MemorySize::ToString() const {
  constexpr std::array<Unit, 5> kUnits{
      {{"b", 1}, {"kb", 1LL << 10}, {"mb", 1LL << 20}, {"gb", 1LL << 30}, {"tb", 1LL << 40}}};
  return Format(bytes, kUnits);
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const Result<NumberAndUnit> parts = SplitUnit(text);
  if (parts.ok()) {
    if (const Unit* unit = FindUnit(kDurationUnits, parts->unit)) {
      std::int64_t millis = 0;
      if (__builtin_mul_overflow(parts->number, unit->size, &millis)) return OutOfRange(text);
      return std::chrono::milliseconds(millis);
    }
    if (const Unit* unit = FindUnit(kFractionUnits, parts->unit)) {
      if (parts->number % unit->size != 0) {
        return Status::InvalidArgument(
            Concat("'", text, "' is not a whole number of milliseconds"));
      }
      return std::chrono::milliseconds(parts->number / unit->size);
    }
  }
  return Status::InvalidArgument(Concat("'", text, "' is not a duration such as '10 s'"));
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  constexpr std::array<Unit, 5> kUnits{
      {{"ms", 1}, {"s", kSecondMs}, {"min", kMinuteMs}, {"h", kHourMs}, {"d", kDayMs}}};
  return Format(duration.count(), kUnits);
}

}  // namespace weir
