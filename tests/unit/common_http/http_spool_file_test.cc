#include "common/http_spool_file.h"

#include <filesystem>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "common/file_system.h"
#include "common/temporary_directory.h"

namespace weir {
namespace {

class HttpSpoolFileTest : public testing::Test {
 protected:
  bool Empty() const { return std::filesystem::is_empty(directory_->path()); }

  Result<TemporaryDirectory> directory_ = TemporaryDirectory::Create();
};

TEST_F(HttpSpoolFileTest, IsDeletedWithItsObject) {
  {
    Result<HttpSpoolFile> file = HttpSpoolFile::Create(directory_->path());
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Append("abc").ok());
    EXPECT_FALSE(Empty());
  }
  EXPECT_TRUE(Empty());
}

TEST_F(HttpSpoolFileTest, BelongsToWhoeverReleasedIt) {
  std::string path;
  {
    Result<HttpSpoolFile> file = HttpSpoolFile::Create(directory_->path());
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Append("abc").ok());
    ASSERT_TRUE(file->Append("def").ok());
    file->Finish();
    EXPECT_EQ(file->size_bytes(), 6u);
    path = file->Release();
  }
  EXPECT_EQ(*LocalFileSystem().ReadFile(path), "abcdef");
  auto permissions = std::filesystem::status(path).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(HttpSpoolFileTest, MovesWithoutLosingOrDoublingFiles) {
  {
    HttpSpoolFile first = *HttpSpoolFile::Create(directory_->path());
    HttpSpoolFile second = *HttpSpoolFile::Create(directory_->path());
    ASSERT_TRUE(second.Append("x").ok());
    std::string path = second.path();
    first = std::move(second);
    EXPECT_EQ(first.path(), path);
    EXPECT_EQ(first.size_bytes(), 1u);
    HttpSpoolFile third(std::move(first));
    EXPECT_EQ(third.path(), path);
  }
  EXPECT_TRUE(Empty());
}

TEST_F(HttpSpoolFileTest, NamesTheFolderThatIsMissing) {
  Result<HttpSpoolFile> file = HttpSpoolFile::Create(directory_->path() + "/missing");
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.status().message().find(directory_->path() + "/missing"), std::string::npos);
}

}  // namespace
}  // namespace weir
