// A file's content from its beginning to its end, decompressed where its name says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <weir/connectors/file_system.h>
#include <weir/status.h>

namespace weir::files {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // 0: the end. Corruption, with the path, where compressed bytes are damaged or cut off.
  virtual Result<std::size_t> Read(std::span<char> bytes) = 0;
};

enum class Codec : std::uint8_t { kNone, kGzip, kZstandard };
// By the end of the name: ".gz", ".gzip", ".zst", ".zstd".
Codec CodecOf(std::string_view path);

// The bytes as they are, from `offset` on. `file` outlives the stream.
std::unique_ptr<ByteStream> PlainStream(ReadableFile& file, std::uint64_t offset);
// Several compressed members, one behind the other, are one stream, as gzip and zstd read them.
Result<std::unique_ptr<ByteStream>> DecompressedStream(Codec codec, std::string path,
                                                       std::unique_ptr<ByteStream> compressed);

}  // namespace weir::files
