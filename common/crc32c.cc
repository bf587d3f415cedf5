#include "common/crc32c.h"

#include <algorithm>
#include <cstddef>

#include <isa-l/crc.h>

namespace weir {

std::uint32_t Crc32c(std::string_view bytes, std::uint32_t previous) {
  // ISA-L leaves the inversion before and after to its caller, does not write to the buffer despite
  // its type, and counts in an int.
  constexpr std::size_t kPiece = 1U << 30;
  std::uint32_t crc = ~previous;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kPiece);
    auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
    crc = ::crc32_iscsi(data, static_cast<int>(size), crc);
    bytes.remove_prefix(size);
  }
  return ~crc;
}

}  // namespace weir
