// Reads one split, block by block.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <weir/connectors/file_split.h>
#include <weir/connectors/file_system.h>
#include <weir/connectors/internal/file_read_session.h>
#include <weir/format.h>
#include <weir/status.h>

#include "connectors/files/src/byte_stream.h"
#include "connectors/files/src/file_block.h"
#include "connectors/files/src/message_framer.h"

namespace weir::files {

class SplitReader {
 public:
  // A block is full with so many bytes, of the messages or of the content that they came from; a
  // longer message is a block of its own.
  static constexpr std::size_t kBlockBytes = 256 * 1024;
  // And with so many messages: empty ones take memory, too.
  static constexpr std::size_t kBlockMessages = 16 * 1024;

  // The options and `stop` outlive the reader. Once `stop` is true nothing more is read.
  SplitReader(const internal::FileSourceOptions& options, const Framing& framing, FileSplit split,
              const std::atomic<bool>& stop);

  // Fills a cleared block; may block. The first call opens the file. After a block that ends the
  // split, or a failure, there are no more calls. Canceled: it was stopped.
  void Fill(FileBlock& block);

 private:
  Status Open(FileBlock& block);
  // Puts the stream where messages of content position `position` come next.
  Status Seek(std::uint64_t position);
  Status ReadHeader(FileBlock& block);
  // The rest of the line that began before the split.
  Status SkipForeignLine();
  Status Discard(std::uint64_t bytes);
  Status FillFrom(FileBlock& block);
  // The block that began at `first_position` takes another message.
  bool HasRoom(const FileBlock& block) const;
  // The next message; false: the content has ended.
  Result<bool> NextMessage();
  // More bytes behind those at hand.
  Status ReadMore();

  std::string_view at_hand() const { return std::string_view(buffer_).substr(used_); }
  // Of the first byte at hand, in the content.
  std::uint64_t position() const { return buffer_position_ + used_; }

  const internal::FileSourceOptions& options_;
  const Framing framing_;
  const FileSplit split_;
  const std::atomic<bool>& stop_;
  const Codec codec_;
  MessageFramer framer_;
  std::unique_ptr<ReadableFile> file_;
  std::unique_ptr<ByteStream> stream_;
  std::string buffer_;
  std::size_t used_ = 0;
  std::uint64_t buffer_position_ = 0;
  bool stream_ended_ = false;
};

}  // namespace weir::files
