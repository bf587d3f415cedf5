// Identifiers made from bytes: 32 hex digits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weir/internal/murmur3.h>

namespace weir::internal {

inline std::string ToHexadecimal(Hash128 hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::uint64_t half : {hash.low, hash.high}) {
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[(half >> shift) & 15];
  }
  return text;
}

// The identifier of some bytes: their MurmurHash3.
inline std::string HashToHexadecimal(std::string_view bytes) {
  return ToHexadecimal(Murmur3(bytes));
}

}  // namespace weir::internal
