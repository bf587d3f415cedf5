// Which clock a timer is for.
#pragma once

#include <cstdint>

namespace weir {

enum class TimeDomain : std::uint8_t { kEventTime = 0, kProcessingTime = 1 };

}  // namespace weir
