// CRC-32C (Castagnoli), the check sum of iSCSI, Kafka's record batches and our frames, by ISA-L.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

// The check sum of `bytes` appended to what gave `previous` (0: nothing). So
// Crc32c("6789", Crc32c("12345")) == Crc32c("123456789") == 0xE3069283.
std::uint32_t Crc32c(std::string_view bytes, std::uint32_t previous = 0);

}  // namespace weir
