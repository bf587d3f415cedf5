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
  explicit ByteWriter(std::vector<std::byte>& out)
      : out_(out), next_(out.data() + out.size()), end_(next_) {}
  // The first `used` bytes count, what is behind them is room and stays after Finish(): for memory
  // that is used again and again, which a vector would fill with zeros whenever it grew.
  ByteWriter(std::vector<std::byte>& out, std::size_t used)
      : out_(out), next_(out.data() + used), end_(out.data() + out.size()), keeps_room_(true) {}
  ByteWriter(const ByteWriter&) = delete;
  ByteWriter& operator=(const ByteWriter&) = delete;
  ~ByteWriter() { Finish(); }

  // Bytes in the vector, those from before included.
  std::size_t size() const { return static_cast<std::size_t>(next_ - out_.data()); }

  void WriteBytes(const void* bytes, std::size_t count) {
    if (count == 0) return;
    std::memcpy(Claim(count), bytes, count);
  }

  // The place of the next `count` bytes: whoever asked fills them in before the next write.
  std::byte* Extend(std::size_t count) { return Claim(count); }

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

  // Replaces what WriteFixed() wrote when size() was `position`.
  template <class T>
  void Overwrite(std::size_t position, T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    std::memcpy(out_.data() + position, &value, sizeof(T));
  }

  void WriteString(std::string_view text) {
    WriteLength(text.size());
    WriteBytes(text.data(), text.size());
  }

  // Makes room, so that the next writes up to `count` bytes need not grow the vector.
  void Reserve(std::size_t count) {
    if (room() < count) SetPlace(Grow(out_, size(), count));
  }

  void Finish() {
    if (keeps_room_ || next_ == end_) return;
    out_.resize(size());
    end_ = next_;
  }

 private:
  std::size_t room() const { return static_cast<std::size_t>(end_ - next_); }
  std::byte* Claim(std::size_t count) {
    if (room() < count) [[unlikely]] {
      SetPlace(Grow(out_, size(), count));
    }
    std::byte* place = next_;
    next_ += count;
    return place;
  }
  void SetPlace(std::byte* place) {
    next_ = place;
    end_ = out_.data() + out_.size();
  }
  // Returns where `size` is now. Static, and so are the pointers members: a writer whose address
  // nobody has may live in registers although it writes bytes, which might alias anything.
  [[gnu::noinline]] static std::byte* Grow(std::vector<std::byte>& out, std::size_t size,
                                           std::size_t count) {
    const std::size_t doubled = std::max<std::size_t>(2 * out.size(), 256);
    out.resize(std::max(size + count, doubled));
    return out.data() + size;
  }

  std::vector<std::byte>& out_;
  std::byte* next_;
  std::byte* end_;
  const bool keeps_room_ = false;
};

}  // namespace weir
