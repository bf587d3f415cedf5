// What a trigger (weir/windowing/triggers.h) says is to be done with a window.
#pragma once

#include <cstdint>

namespace weir {

enum class TriggerResult : std::uint8_t {
  kContinue = 0,
  kFire = 1,          // emit the result, keep what is in the window
  kPurge = 2,         // drop what is in the window, emit nothing
  kFireAndPurge = 3,  // both
};
constexpr bool IsFire(TriggerResult result) {
  return result == TriggerResult::kFire || result == TriggerResult::kFireAndPurge;
}
constexpr bool IsPurge(TriggerResult result) {
  return result == TriggerResult::kPurge || result == TriggerResult::kFireAndPurge;
}

}  // namespace weir
