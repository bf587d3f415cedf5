// CheckpointingMode: what a recovery may do to the effects of records on state.
#pragma once

#include <cstdint>

namespace weir {

enum class CheckpointingMode : std::uint8_t {
  kExactlyOnce,  // each record's effect is in the state once
  kAtLeastOnce,  // it can be there twice after a recovery; checkpoints do not align barriers
};

}  // namespace weir
