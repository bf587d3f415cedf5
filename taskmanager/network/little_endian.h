// Numbers and strings as little-endian bytes, and back: the alphabet of every payload codec here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir::network {

template <class T>
  requires std::is_integral_v<T>
void StoreLittleEndian(std::byte* to, T value) {
  auto bits = static_cast<std::make_unsigned_t<T>>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<std::byte>(bits & 0xff);
    bits = static_cast<decltype(bits)>(static_cast<std::uint64_t>(bits) >> 8);
  }
}

template <class T>
  requires std::is_integral_v<T>
T LoadLittleEndian(const std::byte* from) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bits |= static_cast<std::uint64_t>(from[i]) << (8 * i);
  }
  return static_cast<T>(bits);
}

// Appends to a vector. Strings have a u16 length before them; longer ones are cut.
class PayloadWriter {
 public:
  explicit PayloadWriter(std::vector<std::byte>& out) : out_(out) {}

  template <class T>
  void Number(T value) {
    const std::size_t at = out_.size();
    out_.resize(at + sizeof(T));
    StoreLittleEndian(out_.data() + at, value);
  }

  void Text(std::string_view text) {
    text = text.substr(0, 0xffff);
    Number(static_cast<std::uint16_t>(text.size()));
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }

 private:
  std::vector<std::byte>& out_;
};

// Reads in the same order. Once something is missing, everything reads as 0 or empty and ok() is
// false.
class PayloadReader {
 public:
  explicit PayloadReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <class T>
  T Number() {
    if (rest_.size() < sizeof(T)) return Fail<T>();
    const T value = LoadLittleEndian<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }

  std::string Text() {
    const auto length = Number<std::uint16_t>();
    if (!ok_ || rest_.size() < length) return Fail<std::string>();
    std::string text(reinterpret_cast<const char*>(rest_.data()), length);
    rest_ = rest_.subspan(length);
    return text;
  }

  bool ok() const { return ok_; }
  // Everything was there and nothing is left.
  bool complete() const { return ok_ && rest_.empty(); }

 private:
  template <class T>
  T Fail() {
    ok_ = false;
    rest_ = {};
    return T();
  }

  std::span<const std::byte> rest_;
  bool ok_ = true;
};

}  // namespace weir::network
