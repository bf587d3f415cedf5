#include "common/elf_note.h"

#include <cstring>

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file_system.h"
#include "common/random.h"
#include "common/temporary_directory.h"
#include "common/text.h"

namespace weir {
namespace {

using testing::HasSubstr;

constexpr char kNote[] = "abi=1\ncompiler=gcc\njob=b";

class ElfNoteTest : public testing::Test {
 protected:
  template <class Record>
  Record Read(std::size_t offset) const {
    Record record;
    std::memcpy(&record, library_.data() + offset, sizeof record);
    return record;
  }
  template <class Record>
  void Write(std::size_t offset, const Record& record) {
    std::memcpy(library_.data() + offset, &record, sizeof record);
  }
  std::string Error() const { return ParseWeirNote(library_).status().message(); }

  // A real shared object with two notes of ours behind another vendor's.
  std::string library_ = *LocalFileSystem().ReadFile(WEIR_NOTED_LIBRARY);
  Elf64_Ehdr header_ = Read<Elf64_Ehdr>(0);
};

TEST_F(ElfNoteTest, ReadsTheNoteOfARealLibrary) {
  EXPECT_EQ(*ReadWeirNote(WEIR_NOTED_LIBRARY), kNote);
  EXPECT_EQ(*ParseWeirNote(library_), kNote);
}

TEST_F(ElfNoteTest, FindsTheNoteWithoutSectionTable) {
  header_.e_shnum = header_.e_shstrndx = 0;
  header_.e_shoff = 0;
  Write(0, header_);
  EXPECT_EQ(*ParseWeirNote(library_), kNote);
}

TEST_F(ElfNoteTest, FindsTheNoteByItsSectionWithoutSegments) {
  header_.e_phnum = 0;
  header_.e_phoff = 0;
  Write(0, header_);
  EXPECT_EQ(*ParseWeirNote(library_), kNote);
}

TEST_F(ElfNoteTest, SaysWhatAFileIsInstead) {
  EXPECT_EQ(ParseWeirNote("").status().message(), "is not a Weir plugin: it is not an ELF file");
  EXPECT_THAT(ParseWeirNote(std::string(1000, 'x')).status().message(),
              HasSubstr("not an ELF file"));
  EXPECT_EQ(
      ReadWeirNote(WEIR_PLAIN_LIBRARY).status().message(),
      Concat("'", WEIR_PLAIN_LIBRARY,
             "' is not a Weir plugin: it has no Weir note (was it built with weir_add_job?)"));
  const Status missing = ReadWeirNote("/nowhere/job.so").status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadWeirNote("/tmp").status().message(),
            "'/tmp' is not a Weir plugin: it is not a file");
  EXPECT_EQ(ReadWeirNote("/dev/zero").status().code(), StatusCode::kInvalidArgument);

  Elf64_Ehdr other = header_;
  other.e_machine = EM_S390;
  Write(0, other);
  EXPECT_THAT(Error(), HasSubstr("built for another processor (ELF machine 22"));
  other = header_;
  other.e_ident[EI_CLASS] = ELFCLASS32;
  Write(0, other);
  EXPECT_THAT(Error(), HasSubstr("not a 64-bit little-endian ELF file"));
  other = header_;
  other.e_type = ET_REL;
  Write(0, other);
  EXPECT_THAT(Error(), HasSubstr("not a shared object"));
}

TEST_F(ElfNoteTest, RefusesOffsetsBeyondTheFile) {
  Elf64_Ehdr other = header_;
  other.e_phoff = UINT64_MAX - 8;
  Write(0, other);
  EXPECT_THAT(Error(), HasSubstr("cut short"));
  other = header_;
  other.e_phnum = 0;
  other.e_shoff = UINT64_MAX - 8;
  Write(0, other);
  EXPECT_THAT(Error(), HasSubstr("cut short"));
  other = header_;
  other.e_phentsize = 1;
  Write(0, other);
  EXPECT_THAT(Error(), HasSubstr("program headers have an unknown size"));
  Write(0, header_);
  for (std::size_t i = 0; i < header_.e_phnum; ++i) {
    const std::size_t at = header_.e_phoff + i * sizeof(Elf64_Phdr);
    Elf64_Phdr segment = Read<Elf64_Phdr>(at);
    if (segment.p_type != PT_NOTE) continue;
    segment.p_filesz = UINT64_MAX;
    Write(at, segment);
  }
  EXPECT_THAT(Error(), HasSubstr("notes are too large"));
}

// What a damaged file may give: the note (the damage was elsewhere or in its text) or an error in
// the documented form.
void ExpectSurvives(std::string_view file) {
  // A copy of exactly this size, so that a sanitizer sees one byte too far.
  const std::vector<char> copy(file.begin(), file.end());
  const Result<std::string> note = ParseWeirNote(std::string_view(copy.data(), copy.size()));
  if (!note.ok()) {
    ASSERT_THAT(note.status().message(), testing::StartsWith("is not a Weir plugin: "));
    ASSERT_EQ(note.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(ElfNoteTest, SurvivesEveryTruncation) {
  // Every length in the headers, then every 13th.
  for (std::size_t size = 0; size < library_.size(); size += size < 2048 ? 1 : 13) {
    ASSERT_NO_FATAL_FAILURE(ExpectSurvives(std::string_view(library_).substr(0, size))) << size;
  }
  const TemporaryDirectory folder = *TemporaryDirectory::Create();
  const std::string path = folder.path() + "/cut.so";
  ASSERT_TRUE(LocalFileSystem()
                  .WriteFileAtomically(path, library_.substr(0, 100), FileDurability::kNone)
                  .ok());
  EXPECT_THAT(ReadWeirNote(path).status().message(),
              HasSubstr("cut.so' is not a Weir plugin: the file is cut short"));
}

TEST_F(ElfNoteTest, SurvivesEveryFlippedBitOfTheHeaders) {
  const std::size_t headers = sizeof(Elf64_Ehdr) + header_.e_phnum * sizeof(Elf64_Phdr);
  for (std::size_t bit = 0; bit < headers * 8; ++bit) {
    library_[bit / 8] = static_cast<char>(library_[bit / 8] ^ (1 << bit % 8));
    ASSERT_NO_FATAL_FAILURE(ExpectSurvives(library_)) << "bit " << bit;
    library_[bit / 8] = static_cast<char>(library_[bit / 8] ^ (1 << bit % 8));
  }
}

TEST_F(ElfNoteTest, SurvivesRandomDamage) {
  const std::uint64_t seed = SystemRandom().NextUint64();
  SCOPED_TRACE(Concat("seed ", seed));
  SeededRandom random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = library_;
    // Half of the damage goes to the section table at the end, where the offsets are.
    const bool at_end = round % 2 == 0;
    for (int i = 0; i < 8; ++i) {
      const std::size_t range = at_end ? damaged.size() - header_.e_shoff : damaged.size();
      const std::size_t at = (at_end ? header_.e_shoff : 0) + RandomBelow(random, range);
      damaged[at] = static_cast<char>(random.NextUint64());
    }
    if (at_end) damaged[offsetof(Elf64_Ehdr, e_phnum)] = 0;
    ASSERT_NO_FATAL_FAILURE(ExpectSurvives(damaged));
  }
}

}  // namespace
}  // namespace weir
