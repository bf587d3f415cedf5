// Reads little-endian bytes with bounds checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace weir {

// What a Serializer reads from. Every Read… returns false when the bytes do not suffice and then
// leaves its argument alone: whoever decodes turns that into Corruption. Does not own the bytes.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  explicit ByteReader(std::string_view bytes) : bytes_(std::as_bytes(std::span(bytes))) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  bool empty() const { return remaining() == 0; }

  [[nodiscard]] bool ReadBytes(void* out, std::size_t count) {
    if (remaining() < count) return false;
    if (count != 0) std::memcpy(out, bytes_.data() + position_, count);
    position_ += count;
    return true;
  }

  template <class T>
  [[nodiscard]] bool ReadFixed(T& value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    return ReadBytes(&value, sizeof(T));
  }

  // A count of elements that take at least `minimum_element_size` bytes each (not 0): one that the
  // bytes at hand cannot hold is refused before anything is allocated for it.
  [[nodiscard]] bool ReadLength(std::uint32_t& length, std::size_t minimum_element_size) {
    std::uint32_t count = 0;
    if (!ReadFixed(count)) return false;
    if (count > remaining() / minimum_element_size) return false;
    length = count;
    return true;
  }

  // Brackets the elements of a container. False where containers are nested deeper than any sane
  // record: bytes must not choose how much stack is used.
  [[nodiscard]] bool EnterContainer() { return ++depth_ <= kMaximumDepth; }
  void LeaveContainer() { --depth_; }
  static constexpr std::uint32_t kMaximumDepth = 1000;

  // The next `count` bytes, in place; `text` is valid as long as the bytes are.
  [[nodiscard]] bool ReadView(std::string_view& text, std::size_t count) {
    if (remaining() < count) return false;
    text = std::string_view(reinterpret_cast<const char*>(bytes_.data()) + position_, count);
    position_ += count;
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  std::uint32_t depth_ = 0;
};

}  // namespace weir
