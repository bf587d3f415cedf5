// Part files, by hand and through the writer.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/connectors/files.h>

#include "connectors/files/src/bucket_files.h"
#include "connectors/files/src/system_failure.h"
#include "tests/kafka/task_contexts.h"
#include "tests/unit/connectors_files/temporary_directory.h"

namespace weir::files {
namespace {

using Content = std::map<std::string, std::string>;

// Of the job and the operator of test::TestWriterContext.
const std::string kSinkId =
    SinkIdOf("fedcba9876543210fedcba9876543210", "0123456789abcdef0123456789abcdef");

internal::FileSinkOptions Into(const TemporaryDirectory& directory) {
  internal::FileSinkOptions options;
  options.path = directory.path();
  options.roll_at_bytes = 10;
  options.roll_after_ms = 1'000;
  options.roll_after_inactivity_ms = 300;
  options.part_suffix = ".txt";
  return options;
}

TEST(BucketFiles, PartsAreHiddenUntilTheyAreFinished) {
  const TemporaryDirectory directory;
  const internal::FileSinkOptions options = Into(directory);
  BucketFiles files(options, {"s", 3, 7}, BucketFiles::Naming::kAtOnce);
  ASSERT_TRUE(files.Write("", "12345\n", 0).ok());
  ASSERT_TRUE(files.Write("a/b", "x\n", 0).ok());
  ASSERT_TRUE(files.Sync().ok());
  EXPECT_EQ(directory.Content(), (Content{{".part-s-3-0.7.inprogress", "12345\n"},
                                          {"a/b/.part-s-3-0.7.inprogress", "x\n"}}));
  ASSERT_TRUE(files.Write("", "6789\n", 0).ok());
  ASSERT_TRUE(files.Write("", "next\n", 0).ok());
  EXPECT_EQ(directory.Content(), (Content{{"part-s-3-0.txt", "12345\n6789\n"},
                                          {".part-s-3-1.7.inprogress", "next\n"},
                                          {"a/b/.part-s-3-0.7.inprogress", "x\n"}}));
  ASSERT_TRUE(files.FinishAll().ok());
  EXPECT_EQ(directory.Content(), (Content{{"part-s-3-0.txt", "12345\n6789\n"},
                                          {"part-s-3-1.txt", "next\n"},
                                          {"a/b/part-s-3-0.txt", "x\n"}}));
}

TEST(BucketFiles, TimeFinishesPartsWithoutAnotherRecord) {
  const TemporaryDirectory directory;
  const internal::FileSinkOptions options = Into(directory);
  BucketFiles files(options, {"s", 0, 0}, BucketFiles::Naming::kAtOnce);
  EXPECT_EQ(files.next_roll_ms(), BucketFiles::kNever);
  for (std::int64_t now_ms : {100, 350, 600, 850}) {
    ASSERT_TRUE(files.Write("", "1\n", now_ms).ok());
    EXPECT_EQ(files.next_roll_ms(), std::min<std::int64_t>(now_ms + 300, 1'100));
    ASSERT_TRUE(files.Roll(now_ms + 200).ok());
  }
  EXPECT_EQ(directory.Content(), (Content{{".part-s-0-0.0.inprogress", "1\n1\n1\n1\n"}}));
  ASSERT_TRUE(files.Roll(1'100).ok());
  EXPECT_EQ(directory.Content(), (Content{{"part-s-0-0.txt", "1\n1\n1\n1\n"}})) << "its age";
  ASSERT_TRUE(files.Write("", "2\n", 2'000).ok());
  ASSERT_TRUE(files.Roll(2'299).ok());
  EXPECT_EQ(files.next_roll_ms(), 2'300);
  ASSERT_TRUE(files.Roll(2'300).ok());
  EXPECT_EQ(directory.Content().at("part-s-0-1.txt"), "2\n") << "its inactivity";
  EXPECT_EQ(files.next_roll_ms(), BucketFiles::kNever);
}

TEST(BucketFiles, AnotherAttemptGoesOnBehindWhatIsFinished) {
  const TemporaryDirectory directory;
  directory.Write("part-s-0-4.txt", "finished");
  directory.Write("part-s-1-9.txt", "of another subtask");
  directory.Write(".part-s-0-5.0.inprogress", "of an earlier attempt");
  directory.Write(".part-s-0-6.2.inprogress", "of a later attempt");
  directory.Write(".part-s-0-7.1.inprogress", "of this one, before attempts were counted anew");
  directory.Write(".part-s-1-5.0.inprogress", "of another subtask");
  directory.Write(".part-t-0-5.0.inprogress", "of another sink");
  directory.Write("part-t-0-9.txt", "of another sink");
  const internal::FileSinkOptions options = Into(directory);
  BucketFiles files(options, {"s", 0, 1}, BucketFiles::Naming::kAtOnce);
  ASSERT_TRUE(files.Write("", "1\n", 0).ok());
  ASSERT_TRUE(files.FinishAll().ok());
  EXPECT_EQ(directory.Content(),
            (Content{{"part-s-0-4.txt", "finished"},
                     {"part-s-0-8.txt", "1\n"},
                     {"part-s-1-9.txt", "of another subtask"},
                     {".part-s-0-6.2.inprogress", "of a later attempt"},
                     {".part-s-0-7.1.inprogress", "of this one, before attempts were counted anew"},
                     {".part-s-1-5.0.inprogress", "of another subtask"},
                     {".part-t-0-5.0.inprogress", "of another sink"},
                     {"part-t-0-9.txt", "of another sink"}}));
}

TEST(BucketFiles, NothingIsReplaced) {
  const TemporaryDirectory directory;
  const internal::FileSinkOptions options = Into(directory);
  BucketFiles files(options, {"s", 0, 0}, BucketFiles::Naming::kAtOnce);
  ASSERT_TRUE(files.Write("", "1\n", 0).ok());
  directory.Write("part-s-0-0.txt", "somebody else's");
  const Status status = files.FinishAll();
  EXPECT_EQ(status.code(), StatusCode::kAlreadyExists);
  EXPECT_NE(status.message().find(directory.path("part-s-0-0.txt") + ": File exists"),
            std::string::npos)
      << status.message();
  EXPECT_EQ(directory.Content().at("part-s-0-0.txt"), "somebody else's");
}

// Two sinks, of one job or of two, that write into one directory at the same time.
TEST(BucketFiles, SinksDoNotMeetInADirectory) {
  const TemporaryDirectory directory;
  const internal::FileSinkOptions options = Into(directory);
  const std::string ours = SinkIdOf("job", "operator");
  EXPECT_EQ(ours, SinkIdOf("job", "operator")) << "a later attempt finds its files";
  for (const std::string& others : {SinkIdOf("job", "another"), SinkIdOf("another", "operator")}) {
    ASSERT_EQ(others.size(), 16u);
    ASSERT_NE(ours, others);
    BucketFiles files(options, {ours, 0, 0}, BucketFiles::Naming::kAtOnce);
    BucketFiles other_files(options, {others, 0, 1}, BucketFiles::Naming::kAtOnce);
    ASSERT_TRUE(files.Write("", "1\n", 0).ok());
    ASSERT_TRUE(other_files.Write("", "a\n", 0).ok());
    ASSERT_TRUE(files.Write("", "2\n", 0).ok());
    ASSERT_TRUE(other_files.Write("", "b\n", 0).ok());
    ASSERT_TRUE(files.FinishAll().ok());
    ASSERT_TRUE(other_files.FinishAll().ok());
    EXPECT_EQ(directory.Content().at("part-" + others + "-0-0.txt"), "a\nb\n");
  }
  EXPECT_EQ(directory.Content().at("part-" + ours + "-0-0.txt"), "1\n2\n");
  EXPECT_EQ(directory.Content().at("part-" + ours + "-0-1.txt"), "1\n2\n");
}

TEST(BucketFiles, ForgetsBucketsThatNothingIsWrittenTo) {
  const TemporaryDirectory directory;
  const internal::FileSinkOptions options = Into(directory);
  BucketFiles files(options, {"s", 0, 0}, BucketFiles::Naming::kAtOnce);
  for (int hour = 0; hour < 5; ++hour) {
    const std::int64_t now_ms = hour * 3'600'000;
    const std::string bucket = std::to_string(hour);
    ASSERT_TRUE(files.Write(bucket, "1\n", now_ms).ok());
    ASSERT_TRUE(files.Write(bucket + "/full", "0123456789\n", now_ms).ok());
    ASSERT_TRUE(files.Roll(now_ms + 299).ok());
    EXPECT_EQ(files.buckets(), 2u);
    ASSERT_TRUE(files.Roll(now_ms + 300).ok());
    EXPECT_EQ(files.buckets(), 0u);
  }
  // Somebody has fetched what was finished: its name must not come again.
  const Content finished = directory.Content();
  ASSERT_EQ(finished.size(), 10u);
  for (const auto& [name, content] : finished) std::filesystem::remove(directory.path(name));
  ASSERT_TRUE(files.Write("3", "2\n", 400'000'000).ok());
  ASSERT_TRUE(files.FinishAll().ok());
  const Content again = directory.Content();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again.begin()->second, "2\n");
  EXPECT_FALSE(finished.contains(again.begin()->first)) << again.begin()->first;
}

TEST(LocalFileSystem, AFileIsCreatedOnce) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("file", "somebody's");
  const auto created = LocalFileSystem()->Create(path);
  EXPECT_EQ(created.status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(directory.Content().at("file"), "somebody's");
}

TEST(LocalFileSystem, AFullDiskIsNamed) {
  const Status status = SystemFailure("cannot write", "/out/part", ENOSPC);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "cannot write /out/part: No space left on device");
  EXPECT_EQ(status.domain(), ErrorDomain::kExternal);
}

// Drives a writer as the engine would.
template <class Sink>
class Writing {
 public:
  explicit Writing(const Sink& sink) : context_(0, 1), writer_(sink.CreateWriter()) {}
  ~Writing() { writer_->Close(); }
  Status Open() { return writer_->Open(context_); }
  // Ends the block; waits where the writer has no room.
  Status Write(typename Sink::Record record,
               std::int64_t timestamp_ms = weir::internal::kNoTimestamp) {
    for (;;) {
      const std::uint64_t seen = context_.counting().notifications();
      WEIR_ASSIGN_OR_RETURN(const WriteStatus written, writer_->Write(record, timestamp_ms));
      WEIR_RETURN_IF_ERROR(writer_->EndBlock());
      if (written == WriteStatus::kAccepted) return Status::Ok();
      if (++refused_ == 1 && once_refused_) once_refused_();
      WEIR_RETURN_IF_ERROR(Wait(seen));
    }
  }
  Status Flush(bool end) {
    for (;;) {
      const std::uint64_t seen = context_.counting().notifications();
      WEIR_ASSIGN_OR_RETURN(const FlushStatus flushed, writer_->Flush(end));
      if (flushed == FlushStatus::kDone) return Status::Ok();
      WEIR_RETURN_IF_ERROR(Wait(seen));
    }
  }
  Status Failure() { return writer_->Failure(); }
  Status WaitForNotification() { return Wait(0); }
  int refused() const { return refused_; }
  void OnceRefused(std::function<void()> call) { once_refused_ = std::move(call); }

 private:
  Status Wait(std::uint64_t seen) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    if (context_.counting().WaitForMoreThan(seen, deadline)) return Status::Ok();
    return Status(StatusCode::kTimedOut, "the writer did not say that it has room");
  }

  test::TestWriterContext context_;
  decltype(std::declval<const Sink&>().CreateWriter()) writer_;
  std::function<void()> once_refused_;
  int refused_ = 0;
};

TEST(FileSink, FlushMakesRecordsDurableAndTheEndFinishesParts) {
  const TemporaryDirectory directory;
  Writing writing(FileSink(TextFormat(), directory.path("out")));
  ASSERT_TRUE(writing.Open().ok());
  ASSERT_TRUE(writing.Write("one").ok());
  ASSERT_TRUE(writing.Write("two").ok());
  ASSERT_TRUE(writing.Flush(false).ok());
  EXPECT_EQ(directory.Content(),
            (Content{{"out/.part-" + kSinkId + "-0-0.0.inprogress", "one\ntwo\n"}}));
  ASSERT_TRUE(writing.Write("three").ok());
  ASSERT_TRUE(writing.Flush(true).ok());
  EXPECT_EQ(directory.Content(), (Content{{"out/part-" + kSinkId + "-0-0", "one\ntwo\nthree\n"}}));
}

TEST(FileSink, BucketsAreDirectories) {
  const TemporaryDirectory directory;
  Writing writing(
      FileSink(TextFormat(), directory.path()).Assigner(DateTimeBucketAssigner("%Y/%m-%d")));
  ASSERT_TRUE(writing.Open().ok());
  ASSERT_TRUE(writing.Write("a", 1'700'000'000'000).ok());
  ASSERT_TRUE(writing.Write("b", 1'700'100'000'000).ok());
  ASSERT_TRUE(writing.Write("c", 1'700'000'000'001).ok());
  ASSERT_TRUE(writing.Write("d", -1).ok());
  ASSERT_TRUE(writing.Flush(true).ok());
  EXPECT_EQ(directory.Content(), (Content{{"2023/11-14/part-" + kSinkId + "-0-0", "a\nc\n"},
                                          {"2023/11-16/part-" + kSinkId + "-0-0", "b\n"},
                                          {"1969/12-31/part-" + kSinkId + "-0-0", "d\n"}}));
}

TEST(FileSink, ABucketMustLieBelowThePath) {
  for (const char* name : {"..", "a/../b", "/a", "a//b", "a/", "."}) {
    const TemporaryDirectory directory;
    Writing writing(
        FileSink(TextFormat(), directory.path())
            .Assigner([name](const std::string&, const BucketContext&) { return name; }));
    ASSERT_TRUE(writing.Open().ok());
    EXPECT_EQ(writing.Write("x").code(), StatusCode::kInvalidArgument) << name;
  }
}

TEST(FileSink, AMessageThatItsFrameCannotHoldIsRefused) {
  const TemporaryDirectory directory;
  Writing writing(FileSink(TextFormat(), directory.path()));
  ASSERT_TRUE(writing.Open().ok());
  EXPECT_NE(writing.Write("two\nlines").message().find("line break"), std::string::npos);
  // It would be read as "one".
  EXPECT_NE(writing.Write("one\r").message().find("carriage return"), std::string::npos);
  EXPECT_TRUE(writing.Write("a\rb").ok());
}

// A disk that fills up.
class FullDisk : public FileSystem {
 public:
  class File final : public WritableFile {
   public:
    explicit File(std::string path) : path_(std::move(path)) {}
    Status Append(std::string_view bytes) override {
      left_ -= std::min(left_, bytes.size());
      if (left_ > 0) return Status::Ok();
      return Status(StatusCode::kResourceExhausted,
                    "cannot write " + path_ + ": No space left on device", ErrorDomain::kExternal);
    }
    Status Sync() override { return Status::Ok(); }
    Status Close() override { return Status::Ok(); }

   private:
    const std::string path_;
    std::size_t left_ = 1'000;
  };
  Result<FileInformation> Describe(const std::string& path) const override {
    return Status::NotFound(path);
  }
  Result<std::vector<FileInformation>> List(const std::string&) const override {
    return std::vector<FileInformation>();
  }
  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) const override {
    return Status::NotFound(path);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) const override {
    return std::unique_ptr<WritableFile>(std::make_unique<File>(path));
  }
  Status Rename(const std::string&, const std::string&) const override { return Status::Ok(); }
  Status Remove(const std::string&) const override { return Status::Ok(); }
  Status CreateDirectories(const std::string&) const override { return Status::Ok(); }
};

TEST(FileSink, AFullDiskFailsTheWriterWithThePath) {
  Writing writing(FileSink(TextFormat(), "/out").To(std::make_shared<const FullDisk>()));
  ASSERT_TRUE(writing.Open().ok());
  ASSERT_TRUE(writing.Write(std::string(2'000, 'x')).ok());
  const Status status = writing.Flush(true);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "File sink: cannot write /out/.part-" + kSinkId +
                                  "-0-0.0.inprogress: No space left on device");
  EXPECT_EQ(writing.Write("y"), status);
}

// The disk fills up while nothing comes any more.
TEST(FileSink, AFailureIsHeardWithoutAnotherRecord) {
  Writing writing(FileSink(TextFormat(), "/out").To(std::make_shared<const FullDisk>()));
  ASSERT_TRUE(writing.Open().ok());
  ASSERT_TRUE(writing.Failure().ok());
  ASSERT_TRUE(writing.Write(std::string(2'000, 'x')).ok());
  ASSERT_TRUE(writing.WaitForNotification().ok());
  EXPECT_EQ(writing.Failure().code(), StatusCode::kResourceExhausted);
}

// A disk whose driver throws.
class ThrowingDisk final : public FullDisk {
 public:
  Result<std::unique_ptr<WritableFile>> Create(const std::string&) const override {
    throw std::runtime_error("the wire is cut");
  }
};

TEST(FileSink, WhatAFileSystemThrowsFailsTheWriter) {
  Writing writing(FileSink(TextFormat(), "/out").To(std::make_shared<const ThrowingDisk>()));
  ASSERT_TRUE(writing.Open().ok());
  ASSERT_TRUE(writing.Write("x").ok());
  const Status status = writing.Flush(true);
  EXPECT_EQ(status.message(), "File sink: the file system threw: the wire is cut");
  EXPECT_EQ(status.domain(), ErrorDomain::kUser);
}

// A disk that takes nothing before the gate is opened.
class GatedDisk final : public FullDisk {
 public:
  class File final : public WritableFile {
   public:
    File(std::latch& gate, std::atomic<std::size_t>& written) : gate_(gate), written_(written) {}
    Status Append(std::string_view bytes) override {
      gate_.wait();
      written_ += bytes.size();
      return Status::Ok();
    }
    Status Sync() override { return Status::Ok(); }
    Status Close() override { return Status::Ok(); }

   private:
    std::latch& gate_;
    std::atomic<std::size_t>& written_;
  };
  GatedDisk(std::latch& gate, std::atomic<std::size_t>& written) : gate_(gate), written_(written) {}
  Result<std::unique_ptr<WritableFile>> Create(const std::string&) const override {
    return std::unique_ptr<WritableFile>(std::make_unique<File>(gate_, written_));
  }

 private:
  std::latch& gate_;
  std::atomic<std::size_t>& written_;
};

TEST(FileSink, ASlowDiskHoldsTheWriterUp) {
  std::latch gate(1);
  std::atomic<std::size_t> written = 0;
  Writing writing(
      FileSink(TextFormat(), "/out").To(std::make_shared<const GatedDisk>(gate, written)));
  writing.OnceRefused([&gate] { gate.count_down(); });
  ASSERT_TRUE(writing.Open().ok());
  const std::string line(1 << 20, 'x');
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(writing.Write(line).ok());
  ASSERT_TRUE(writing.Flush(true).ok());
  EXPECT_GT(writing.refused(), 0) << "12 MiB do not fit the queue";
  EXPECT_EQ(written, 12 * (line.size() + 1));
}

TEST(FileSink, SettingsThatCannotBeAreRefused) {
  EXPECT_FALSE(FileSink(TextFormat(), "").Validate().ok());
  EXPECT_FALSE(FileSink(TextFormat(), "x").RollAtBytes(0).Validate().ok());
  EXPECT_FALSE(FileSink(TextFormat(), "x").RollAfterMs(0).Validate().ok());
  EXPECT_FALSE(FileSink(TextFormat(), "x").PartPrefix("_x").Validate().ok());
  EXPECT_FALSE(FileSink(TextFormat(), "x").PartSuffix("/x").Validate().ok());
  EXPECT_TRUE(FileSink(TextFormat(), "x").RollAfterMs(BucketFiles::kNever).Validate().ok());
}

}  // namespace
}  // namespace weir::files
