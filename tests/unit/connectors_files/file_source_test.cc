// The source as the engine would drive it, over real files.
#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/connectors/files.h>

#include "connectors/files/src/file_enumerator.h"
#include "tests/unit/connectors_files/compressed_bytes.h"
#include "tests/unit/connectors_files/forwarding_files.h"
#include "tests/unit/connectors_files/temporary_directory.h"
#include "tests/unit/connectors_generator/pull_source_driver.h"
#include "tests/unit/test_seed.h"

namespace weir::files {
namespace {

using Lines = std::vector<std::string>;
using Driver = test::PullSourceDriver<TextFileSource>;

Status ReadAll(const TextFileSource& source, Lines& lines, std::uint32_t parallelism = 1) {
  Driver driver(source, parallelism);
  WEIR_RETURN_IF_ERROR(driver.Start());
  return driver.Read(std::chrono::seconds(60),
                     [&](std::uint32_t, std::string& line) { lines.push_back(line); });
}
Lines AllOf(const TextFileSource& source) {
  Lines lines;
  const Status status = ReadAll(source, lines);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return lines;
}
std::string ErrorOf(const TextFileSource& source) {
  Lines lines;
  const Status status = ReadAll(source, lines);
  EXPECT_FALSE(status.ok());
  return status.message();
}

TEST(FileSource, ReadsLinesOfEveryKindOfPath) {
  const TemporaryDirectory directory;
  directory.Write("in/a.txt", "a1\r\na2\n");
  directory.Write("in/sub/b.txt", "b1\n\nb3");
  directory.Write("in/empty.txt", "");
  directory.Write("in/_hidden.txt", "no\n");
  directory.Write("in/.part-s-0-0.0.inprogress", "no\n");
  directory.Write("in/_temporary/c.txt", "no\n");
  directory.Write("other/c.log", "c1\n");
  EXPECT_EQ(AllOf(TextFileSource().Path(directory.path("in"))),
            (Lines{"a1", "a2", "b1", "", "b3"}));
  EXPECT_EQ(AllOf(TextFileSource().Path(directory.path("in")).Recursive(false)),
            (Lines{"a1", "a2"}));
  EXPECT_EQ(AllOf(TextFileSource().Path(directory.path("in/_hidden.txt"))), (Lines{"no"}));
  EXPECT_EQ(AllOf(TextFileSource().Path(directory.path("*/?.*"))), (Lines{"a1", "a2", "c1"}));
  EXPECT_EQ(AllOf(TextFileSource().Path(directory.path("[io]*"))),
            (Lines{"a1", "a2", "b1", "", "b3", "c1"}));
  EXPECT_EQ(AllOf(TextFileSource().Path(directory.path("none*"))), Lines());
  EXPECT_EQ(AllOf(TextFileSource()
                      .Path(directory.path("in/a.txt"))
                      .Path(directory.path("in/*.txt"))
                      .Path(directory.path("other"))),
            (Lines{"a1", "a2", "c1"}))
      << "a file that two paths name is read once";
}

std::string RandomText(std::mt19937_64& random, Lines& lines) {
  std::string text;
  const bool last_has_end = random() % 2 == 0;
  for (auto n = random() % 60; n > 0; --n) {
    std::string line = std::to_string(lines.size()) + ":";
    for (auto i = random() % 12; i > 0; --i) line += "ab\r x"[random() % 5];
    if (line.ends_with('\r')) line += '.';
    text += line + (random() % 3 == 0 ? "\r\n" : "\n");
    lines.push_back(line);
  }
  if (!last_has_end && !text.empty()) {
    text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
  }
  return text;
}

TEST(FileSource, RandomSplitsGiveEachLineOnce) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; ++round) {
    const TemporaryDirectory directory;
    Lines expected;
    for (auto files = random() % 3; files > 0; --files) {
      directory.Write("f" + std::to_string(files), RandomText(random, expected));
    }
    TextFileSource source;
    source.Path(directory.path()).SplitBytes(1 + random() % 40);
    Lines lines;
    const Status status = ReadAll(source, lines, static_cast<std::uint32_t>(1 + random() % 3));
    ASSERT_TRUE(status.ok()) << status.ToString();
    std::sort(lines.begin(), lines.end());
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(lines, expected) << "round " << round;
  }
}

TEST(FileSource, ReadsCompressedFilesOfSeveralMembers) {
  const TemporaryDirectory directory;
  std::string text;
  Lines expected;
  for (int i = 0; i < 50'000; ++i) {
    expected.push_back("line " + std::to_string(i));
    text += expected.back() + "\n";
  }
  const std::size_t half = text.size() / 2;
  const auto first = std::string_view(text).substr(0, half);
  const auto second = std::string_view(text).substr(half);
  directory.Write("a.gz", Gzipped(first) + Gzipped(second));
  EXPECT_EQ(AllOf(TextFileSource().Path(directory.path("a.gz")).SplitBytes(100)), expected);
  directory.Write("a.zst", Zstandarded(first) + Zstandarded(second));
  EXPECT_EQ(AllOf(TextFileSource().Path(directory.path("a.zst")).SplitBytes(100)), expected);
}

TEST(FileSource, ZerosBehindTheLastGzipMemberAreItsEnd) {
  const TemporaryDirectory directory;
  const std::string zeros(300'000, '\0');
  const std::string path = directory.Write("a.gz", Gzipped("one\n") + Gzipped("two\n") + zeros);
  EXPECT_EQ(AllOf(TextFileSource().Path(path)), (Lines{"one", "two"}));
  directory.Write("a.gz", Gzipped("one\n") + zeros + Gzipped("two\n"));
  EXPECT_NE(ErrorOf(TextFileSource().Path(path)).find("something follows the zeros"),
            std::string::npos);
  directory.Write("a.gz", zeros);
  EXPECT_NE(ErrorOf(TextFileSource().Path(path)).find("damaged"), std::string::npos);
}

TEST(FileSource, DamagedCompressedFilesFailAndNeverMore) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const TemporaryDirectory directory;
  std::string text;
  Lines original;
  for (int i = 0; i < 2'000; ++i) {
    original.push_back("line " + std::to_string(random()));
    text += original.back() + "\n";
  }
  for (const char* name : {"a.gz", "a.zst"}) {
    const std::string whole = std::string(name).ends_with("gz") ? Gzipped(text) : Zstandarded(text);
    const std::string path = directory.Write(name, whole.substr(0, whole.size() - 9));
    EXPECT_NE(
        ErrorOf(TextFileSource().Path(path)).find(path + ": the compressed bytes are cut off"),
        std::string::npos);
    directory.Write(name, "no compressed bytes at all");
    EXPECT_NE(
        ErrorOf(TextFileSource().Path(path)).find(path + ": the compressed bytes are damaged"),
        std::string::npos);
    for (int round = 0; round < 50; ++round) {
      std::string damaged = whole;
      for (auto n = 1 + random() % 3; n > 0; --n) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      directory.Write(name, damaged);
      Lines lines;
      const bool read = ReadAll(TextFileSource().Path(path), lines).ok();
      // Every gzip member has a check sum; frames of zstd as we make them have none.
      if (std::string(name).ends_with("gz")) {
        EXPECT_TRUE(!read || lines == original) << "round " << round;
      }
    }
  }
}

TEST(FileSource, AnEnormousLineIsAnErrorThatNamesItsPlace) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("in", "short\n" + std::string(100 << 20, 'x') + "\n");
  Lines lines;
  const Status status = ReadAll(TextFileSource().Path(path), lines);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), path +
                                  " byte 6: a line is longer than the 16777216 bytes that "
                                  "MaximumMessageBytes() allows");
  EXPECT_EQ(lines, Lines{"short"});
}

TEST(FileSource, ALineAsLongAsAllowedIsOneRecord) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("in", std::string(20 << 20, 'x') + "\nshort\n");
  Lines lines;
  ASSERT_TRUE(ReadAll(TextFileSource().Path(path).MaximumMessageBytes(20 << 20), lines).ok());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].size(), 20u << 20);
}

TEST(FileSource, WhatIsNotThereIsAnErrorThatNamesIt) {
  const TemporaryDirectory directory;
  const std::string missing = directory.path("missing");
  EXPECT_EQ(ErrorOf(TextFileSource().Path(missing)),
            "File source: cannot look at " + missing + ": No such file or directory");
  const std::string path = directory.Write("gone", "x\n");
  Driver driver(TextFileSource().Path(path), 1);
  ASSERT_TRUE(driver.Start().ok());
  std::filesystem::remove(path);
  const Status status = driver.Read(std::chrono::seconds(60), [](std::uint32_t, std::string&) {});
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "cannot open " + path + ": No such file or directory");
}

// Says of one path that it may not be read, as a system would to others than root.
class ForbiddenFile final : public ForwardingFiles {
 public:
  Result<std::unique_ptr<ReadableFile>> OpenForReading(const std::string& path) const override {
    return Status::IoError("cannot open " + path + ": Permission denied");
  }
};

TEST(FileSource, AnotherFileSystemCanStandInAndItsErrorsComeThrough) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("in", "x\n");
  EXPECT_EQ(ErrorOf(TextFileSource().Path(path).From(std::make_shared<const ForbiddenFile>())),
            "cannot open " + path + ": Permission denied");
}

TEST(FileSource, SettingsThatCannotBeAreRefused) {
  EXPECT_NE(TextFileSource().Validate().message().find("no Path()"), std::string::npos);
  EXPECT_FALSE(TextFileSource().Path("").Validate().ok());
  EXPECT_FALSE(TextFileSource().Path("x").SplitBytes(0).Validate().ok());
  EXPECT_TRUE(TextFileSource().Path("x").bounded());
  EXPECT_FALSE(TextFileSource().Path("x").MonitorEveryMs(10).bounded());
  for (const std::int64_t interval_ms : {-1, 0}) {
    const auto source = TextFileSource().Path("x").MonitorEveryMs(interval_ms);
    EXPECT_FALSE(source.bounded());
    EXPECT_NE(source.Validate().message().find("MonitorEveryMs()"), std::string::npos);
  }
}

// A reader that is stopped anywhere and started from its snapshot reads what is left, once.
TEST(FileSource, ContinuesFromEverySnapshot) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 25; ++round) {
    const TemporaryDirectory directory;
    Lines expected;
    std::string text = RandomText(random, expected);
    for (int i = 0; i < 3'000; ++i) {
      expected.push_back("more " + std::to_string(i));
      text +=
          (i == 0 && !text.empty() && !text.ends_with('\n') ? "\n" : "") + expected.back() + "\n";
    }
    const bool compressed = round % 2 == 0;
    const std::string path =
        directory.Write(compressed ? "in.gz" : "in", compressed ? Gzipped(text) : text);
    TextFileSource source;
    source.Path(path).SplitBytes(1 + random() % 30'000);
    Lines lines;
    std::vector<FileSplit> left;
    FileEnumeratorState state;
    {
      Driver driver(source, 1);
      ASSERT_TRUE(driver.Start().ok());
      const std::size_t enough = random() % expected.size();
      ASSERT_TRUE(driver
                      .Read(
                          std::chrono::seconds(60),
                          [&](std::uint32_t, std::string& line) { lines.push_back(line); },
                          [&] { return lines.size() >= enough; })
                      .ok());
      left = driver.reader(0).Snapshot(1);
      state = *driver.enumerator().Snapshot(1);
    }
    state.unassigned.insert(state.unassigned.begin(), left.begin(), left.end());
    Driver driver(source, 1);
    ASSERT_TRUE(driver.Start(state).ok());
    ASSERT_TRUE(driver
                    .Read(std::chrono::seconds(60),
                          [&](std::uint32_t, std::string& line) { lines.push_back(line); })
                    .ok());
    std::sort(lines.begin(), lines.end());
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(lines, expected) << "round " << round;
  }
}

// Runs what is scheduled when the test says so.
class SteppedContext final : public SplitEnumeratorContext<FileSplit> {
 public:
  std::uint32_t parallelism() const override { return 2; }
  const std::vector<std::uint32_t>& registered_readers() const override { return registered; }
  void AssignSplits(std::uint32_t reader, std::vector<FileSplit> splits) override {
    for (FileSplit& split : splits) assigned.emplace_back(reader, std::move(split));
  }
  void SignalNoMoreSplits(std::uint32_t) override { ++no_more_splits; }
  void RunBlocking(std::function<void()> work, std::function<void()> done) override {
    work();
    done();
  }
  void Schedule(std::int64_t delay_ms, std::function<void()> task) override {
    EXPECT_EQ(delay_ms, 250);
    scheduled = std::move(task);
  }
  void Fail(Status status) override { failure = std::move(status); }
  test::RecordingLogger& logger() override { return logger_; }

  std::vector<std::uint32_t> registered{0, 1};
  std::vector<std::pair<std::uint32_t, FileSplit>> assigned;
  std::function<void()> scheduled;
  int no_more_splits = 0;
  Status failure;

 private:
  test::RecordingLogger logger_;
};

TEST(FileEnumerator, MonitoringFindsNewFilesOnceAndSaysWhenTheDirectoryIsGone) {
  const TemporaryDirectory directory;
  directory.Write("in/a", "a\n");
  SteppedContext context;
  TextFileSource source;
  source.Path(directory.path("in")).MonitorEveryMs(250);
  auto enumerator = source.CreateEnumerator();
  ASSERT_TRUE(enumerator->Start(context, std::nullopt).ok());
  enumerator->HandleSplitRequest(0);
  enumerator->HandleSplitRequest(1);
  ASSERT_EQ(context.assigned.size(), 1u);
  std::exchange(context.scheduled, nullptr)();
  EXPECT_EQ(context.assigned.size(), 1u) << "nothing is new";
  directory.Write("in/b", "b\n");
  directory.Write("in/empty", "");
  std::exchange(context.scheduled, nullptr)();
  ASSERT_EQ(context.assigned.size(), 2u) << "the reader that waited has it";
  EXPECT_EQ(context.assigned[1].first, 1u);
  EXPECT_EQ(context.assigned[1].second.path, directory.path("in/b"));
  const auto state = enumerator->Snapshot(1);
  // A reader is lost and comes back; another enumerator goes on from the snapshot.
  enumerator->AddSplitsBack({context.assigned[1].second}, 1);
  enumerator->HandleSplitRequest(1);
  EXPECT_EQ(context.assigned.size(), 3u);
  auto restored = source.CreateEnumerator();
  ASSERT_TRUE(restored->Start(context, *state).ok());
  restored->HandleSplitRequest(0);
  EXPECT_EQ(context.assigned.size(), 3u) << "files it has seen are not new";
  EXPECT_EQ(context.no_more_splits, 0);
  std::filesystem::remove_all(directory.path("in"));
  std::exchange(context.scheduled, nullptr)();
  EXPECT_EQ(context.failure.message(),
            "File source: cannot look at " + directory.path("in") + ": No such file or directory");
  EXPECT_EQ(context.scheduled, nullptr);
}

TEST(FileEnumerator, WhatABoundedRunHasReadIsNotNewToOneThatMonitors) {
  const TemporaryDirectory directory;
  directory.Write("in/a", "a\n");
  SteppedContext context;
  TextFileSource source;
  source.Path(directory.path("in"));
  auto enumerator = source.CreateEnumerator();
  ASSERT_TRUE(enumerator->Start(context, std::nullopt).ok());
  enumerator->HandleSplitRequest(0);
  ASSERT_EQ(context.assigned.size(), 1u);
  const auto state = enumerator->Snapshot(1);
  source.MonitorEveryMs(250);
  auto restored = source.CreateEnumerator();
  ASSERT_TRUE(restored->Start(context, *state).ok());
  restored->HandleSplitRequest(0);
  EXPECT_EQ(context.assigned.size(), 1u);
  directory.Write("in/b", "b\n");
  std::exchange(context.scheduled, nullptr)();
  EXPECT_EQ(context.assigned.size(), 2u);
}

// Moving what is left up with each split would take minutes.
TEST(FileEnumerator, HandsOutManySplitsOneByOne) {
  const TemporaryDirectory directory;
  const std::string path = directory.Write("in", std::string(400'000, '\n'));
  SteppedContext context;
  auto enumerator = TextFileSource().Path(path).SplitBytes(1).CreateEnumerator();
  ASSERT_TRUE(enumerator->Start(context, std::nullopt).ok());
  while (context.no_more_splits == 0) enumerator->HandleSplitRequest(0);
  EXPECT_EQ(context.assigned.size(), 400'000u);
}

TEST(FileEnumerator, SplitsCoverAFileOnce) {
  const auto splits = SplitsOf({"f", false, 1000}, true, 300);
  ASSERT_EQ(splits.size(), 3u);
  EXPECT_EQ(splits[0], (FileSplit{"f", 0, 300, 0, 0}));
  EXPECT_EQ(splits[1], (FileSplit{"f", 300, 600, 300, 0}));
  EXPECT_EQ(splits[2], (FileSplit{"f", 600, 1000, 600, 0}));
  EXPECT_EQ(SplitsOf({"f", false, 1000}, false, 300).size(), 1u);
  EXPECT_TRUE(SplitsOf({"f", false, 0}, true, 300).empty());
}

}  // namespace
}  // namespace weir::files
