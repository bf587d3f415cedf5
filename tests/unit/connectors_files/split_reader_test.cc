// Parts of files, block by block, and what comes of headers and of the thread that reads.
#include "connectors/files/src/split_reader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/connectors/files.h>

#include "tests/unit/connectors_files/compressed_bytes.h"
#include "tests/unit/connectors_files/temporary_directory.h"
#include "tests/unit/connectors_generator/pull_source_driver.h"

namespace weir::files {
namespace {

// Reads of the file are the test's; everything else is not asked for.
class OneFile : public FileSystem {
 public:
  Result<FileInformation> Describe(const std::string& path) const override {
    return FileInformation{path, false, 1};
  }
  Result<std::vector<FileInformation>> List(const std::string& path) const override {
    return Status::NotFound(path);
  }
  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string&) const override {
    throw std::runtime_error("the wire is cut");
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) const override {
    return Status::NotFound(path);
  }
  Status Rename(const std::string&, const std::string&) const override { return Status::Ok(); }
  Status Remove(const std::string&) const override { return Status::Ok(); }
  Status CreateDirectories(const std::string&) const override { return Status::Ok(); }
};

TEST(SplitReader, ABlockIsBoundedHoweverSmallItsMessagesAre) {
  const TemporaryDirectory directory;
  constexpr std::uint64_t kMessages = 1 << 20;
  directory.Write("lines.gz", Gzipped(std::string(kMessages, '\n')));
  directory.Write("messages", std::string(kMessages, '\0'));
  const internal::FileSourceOptions options;
  const std::atomic<bool> stop = false;
  for (const auto& [name, framing] :
       {std::pair<const char*, Framing>{"lines.gz", {}},
        {"messages", Framing{.kind = Framing::Kind::kLengthPrefix}}}) {
    SCOPED_TRACE(name);
    SplitReader reader(options, framing, {directory.path(name), 0, kMessages, 0, 0}, stop);
    std::uint64_t messages = 0;
    for (FileBlock block; !block.ends_split;) {
      block.Clear();
      reader.Fill(block);
      ASSERT_TRUE(block.failure.ok()) << block.failure.ToString();
      ASSERT_LE(block.messages.size(), SplitReader::kBlockMessages);
      messages += block.messages.size();
    }
    EXPECT_EQ(messages, kMessages);
  }
}

TEST(SplitReader, ABlockEndsWithTheContentThatItCameFrom) {
  const TemporaryDirectory directory;
  // Each message's length takes ten bytes, and it is empty.
  std::string prefix(9, '\x80');
  prefix += '\0';
  std::string content;
  for (int i = 0; i < 60'000; ++i) content += prefix;
  const std::string path = directory.Write("messages", content);
  const internal::FileSourceOptions options;
  const std::atomic<bool> stop = false;
  SplitReader reader(options, {.kind = Framing::Kind::kLengthPrefix}, {path, 0, content.size()},
                     stop);
  FileBlock block;
  reader.Fill(block);
  ASSERT_TRUE(block.failure.ok()) << block.failure.ToString();
  ASSERT_FALSE(block.messages.empty());
  EXPECT_LT(block.messages.back().next_position, SplitReader::kBlockBytes + prefix.size());
}

// Compressed content without an end; whoever reads it is stopped.
class EndlessFile final : public OneFile {
 public:
  class File final : public ReadableFile {
   public:
    File(std::atomic<bool>& stop, int& reads) : stop_(stop), reads_(reads) {}
    Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> bytes) override {
      stop_ = true;
      if (++reads_ == 100) return std::size_t{0};
      for (char& byte : bytes) byte = member_[offset++ % member_.size()];
      return bytes.size();
    }

   private:
    const std::string member_ = Gzipped(std::string(10'000, 'x'));
    std::atomic<bool>& stop_;
    int& reads_;
  };
  EndlessFile(std::atomic<bool>& stop, int& reads) : stop_(stop), reads_(reads) {}
  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string&) const override {
    return std::unique_ptr<ReadableFile>(std::make_unique<File>(stop_, reads_));
  }

 private:
  std::atomic<bool>& stop_;
  int& reads_;
};

TEST(SplitReader, AStopIsHeardOnTheWayToAPlaceFarIntoACompressedFile) {
  std::atomic<bool> stop = false;
  int reads = 0;
  internal::FileSourceOptions options;
  options.file_system = std::make_shared<const EndlessFile>(stop, reads);
  constexpr std::uint64_t kFar = std::uint64_t{1} << 60;
  SplitReader reader(options, {}, {"in.gz", 0, 1, kFar, 1}, stop);
  FileBlock block;
  reader.Fill(block);
  EXPECT_EQ(block.failure.code(), StatusCode::kCanceled);
  EXPECT_EQ(reads, 1);
}

// Lines behind a header of some; refuses a header that begins with "bad".
template <std::uint32_t kHeaderRecords>
struct HeaderFormat : TextFormat {
  Framing framing() const { return {.header_records = kHeaderRecords}; }
  Status BeginStream(std::string_view header) const {
    if (!header.starts_with("bad")) return Status::Ok();
    return Status::Corruption("the header is bad");
  }
};
template <class Source>
Status ReadAll(const Source& source, std::vector<std::string>& lines) {
  test::PullSourceDriver<Source> driver(source, 1);
  WEIR_RETURN_IF_ERROR(driver.Start());
  return driver.Read(std::chrono::seconds(60),
                     [&](std::uint32_t, std::string& line) { lines.push_back(line); });
}

TEST(FileSource, ABadHeaderIsNamedByItsOwnPlace) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("in", "bad\nfirst\n");
  std::vector<std::string> lines;
  const Status status = ReadAll(FileSource<HeaderFormat<1>>().Path(path), lines);
  EXPECT_EQ(status.message(), path + " line 1, byte 0: the header is bad");
}

TEST(FileSource, NoLineOfAHeaderIsARecordWhereverPartsBegin) {
  const TemporaryDirectory directory;
  const std::string content = "one\ntwo\nthree\nfirst\nsecond\nthird\n";
  const std::string path = directory.Write("in", content);
  for (std::uint64_t split_bytes = 1; split_bytes <= content.size(); ++split_bytes) {
    std::vector<std::string> lines;
    ASSERT_TRUE(
        ReadAll(FileSource<HeaderFormat<3>>().Path(path).SplitBytes(split_bytes), lines).ok());
    EXPECT_EQ(lines, (std::vector<std::string>{"first", "second", "third"})) << split_bytes;
  }
}

TEST(FileSource, WhatAFileSystemThrowsFailsTheReader) {
  std::vector<std::string> lines;
  const Status status =
      ReadAll(TextFileSource().Path("/in").From(std::make_shared<const OneFile>()), lines);
  EXPECT_EQ(status.message(), "the file system threw: the wire is cut");
  EXPECT_EQ(status.domain(), ErrorDomain::kUser);
}

}  // namespace
}  // namespace weir::files
