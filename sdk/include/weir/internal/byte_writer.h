// Appends little-endian bytes to a vector.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir {

static_assert(std::endian::native == std::endian::little,
              "Weir's formats are little-endian and copied from memory: this machine is not");

// What a Serializer writes to. Keeps the vector longer than what is written so that appending is a
// bounds check and a copy; the vector has its right length after Finish() (or the destructor).
// One thread. Nobody else may touch the vector meanwhile.
class ByteWriter {
 public:
  explicit ByteWriter(std::vector<std::byte>& out) : out_(out), size_(out.size()) {}
  ByteWriter(const ByteWriter&) = delete;
  ByteWriter& operator=(const ByteWriter&) = delete;
  ~ByteWriter() { Finish(); }

  // Bytes in the vector, those from before included.
  std::size_t size() const { return size_; }

  void WriteBytes(const void* bytes, std::size_t count) {
    if (count == 0) return;
    std::memcpy(Claim(count), bytes, count);
  }

  // Arithmetic and enum types: their bytes as they are in memory.
  template <class T>
  void WriteFixed(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    std::memcpy(Claim(sizeof(T)), &value, sizeof(T));
  }

  // A count as u32. Throws std::length_error above its range, as the container itself would have
  // done for a count it cannot hold.
  void WriteLength(std::size_t length) {
    if (length > std::numeric_limits<std::uint32_t>::max()) {
      throw std::length_error("a string or vector of more than 2^32 - 1 elements is not written");
    }
    WriteFixed(static_cast<std::uint32_t>(length));
  }

  void WriteString(std::string_view text) {
    WriteLength(text.size());
    WriteBytes(text.data(), text.size());
  }

  // Makes room, so that the next writes up to `count` bytes need not grow the vector.
  void Reserve(std::size_t count) {
    if (out_.size() - size_ < count) Grow(count);
  }

  void Finish() {
    if (out_.size() != size_) out_.resize(size_);
  }

 private:
  std::byte* Claim(std::size_t count) {
    if (out_.size() - size_ < count) [[unlikely]] {
      Grow(count);
    }
    std::byte* place = out_.data() + size_;
    size_ += count;
    return place;
  }
  [[gnu::noinline]] void Grow(std::size_t count) {
    const std::size_t doubled = std::max<std::size_t>(2 * out_.size(), 256);
    out_.resize(std::max(size_ + count, doubled));
  }

  std::vector<std::byte>& out_;
  std::size_t size_;
};

}  // namespace weir
