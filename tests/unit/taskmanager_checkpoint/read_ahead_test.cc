#include "taskmanager/checkpoint/read_ahead.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace weir::checkpoint {
namespace {

constexpr std::size_t kParts = 100;
constexpr std::size_t kPartBytes = 1000;

// kParts parts, each of one letter. Says which are read while `asked` were asked for.
class LetterFile final : public ReadableFile {
 public:
  std::int64_t size() const override { return kParts * kPartBytes; }
  Result<std::size_t> ReadAt(std::int64_t offset, std::span<char> out) override {
    const std::size_t part = static_cast<std::size_t>(offset) / kPartBytes;
    EXPECT_LE(part, asked.load() + ReadAhead::kAhead);
    reads.fetch_add(1);
    std::ranges::fill(out, LetterOf(part));
    return out.size();
  }
  static char LetterOf(std::size_t part) { return static_cast<char>('a' + part % 26); }

  std::atomic<std::size_t> asked{0};
  std::atomic<std::size_t> reads{0};
};

std::vector<ReadAhead::Part> AllParts() {
  std::vector<ReadAhead::Part> parts;
  for (std::size_t i = 0; i < kParts; ++i) parts.push_back({i * kPartBytes, kPartBytes});
  return parts;
}
Status Fine(std::size_t, std::string_view) {
  return Status();
}

class ReadAheadTest : public testing::Test {
 protected:
  ~ReadAheadTest() override {
    for (std::thread& thread : threads_) thread.join();
  }
  RunBeside OnThreads() {
    return [this](std::function<void()> work) {
      threads_.emplace_back(std::move(work));
      return Status();
    };
  }
  void ExpectAllParts(ReadAhead& ahead) {
    for (std::size_t part = 0; part < kParts; ++part) {
      file_->asked.store(part);
      const Result<std::string_view> bytes = ahead.Next();
      ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
      EXPECT_EQ(*bytes, std::string(kPartBytes, LetterFile::LetterOf(part)));
    }
    EXPECT_EQ(file_->reads.load(), kParts) << "each once";
  }

  const std::shared_ptr<LetterFile> file_ = std::make_shared<LetterFile>();
  std::vector<std::thread> threads_;
};

TEST_F(ReadAheadTest, GivesAllPartsInOrder) {
  ReadAhead ahead(file_, AllParts(), Fine, OnThreads());
  EXPECT_EQ(threads_.size(), ReadAhead::kReaders);
  ExpectAllParts(ahead);
}

TEST_F(ReadAheadTest, OtherThreadsReadWhileNobodyAsks) {
  ReadAhead ahead(file_, AllParts(), Fine, OnThreads());
  while (file_->reads.load() < ReadAhead::kAhead) std::this_thread::yield();
  ExpectAllParts(ahead);
}

TEST_F(ReadAheadTest, NeedsNoOtherThread) {
  std::vector<std::function<void()>> late;
  const auto run = [&late](std::function<void()> work) {
    late.push_back(std::move(work));
    return Status();
  };
  {
    ReadAhead ahead(file_, AllParts(), Fine, run);
    ExpectAllParts(ahead);
  }
  ASSERT_EQ(late.size(), ReadAhead::kReaders);
  for (const auto& work : late) work();
  EXPECT_EQ(file_->reads.load(), kParts) << "there is nothing left to read";

  const std::shared_ptr<LetterFile> file = std::make_shared<LetterFile>();
  ReadAhead refused(file, AllParts(), Fine,
                    [](const auto&) { return Status::IoError("no thread"); });
  EXPECT_TRUE(refused.Next().ok());
}

TEST_F(ReadAheadTest, WhatIsDamagedIsNotHandedOut) {
  const auto check = [](std::size_t part, std::string_view) {
    return part == 30 ? Status::Corruption("part 30") : Status();
  };
  ReadAhead ahead(file_, AllParts(), check, OnThreads());
  for (std::size_t part = 0; part < 30; ++part) {
    file_->asked.store(part);
    ASSERT_TRUE(ahead.Next().ok());
  }
  EXPECT_EQ(ahead.Next().status().message(), "part 30");
}

TEST_F(ReadAheadTest, EndsWithoutAllPartsBeingTaken) {
  for (int round = 0; round < 20; ++round) {
    file_->asked.store(0);
    ReadAhead ahead(file_, AllParts(), Fine, OnThreads());
    for (std::size_t part = 0; part < static_cast<std::size_t>(round % 5); ++part) {
      file_->asked.store(part);
      ASSERT_TRUE(ahead.Next().ok());
    }
  }
}

}  // namespace
}  // namespace weir::checkpoint
