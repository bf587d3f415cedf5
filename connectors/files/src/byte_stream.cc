#include "connectors/files/src/byte_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <zlib.h>
#include <zstd.h>

namespace weir::files {
namespace {

constexpr std::size_t kInputBytes = 128 * 1024;
// zlib counts with 32 bits.
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;

class Plain final : public ByteStream {
 public:
  Plain(ReadableFile& file, std::uint64_t offset) : file_(file), offset_(offset) {}
  Result<std::size_t> Read(std::span<char> bytes) override {
    Result<std::size_t> count = file_.ReadAt(offset_, bytes);
    if (count.ok()) offset_ += *count;
    return count;
  }

 private:
  ReadableFile& file_;
  std::uint64_t offset_;
};

// What the two decompressors share: the compressed bytes at hand.
class CompressedInput {
 public:
  CompressedInput(std::string path, std::unique_ptr<ByteStream> compressed)
      : path_(std::move(path)), compressed_(std::move(compressed)), bytes_(kInputBytes) {}
  // Reads more once all is used. False at the end of the file.
  Result<bool> Fill() {
    if (!left_.empty()) return true;
    WEIR_ASSIGN_OR_RETURN(const std::size_t count, compressed_->Read(bytes_));
    left_ = std::span(bytes_).first(count);
    return count != 0;
  }
  std::span<char> left() const { return left_; }
  void Use(std::size_t count) { left_ = left_.subspan(count); }
  Status Damaged(const std::string& why) const {
    return Status::Corruption(path_ + ": the compressed bytes are damaged: " + why);
  }
  Status CutOff() const { return Status::Corruption(path_ + ": the compressed bytes are cut off"); }

 private:
  const std::string path_;
  const std::unique_ptr<ByteStream> compressed_;
  std::vector<char> bytes_;
  std::span<char> left_;
};

class Gzip final : public ByteStream {
 public:
  Gzip(std::string path, std::unique_ptr<ByteStream> compressed)
      : input_(std::move(path), std::move(compressed)) {}
  ~Gzip() override {
    if (open_) ::inflateEnd(&state_);
  }
  Status Open() {
    constexpr int kGzipFormat = 16;
    open_ = ::inflateInit2(&state_, MAX_WBITS + kGzipFormat) == Z_OK;
    if (open_) return Status::Ok();
    return Status(StatusCode::kResourceExhausted, "zlib cannot be set up");
  }
  Result<std::size_t> Read(std::span<char> bytes) override {
    bytes = bytes.first(std::min(bytes.size(), kMostAtOnce));
    state_.next_out = reinterpret_cast<Bytef*>(bytes.data());
    state_.avail_out = static_cast<uInt>(bytes.size());
    while (state_.avail_out == bytes.size()) {
      WEIR_ASSIGN_OR_RETURN(const bool more, input_.Fill());
      if (!more) {
        if (within_member_) return input_.CutOff();
        return std::size_t{0};
      }
      WEIR_RETURN_IF_ERROR(BehindMembers() ? SkipPadding() : Step());
    }
    return bytes.size() - state_.avail_out;
  }

 private:
  // Some programs fill up the last block of a tape or a disk with zeros; gzip leaves those alone.
  bool BehindMembers() const {
    return padding_ || (members_ > 0 && !within_member_ && input_.left().front() == '\0');
  }
  Status SkipPadding() {
    padding_ = true;
    for (const char byte : input_.left()) {
      if (byte != '\0') return input_.Damaged("something follows the zeros behind the last member");
    }
    input_.Use(input_.left().size());
    return Status::Ok();
  }
  Status Step() {
    within_member_ = true;
    state_.next_in = reinterpret_cast<Bytef*>(input_.left().data());
    state_.avail_in = static_cast<uInt>(input_.left().size());
    const int result = ::inflate(&state_, Z_NO_FLUSH);
    input_.Use(input_.left().size() - state_.avail_in);
    if (result == Z_STREAM_END) {
      within_member_ = false;
      ++members_;
      ::inflateReset(&state_);
      return Status::Ok();
    }
    if (result == Z_OK || result == Z_BUF_ERROR) return Status::Ok();
    return input_.Damaged(state_.msg != nullptr ? state_.msg : "no gzip");
  }

  CompressedInput input_;
  z_stream state_{};
  bool open_ = false;
  bool within_member_ = false;
  std::uint64_t members_ = 0;  // that have ended
  bool padding_ = false;       // nothing but zeros may follow
};

class Zstandard final : public ByteStream {
 public:
  Zstandard(std::string path, std::unique_ptr<ByteStream> compressed)
      : input_(std::move(path), std::move(compressed)),
        state_(::ZSTD_createDStream(), &::ZSTD_freeDStream) {}
  Status Open() const {
    if (state_) return Status::Ok();
    return Status(StatusCode::kResourceExhausted, "zstd cannot be set up");
  }
  Result<std::size_t> Read(std::span<char> bytes) override {
    ZSTD_outBuffer out{bytes.data(), bytes.size(), 0};
    while (out.pos == 0) {
      WEIR_ASSIGN_OR_RETURN(const bool more, input_.Fill());
      // Without input there may still be output that was waiting for room.
      if (!more && !within_frame_) return std::size_t{0};
      ZSTD_inBuffer in{input_.left().data(), input_.left().size(), 0};
      const std::size_t result = ::ZSTD_decompressStream(state_.get(), &out, &in);
      if (::ZSTD_isError(result) != 0) return input_.Damaged(::ZSTD_getErrorName(result));
      input_.Use(in.pos);
      within_frame_ = result != 0;
      if (!more && within_frame_ && out.pos == 0) return input_.CutOff();
    }
    return out.pos;
  }

 private:
  CompressedInput input_;
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> state_;
  bool within_frame_ = false;
};

template <class Made>
Result<std::unique_ptr<ByteStream>> Open(std::unique_ptr<Made> stream) {
  WEIR_RETURN_IF_ERROR(stream->Open());
  return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace

Codec CodecOf(std::string_view path) {
  if (path.ends_with(".gz") || path.ends_with(".gzip")) return Codec::kGzip;
  if (path.ends_with(".zst") || path.ends_with(".zstd")) return Codec::kZstandard;
  return Codec::kNone;
}

std::unique_ptr<ByteStream> PlainStream(ReadableFile& file, std::uint64_t offset) {
  return std::make_unique<Plain>(file, offset);
}

Result<std::unique_ptr<ByteStream>> DecompressedStream(Codec codec, std::string path,
                                                       std::unique_ptr<ByteStream> compressed) {
  switch (codec) {
    case Codec::kGzip:
      return Open(std::make_unique<Gzip>(std::move(path), std::move(compressed)));
    case Codec::kZstandard:
      return Open(std::make_unique<Zstandard>(std::move(path), std::move(compressed)));
    case Codec::kNone:
      break;
  }
  return compressed;
}

}  // namespace weir::files
