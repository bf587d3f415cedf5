// Which files paths and patterns stand for, and what is said of those that cannot be looked at.
#include "connectors/files/src/file_listing.h"

#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/connectors_files/temporary_directory.h"

namespace weir::files {
namespace {

using Names = std::vector<std::string>;

// From the directory on.
Names Listed(const TemporaryDirectory& directory, const std::string& path) {
  internal::FileSourceOptions options;
  options.paths = {directory.path() + "/" + path};
  const auto found = ListFiles(options);
  EXPECT_TRUE(found.ok()) << found.status().ToString();
  Names names;
  if (!found.ok()) return names;
  for (const FileInformation& file : *found) {
    names.push_back(file.path.substr(directory.path().size() + 1));
  }
  return names;
}

TEST(FileListing, CharactersOfPatternsInNamesThatWereFoundAreOnlyCharacters) {
  const TemporaryDirectory directory;
  directory.Write("in/a[1]/x.csv", "1");
  directory.Write("in/a1/x.csv", "2");
  directory.Write("in/a*/y.csv", "3");
  EXPECT_EQ(Listed(directory, "in/a*/x.csv"), (Names{"in/a1/x.csv", "in/a[1]/x.csv"}));
  EXPECT_EQ(Listed(directory, "in/a?1?/*.csv"), Names{"in/a[1]/x.csv"});
  EXPECT_EQ(Listed(directory, "i*/?[*]/y.csv"), Names{"in/a*/y.csv"});
}

TEST(FileListing, APathThatIsThereIsNoPattern) {
  const TemporaryDirectory directory;
  directory.Write("x[1].csv", "1");
  directory.Write("x1.csv", "2");
  directory.Write("d?/z.csv", "3");
  directory.Write("d1/z.csv", "4");
  EXPECT_EQ(Listed(directory, "x[1].csv"), Names{"x[1].csv"});
  EXPECT_EQ(Listed(directory, "d?"), Names{"d?/z.csv"});
  EXPECT_EQ(Listed(directory, "x[12].csv"), Names{"x1.csv"});
}

TEST(FileListing, SlashesOfAPatternMeanDirectories) {
  const TemporaryDirectory directory;
  directory.Write("a1/x", "1");
  directory.Write("a2", "2");
  EXPECT_EQ(Listed(directory, "a*/"), Names{"a1/x"});
  EXPECT_EQ(Listed(directory, "/a*//x"), Names{"a1/x"});
  EXPECT_EQ(Listed(directory, "a*/none"), Names());
}

// Whoever runs this may be root, to whom no permission is missing: a path that is too long cannot
// be looked at by anybody.
TEST(LocalFileSystem, WhatCannotBeLookedAtIsAnErrorOfTheListing) {
  const TemporaryDirectory directory;
  std::string deep = directory.path();
  const std::string component(200, 'd');
  while (deep.size() + component.size() + 2 < 4'096) {
    deep += "/" + component;
    ASSERT_EQ(::mkdir(deep.c_str(), 0777), 0) << deep.size();
  }
  const int opened = ::open(deep.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_GE(opened, 0);
  const std::string name(250, 'f');
  const int file = ::openat(opened, name.c_str(), O_WRONLY | O_CREAT, 0666);
  ASSERT_GE(file, 0);
  ::close(file);
  const auto found = LocalFileSystem()->List(deep);
  EXPECT_EQ(found.status().code(), StatusCode::kIoError);
  EXPECT_NE(found.status().message().find("File name too long"), std::string::npos);
  EXPECT_EQ(::unlinkat(opened, name.c_str(), 0), 0);
  ::close(opened);
}

TEST(LocalFileSystem, WhatIsNoFileIsLeftOutOfTheListing) {
  const TemporaryDirectory directory;
  directory.Write("file", "1");
  std::filesystem::create_symlink("circle", directory.path("circle"));
  std::filesystem::create_symlink("nowhere", directory.path("gone"));
  ASSERT_EQ(::mkfifo(directory.path("pipe").c_str(), 0666), 0);
  const auto found = LocalFileSystem()->List(directory.path());
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().path, directory.path("file"));
}

}  // namespace
}  // namespace weir::files
