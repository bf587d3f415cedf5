#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crc32c.h"
#include "common/fault_injecting_file_system.h"
#include "common/hex.h"
#include "common/random.h"
#include "common/temporary_directory.h"
#include "common/text.h"
#include "taskmanager/checkpoint/checkpoint_storage.h"
#include "taskmanager/checkpoint/state_file_reader.h"
#include "taskmanager/checkpoint/state_file_writer.h"
#include "tests/unit/test_seed.h"

namespace weir::checkpoint {
namespace {

using internal::OperatorStateMode;
using internal::OperatorStateSnapshot;
using testing::HasSubstr;

constexpr std::size_t kNothingInline = 0;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}
std::vector<std::byte> Item(std::string_view text) {
  return {Bytes(text).begin(), Bytes(text).end()};
}

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Piece {
  std::uint32_t key_group = 0;
  std::uint32_t entries = 0;
  std::string bytes;
  bool operator==(const Piece&) const = default;
};

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() { EXPECT_TRUE(local_.CreateDirectories(folder_ + "/chk-7").ok()); }

  std::unique_ptr<StateFileWriter> Create(std::string_view name, std::size_t threshold) {
    return *CheckpointStorage(faults_, folder_, threshold).Create(7, name);
  }
  Result<std::unique_ptr<StateFileReader>> Open(const StateHandle& handle) {
    return StateFileReader::Open(faults_, folder_, handle);
  }
  std::string PathOf(const StateHandle& handle) const {
    return Concat(folder_, "/", std::get<StateFileLocation>(handle.location).path);
  }
  std::vector<std::string> Files() { return *local_.List(folder_ + "/chk-7"); }

  FileSystem& local_ = LocalFileSystem();
  TemporaryDirectory temporary_ = *TemporaryDirectory::Create();
  const std::string folder_ = temporary_.path();
  FaultInjectingFileSystem faults_{local_};
};

// Two tables and the state of two operators.
Result<StateHandle> WriteExample(StateFileWriter& writer) {
  const SectionId counts = writer.AddKeyedTable("0a", "counts", "u64", 8);
  const SectionId offsets = writer.AddOperatorState("0b");
  const SectionId names = writer.AddKeyedTable("0a", "names", "string", 8);
  WEIR_RETURN_IF_ERROR(writer.keyed(counts).Write(3, 2, Bytes("first")));
  WEIR_RETURN_IF_ERROR(writer.keyed(names).Write(3, 1, Bytes("second")));
  WEIR_RETURN_IF_ERROR(writer.keyed(counts).Write(7, 1, Bytes("x")));
  WEIR_RETURN_IF_ERROR(writer.WriteOperatorState(
      offsets, {{"weir.splits", OperatorStateMode::kSplit, {Item("a"), Item("bc")}}}));
  WEIR_RETURN_IF_ERROR(writer.keyed(counts).Write(3, 1, Bytes("third")));
  return writer.Finish();
}

std::vector<Piece> ReadAll(StateFileReader& reader, SectionId section, std::uint32_t first,
                           std::uint32_t count) {
  std::vector<Piece> pieces;
  const Status status = reader.ReadKeyGroups(
      section, first, count,
      [&](std::uint32_t key_group, std::uint32_t entries, std::span<const std::byte> bytes) {
        pieces.push_back({key_group, entries,
                          std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
        return Status();
      });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return pieces;
}

// The hexadecimal digits of a file in which '#' begins a comment.
std::string ReadHex(const std::string& path) {
  std::string digits;
  const std::string text = *LocalFileSystem().ReadFile(path);
  for (const std::string_view line : Split(text, '\n')) {
    for (const char character : line.substr(0, line.find('#'))) {
      if (character != ' ') digits.push_back(character);
    }
  }
  return *FromHex(digits);
}

TEST_F(StateFileTest, HasTheBytesOfItsFormat) {
  const Result<StateHandle> handle = WriteExample(*Create("f", kNothingInline));
  ASSERT_TRUE(handle.ok()) << handle.status().ToString();
  const std::string content = *local_.ReadFile(PathOf(*handle));
  EXPECT_EQ(ToHex(content), ToHex(ReadHex(WEIR_EXAMPLE_STATE_FILE)));
  const auto& location = std::get<StateFileLocation>(handle->location);
  EXPECT_EQ(location.path, "chk-7/f");
  EXPECT_EQ(location.size_bytes, content.size());
}

TEST_F(StateFileTest, GivesBackWhatWasWritten) {
  for (const std::size_t threshold : {kNothingInline, std::size_t{20'000}}) {
    const StateHandle handle = *WriteExample(*Create("f", threshold));
    EXPECT_EQ(handle.is_inline(), threshold != 0);
    const auto reader = *Open(handle);
    const std::vector<StateSection> expected = {
        {SectionKind::kKeyedTable, "0a", "counts", "u64", 8},
        {SectionKind::kOperatorState, "0b", "", "", 0},
        {SectionKind::kKeyedTable, "0a", "names", "string", 8}};
    EXPECT_EQ(reader->sections(), expected);
    EXPECT_EQ(ReadAll(*reader, 0, 0, 8),
              (std::vector<Piece>{{3, 2, "first"}, {7, 1, "x"}, {3, 1, "third"}}));
    EXPECT_EQ(ReadAll(*reader, 2, 0, 8), (std::vector<Piece>{{3, 1, "second"}}));
    const OperatorStateSnapshot splits = {
        {"weir.splits", OperatorStateMode::kSplit, {Item("a"), Item("bc")}}};
    EXPECT_EQ(*reader->ReadOperatorState(1), splits);
    EXPECT_EQ(reader->ReadOperatorState(0).status().code(), StatusCode::kInternal);
    EXPECT_TRUE(reader->Verify().ok());
  }
}

TEST_F(StateFileTest, ChannelStateIsGivenBackInItsOrder) {
  auto writer =
      *CheckpointStorage(faults_, folder_, 0).Create(7, "channels", kChannelStateFileVersion);
  const SectionId first = writer->AddChannelState("0a", "0b/0", "u64", 8);
  const SectionId second = writer->AddChannelState("0a", "0b/1", "string", 8);
  ASSERT_TRUE(writer->WriteChannelState(first, 2, Bytes("one")).ok());
  ASSERT_TRUE(writer->WriteChannelState(second, 1, Bytes("other")).ok());
  ASSERT_TRUE(writer->WriteChannelState(first, 3, Bytes("two")).ok());
  const StateHandle handle = *writer->Finish();
  const auto reader = *Open(handle);
  ASSERT_EQ(reader->sections().size(), 2u);
  EXPECT_EQ(reader->sections()[0],
            (StateSection{SectionKind::kChannelState, "0a", "0b/0", "u64", 8}));
  std::string read;
  ASSERT_TRUE(reader
                  ->ReadChannelState(first,
                                     [&](std::uint32_t records, std::span<const std::byte> bytes) {
                                       read += Concat(records, ":", AsText(bytes), " ");
                                       return Status();
                                     })
                  .ok());
  EXPECT_EQ(read, "2:one 3:two ");
  EXPECT_FALSE(reader->ReadOperatorState(first).ok());
  EXPECT_TRUE(reader->Verify().ok());
  // Older versions of Weir refuse the file by its version alone.
  EXPECT_EQ((*local_.ReadFile(PathOf(handle)))[8], 2);
}

TEST_F(StateFileTest, ReadsTheKeyGroupsAskedForAndNothingElse) {
  const StateHandle handle = *WriteExample(*Create("f", kNothingInline));
  const auto reader = *Open(handle);
  std::int64_t read = 0;
  faults_.SetHook([&](const FileOperation& operation) {
    if (operation.action == FileAction::kRead) read += operation.size;
    return Status();
  });
  EXPECT_EQ(ReadAll(*reader, 0, 7, 1), (std::vector<Piece>{{7, 1, "x"}}));
  EXPECT_EQ(read, 1);
  EXPECT_EQ(ReadAll(*reader, 0, 4, 3), std::vector<Piece>());
  EXPECT_EQ(read, 1);
  EXPECT_EQ(ReadAll(*reader, 0, 2, 2), (std::vector<Piece>{{3, 2, "first"}, {3, 1, "third"}}));
  EXPECT_EQ(read, 11);
}

TEST_F(StateFileTest, AnErrorOfTheReceiverEndsReading) {
  const auto reader = *Open(*WriteExample(*Create("f", kNothingInline)));
  int calls = 0;
  const Status status = reader->ReadKeyGroups(0, 0, 8, [&](auto, auto, auto) {
    ++calls;
    return Status::UserError("no");
  });
  EXPECT_EQ(status, Status::UserError("no"));
  EXPECT_EQ(calls, 1);
}

TEST_F(StateFileTest, EmptyStateIsState) {
  auto writer = Create("f", kNothingInline);
  writer->AddKeyedTable("0a", "counts", "u64", 128);
  const auto reader = *Open(*writer->Finish());
  EXPECT_EQ(reader->sections().size(), 1U);
  EXPECT_EQ(ReadAll(*reader, 0, 0, 128), std::vector<Piece>());
  EXPECT_TRUE((*Open(*Create("g", kNothingInline)->Finish()))->sections().empty());
}

TEST_F(StateFileTest, TheThresholdDecidesWhatIsInline) {
  const std::size_t size = WriteExample(*Create("f", 20'000))->size_bytes();
  EXPECT_TRUE(Files().empty());
  EXPECT_TRUE(WriteExample(*Create("f", size))->is_inline());
  EXPECT_FALSE(WriteExample(*Create("f", size - 1))->is_inline());
  EXPECT_EQ(Files(), std::vector<std::string>{"f"});
}

TEST_F(StateFileTest, LargeStateIsWrittenAndReadInParts) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(Concat("WEIR_TEST_SEED=", seed));
  SeededRandom random(seed);
  auto writer = Create("f", 300'000);
  const SectionId section = writer->AddKeyedTable("0a", "s", "bytes", 64);
  std::vector<Piece> written;
  std::int64_t largest_write = 0;
  std::int64_t largest_read = 0;
  faults_.SetHook([&](const FileOperation& operation) {
    std::int64_t& largest = operation.action == FileAction::kAppend ? largest_write : largest_read;
    if (operation.size > largest) largest = operation.size;
    return Status();
  });
  for (int i = 0; i < 600; ++i) {
    // One of 2 MB, many of about 16 KB, some of nothing.
    const std::size_t size = i == 100 ? 2'000'000 : RandomBelow(random, 33) * 1000;
    const auto letter = static_cast<char>('a' + RandomBelow(random, 26));
    written.push_back(
        {static_cast<std::uint32_t>(RandomBelow(random, 64)), 1, std::string(size, letter)});
    ASSERT_TRUE(writer->keyed(section)
                    .Write(written.back().key_group, 1, Bytes(written.back().bytes))
                    .ok());
  }
  const StateHandle handle = *writer->Finish();
  EXPECT_LE(largest_write, 2'000'000);
  const auto reader = *Open(handle);
  for (std::uint32_t first = 0; first < 64; first += 16) {
    std::vector<Piece> expected;
    std::copy_if(written.begin(), written.end(), std::back_inserter(expected),
                 [&](const Piece& piece) { return piece.key_group - first < 16; });
    EXPECT_EQ(ReadAll(*reader, section, first, 16), expected);
  }
  EXPECT_LE(largest_read, 2'000'000) << "no more at once than the largest piece, or 1 MiB";
  EXPECT_TRUE(reader->Verify().ok());
}

TEST_F(StateFileTest, WithoutFinishNothingStays) {
  {
    auto writer = Create("f", kNothingInline);
    const SectionId section = writer->AddKeyedTable("0a", "s", "bytes", 64);
    ASSERT_TRUE(writer->keyed(section).Write(1, 1, Bytes(std::string(1'000'000, 'x'))).ok());
    EXPECT_EQ(Files(), std::vector<std::string>{"f"});
  }
  EXPECT_TRUE(Files().empty());
}

TEST_F(StateFileTest, NamesAreOwnOnes) {
  CheckpointStorage storage(local_, folder_, 0);
  for (const std::string_view name : {"", "_metadata", ".x", "a/b"}) {
    EXPECT_EQ(storage.Create(7, name).status().code(), StatusCode::kInternal) << name;
  }
  ASSERT_TRUE(WriteExample(*Create("f", 0)).ok());
  const Status taken = WriteExample(*Create("f", 0)).status();
  EXPECT_EQ(taken.code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(taken.message(), HasSubstr("chk-7/f"));
  EXPECT_EQ(Files(), std::vector<std::string>{"f"}) << "somebody else's file stays";
  // The checkpoint was given up and its folder removed.
  const auto late = *storage.Create(8, "f");
  EXPECT_EQ(WriteExample(*late).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(*local_.Exists(folder_ + "/chk-8"));
}

TEST_F(StateFileTest, MistakesOfTheWriterFailTheFile) {
  auto writer = Create("f", kNothingInline);
  writer->AddKeyedTable("0a", "s", "bytes", 64);
  writer->AddKeyedTable("0a", "s", "bytes", 64);
  EXPECT_EQ(writer->Finish().status().code(), StatusCode::kInternal);
  writer = Create("f", kNothingInline);
  writer->AddOperatorState("0a");
  EXPECT_EQ(writer->Finish().status().code(), StatusCode::kInternal) << "it was not written";
  writer = Create("f", kNothingInline);
  const SectionId section = writer->AddKeyedTable("0a", "s", "bytes", 64);
  EXPECT_TRUE(writer->keyed(section).Write(64, 1, Bytes("x")).ok());
  EXPECT_EQ(writer->Finish().status().code(), StatusCode::kInternal) << "no such key group";
  writer.reset();
  EXPECT_TRUE(Files().empty());
}

// Whatever step fails: the error is told, nothing stays, later calls fail too.
TEST_F(StateFileTest, EachFailingStepFailsTheFile) {
  for (const FileAction action :
       {FileAction::kCreate, FileAction::kAppend, FileAction::kSync, FileAction::kClose}) {
    faults_.SetHook([&](const FileOperation& operation) {
      return operation.action == action ? Status::IoError("broken " + operation.path) : Status();
    });
    auto writer = Create("f", kNothingInline);
    const Status status = WriteExample(*writer).status();
    EXPECT_EQ(status.code(), StatusCode::kIoError);
    EXPECT_THAT(status.message(), HasSubstr("chk-7/f"));
    EXPECT_FALSE(writer->Finish().ok());
    writer.reset();
    EXPECT_TRUE(Files().empty());
  }
}

TEST_F(StateFileTest, AFullDiskFailsTheFileAtAnyByte) {
  const std::string content = ReadHex(WEIR_EXAMPLE_STATE_FILE);
  for (std::int64_t free = 0; free < static_cast<std::int64_t>(content.size()); free += 7) {
    faults_.SetFreeBytes(free);
    const Status status = WriteExample(*Create("f", kNothingInline)).status();
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
    EXPECT_THAT(status.message(), HasSubstr("chk-7/f"));
    EXPECT_TRUE(Files().empty());
  }
}

// ---- damage ----

class DamageTest : public StateFileTest {
 protected:
  // Everything that a restore reads; an error, or what was written.
  Status ReadsTheTruth(const StateHandle& handle) {
    auto reader = Open(handle);
    WEIR_RETURN_IF_ERROR(reader.status());
    std::vector<Piece> pieces;
    for (SectionId section = 0; section < (*reader)->sections().size(); ++section) {
      if ((*reader)->sections()[section].kind == SectionKind::kOperatorState) {
        WEIR_RETURN_IF_ERROR((*reader)->ReadOperatorState(section).status());
        continue;
      }
      WEIR_RETURN_IF_ERROR(
          (*reader)->ReadKeyGroups(section, 0, 8, [](auto, auto, auto) { return Status(); }));
    }
    return Status();
  }
  void ExpectDamageNamed(const Status& status, std::string_view name, std::string_view what) {
    EXPECT_EQ(status.code(), StatusCode::kCorruption) << what << ": " << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(name));
    EXPECT_EQ(status.retry(), RetryHint::kNoRetry);
  }
};

TEST_F(DamageTest, EveryFlippedBitIsFound) {
  const StateHandle handle = *WriteExample(*Create("f", kNothingInline));
  const std::string path = PathOf(handle);
  ASSERT_TRUE(ReadsTheTruth(handle).ok());
  for (std::uint64_t bit = 0; bit < handle.size_bytes() * 8; ++bit) {
    ASSERT_TRUE(FlipBit(local_, path, bit).ok());
    ExpectDamageNamed(ReadsTheTruth(handle), path, Concat("bit ", bit));
    ASSERT_TRUE(FlipBit(local_, path, bit).ok());
  }
  EXPECT_TRUE(ReadsTheTruth(handle).ok());
}

TEST_F(DamageTest, EveryFlippedBitOfInlineStateIsFound) {
  const StateHandle handle = *WriteExample(*Create("f", 20'000));
  for (std::uint64_t bit = 0; bit < handle.size_bytes() * 8; ++bit) {
    StateHandle damaged = handle;
    char& byte = std::get<InlineState>(damaged.location).bytes[bit / 8];
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    ExpectDamageNamed(ReadsTheTruth(damaged), "inline state", Concat("bit ", bit));
  }
}

TEST_F(DamageTest, EveryTruncationIsFound) {
  const StateHandle handle = *WriteExample(*Create("f", kNothingInline));
  const std::string path = PathOf(handle);
  const std::string content = *local_.ReadFile(path);
  for (std::uint64_t size = 0; size < handle.size_bytes(); ++size) {
    ASSERT_TRUE(TruncateFile(local_, path, size).ok());
    ExpectDamageNamed(ReadsTheTruth(handle), path, Concat(size, " bytes"));
    ExpectDamageNamed(ReadsTheTruth({InlineState{content.substr(0, size)}}), "inline state",
                      Concat(size, " bytes"));
    ASSERT_TRUE(local_.WriteFileAtomically(path, content, FileDurability::kNone).ok());
  }
  const auto longer = Concat(content, '\0');
  ASSERT_TRUE(local_.WriteFileAtomically(path, longer, FileDurability::kNone).ok());
  ExpectDamageNamed(ReadsTheTruth(handle), path, "one byte more");
}

TEST_F(DamageTest, RandomDamageIsFound) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(Concat("WEIR_TEST_SEED=", seed));
  SeededRandom random(seed);
  const StateHandle handle = *WriteExample(*Create("f", 20'000));
  const std::string& whole = std::get<InlineState>(handle.location).bytes;
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = whole;
    // Overwritten, cut out, doubled.
    const std::size_t from = RandomBelow(random, whole.size());
    const std::size_t length = 1 + RandomBelow(random, whole.size() - from);
    switch (RandomBelow(random, 3)) {
      case 0:
        for (std::size_t i = from; i < from + length; ++i) {
          damaged[i] = static_cast<char>(RandomBelow(random, 256));
        }
        break;
      case 1:
        damaged.erase(from, length);
        break;
      default:
        damaged.insert(RandomBelow(random, whole.size()), whole.substr(from, length));
    }
    if (damaged == whole) continue;
    EXPECT_FALSE(ReadsTheTruth({InlineState{damaged}}).ok()) << ToHex(damaged);
  }
}

// The checksums are right, the content makes no sense: nothing is read out of bounds.
TEST_F(DamageTest, FootersOfAnyContentAreSafe) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(Concat("WEIR_TEST_SEED=", seed));
  SeededRandom random(seed);
  StateFileFooter footer;
  footer.sections = {{SectionKind::kKeyedTable, "0a", "s", "u64", 8},
                     {SectionKind::kOperatorState, "0b", "", "", 0}};
  footer.pieces = {{0, 1, 1, 2, 0}, {1, 0, 0, 3, 0}, {0, 7, 1, 2, 0}};
  const std::string encoded = EncodeStateFileFooter(footer);
  ASSERT_EQ(*DecodeStateFileFooter(encoded), footer);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = encoded;
    for (std::uint64_t i = 0; i <= RandomBelow(random, 3); ++i) {
      changed[RandomBelow(random, changed.size())] = static_cast<char>(RandomBelow(random, 256));
    }
    const std::string file = Concat(EncodeStateFileHeader(), "content", changed,
                                    EncodeStateFileTrailer({.footer_bytes = changed.size(),
                                                            .footer_checksum = Crc32c(changed)}));
    accepted += Open({InlineState{file}}).ok() ? 1 : 0;
    EXPECT_FALSE(ReadsTheTruth({InlineState{file}}).ok()) << "no piece has its checksum";
  }
  EXPECT_GT(accepted, 0) << "most changes are refused, not all are";
}

TEST_F(DamageTest, AnotherFileUnderTheNameIsNoticed) {
  const StateHandle handle = *WriteExample(*Create("f", kNothingInline));
  StateHandle other = handle;
  std::get<StateFileLocation>(other.location).footer_checksum ^= 1;
  ExpectDamageNamed(ReadsTheTruth(other), PathOf(handle), "footer");
  ASSERT_TRUE(local_.RemoveRecursively(PathOf(handle)).ok());
  const Status missing = ReadsTheTruth(handle);
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr(PathOf(handle)));
}

TEST_F(DamageTest, ANewerFormatIsRefusedByName) {
  const StateHandle handle = *WriteExample(*Create("f", kNothingInline));
  std::string content = *local_.ReadFile(PathOf(handle));
  content[8] = 3;
  const std::uint32_t checksum = Crc32c(content.substr(0, 12));
  std::memcpy(content.data() + 12, &checksum, sizeof checksum);
  ASSERT_TRUE(local_.WriteFileAtomically(PathOf(handle), content).ok());
  const Status newer = ReadsTheTruth(handle);
  EXPECT_EQ(newer.code(), StatusCode::kUnsupported);
  EXPECT_THAT(newer.message(), HasSubstr(PathOf(handle)));
  EXPECT_THAT(newer.message(), HasSubstr("format version 3"));
}

TEST_F(DamageTest, AReadErrorIsTold) {
  const StateHandle handle = *WriteExample(*Create("f", kNothingInline));
  const auto reader = *Open(handle);
  faults_.SetHook([](const FileOperation& operation) {
    return operation.action == FileAction::kRead ? Status::IoError("broken " + operation.path)
                                                 : Status();
  });
  EXPECT_EQ(reader->Verify().code(), StatusCode::kIoError);
  EXPECT_EQ(Open(handle).status().code(), StatusCode::kIoError);
}

}  // namespace
}  // namespace weir::checkpoint
