#include <gtest/gtest.h>

#include "common/content_hash.h"
#include "common/crc32c.h"
#include "common/file_system.h"
#include "common/temporary_directory.h"

namespace weir {
namespace {

TEST(Crc32cTest, GivesThePublishedValues) {
  EXPECT_EQ(Crc32c(""), 0U);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283U);
  // RFC 3720, appendix B.4.
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
}

TEST(Crc32cTest, GoesOnFromAnEarlierValue) {
  const std::string bytes = "the quick brown fox jumps over the lazy dog";
  for (std::size_t i = 0; i <= bytes.size(); ++i) {
    EXPECT_EQ(Crc32c(bytes.substr(i), Crc32c(bytes.substr(0, i))), Crc32c(bytes));
  }
}

// FIPS 180-2, appendix B.
constexpr char kHashOfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(ContentHashTest, GivesThePublishedValues) {
  EXPECT_EQ(ContentHash("abc"), kHashOfAbc);
  EXPECT_EQ(ContentHash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  ContentHasher hasher;
  hasher.Update("a");
  hasher.Update("");
  hasher.Update("bc");
  ContentHasher moved = std::move(hasher);
  EXPECT_EQ(moved.Finish(), kHashOfAbc);
}

TEST(ContentHashTest, ReadsFilesOfAnySize) {
  const TemporaryDirectory folder = *TemporaryDirectory::Create();
  const std::string path = folder.path() + "/file";
  for (const std::size_t size : {0UL, 3UL, 262'144UL, 1'000'000UL}) {
    const std::string content(size, 'x');
    ASSERT_TRUE(LocalFileSystem().WriteFileAtomically(path, content, FileDurability::kNone).ok());
    EXPECT_EQ(*ContentHashOfFile(path), ContentHash(content));
  }
  EXPECT_EQ(ContentHashOfFile(path + "-missing").status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(ContentHashOfFile(folder.path()).ok());
}

TEST(ContentHashTest, KnowsItsForm) {
  EXPECT_TRUE(IsContentHash(kHashOfAbc));
  EXPECT_FALSE(IsContentHash(std::string(63, 'a')));
  EXPECT_FALSE(IsContentHash("../" + std::string(61, 'a')));
  EXPECT_FALSE(IsContentHash(std::string(64, 'A')));
}

}  // namespace
}  // namespace weir
