// Decompression into room of any size.
#include "connectors/files/src/byte_stream.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "tests/unit/connectors_files/compressed_bytes.h"

namespace weir::files {
namespace {

class TextFile final : public ReadableFile {
 public:
  explicit TextFile(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> bytes) override {
    const std::size_t count =
        std::min<std::size_t>(bytes.size(), text_.size() - std::min(text_.size(), offset));
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(offset), count, bytes.begin());
    return count;
  }

 private:
  const std::string text_;
};

// Room whose size zlib cannot say: its low 32 bits are 0.
TEST(ByteStream, MoreRoomThanZlibCountsIsNoMoreBytes) {
  constexpr std::size_t kRoom = std::size_t{1} << 32;
  void* const room = ::mmap(nullptr, kRoom, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(room, MAP_FAILED);
  for (const Codec codec : {Codec::kGzip, Codec::kZstandard}) {
    TextFile file(codec == Codec::kGzip ? Gzipped("some text") : Zstandarded("some text"));
    const auto stream = DecompressedStream(codec, "in", PlainStream(file, 0));
    ASSERT_TRUE(stream.ok());
    const std::span<char> bytes(static_cast<char*>(room), kRoom);
    const auto count = (*stream)->Read(bytes);
    ASSERT_TRUE(count.ok()) << count.status().ToString();
    ASSERT_EQ(*count, 9u);
    EXPECT_EQ(std::string(bytes.data(), 9), "some text");
    EXPECT_EQ(*(*stream)->Read(bytes), 0u);
  }
  ::munmap(room, kRoom);
}

}  // namespace
}  // namespace weir::files
