#include "jobmanager/plugin_store.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weir/internal/plugin.h>
#include <weir/internal/toolchain.h>

#include "common/content_hash.h"
#include "common/manual_clock.h"
#include "common/temporary_directory.h"
#include "common/text.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PluginStoreTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(store_.Open().ok()); }

  std::string Upload(const std::string& content = "") {
    const std::string path = directory_.path() + "/upload";
    if (content.empty()) {
      std::filesystem::copy_file(WEIR_NOTED_LIBRARY, path,
                                 std::filesystem::copy_options::overwrite_existing);
    } else {
      std::ofstream(path) << content;
    }
    return path;
  }

  TemporaryDirectory directory_ = *TemporaryDirectory::Create();
  ManualClock clock_{0, 1'000};
  SeededRandom random_{7};
  PluginStore store_{LocalFileSystem(), clock_, random_, directory_.path() + "/store"};
};

TEST_F(PluginStoreTest, StoresListsAndDeletes) {
  const std::string upload = Upload();
  const std::string hash = *ContentHashOfFile(upload);
  const Result<StoredPlugin> plugin = store_.Add(upload, "job.so", {internal::kAbiNumber});
  ASSERT_TRUE(plugin.ok()) << plugin.status().ToString();
  EXPECT_FALSE(std::filesystem::exists(upload));
  EXPECT_THAT(plugin->id,
              testing::MatchesRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_job.so"));
  EXPECT_EQ(plugin->content_hash, hash);
  EXPECT_EQ(*ContentHashOfFile(store_.BlobPath(hash)), hash);
  EXPECT_EQ(plugin->abi_number, internal::kAbiNumber);
  EXPECT_THAT(plugin->jobs, testing::UnorderedElementsAre("first", "second"));
  EXPECT_EQ(store_.List().size(), 1u);
  EXPECT_TRUE(store_.Find(plugin->id).ok());
  ASSERT_TRUE(store_.Remove(plugin->id).ok());
  EXPECT_EQ(store_.Remove(plugin->id).code(), StatusCode::kNotFound);
  EXPECT_EQ(store_.Find(plugin->id).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(store_.BlobPath(hash)));
}

TEST_F(PluginStoreTest, KeepsTheBytesWhileSomebodyNeedsThem) {
  const StoredPlugin first = *store_.Add(Upload(), "a.so", {internal::kAbiNumber});
  const StoredPlugin second = *store_.Add(Upload(), "b.so", {internal::kAbiNumber});
  EXPECT_EQ(first.content_hash, second.content_hash);
  store_.Pin(first.content_hash);
  ASSERT_TRUE(store_.Remove(first.id).ok());
  ASSERT_TRUE(store_.Remove(second.id).ok());
  EXPECT_TRUE(std::filesystem::exists(store_.BlobPath(first.content_hash)));
  store_.Unpin(first.content_hash);
  EXPECT_FALSE(std::filesystem::exists(store_.BlobPath(first.content_hash)));
}

TEST_F(PluginStoreTest, FindsWhatAnEarlierProcessStored) {
  const StoredPlugin plugin = *store_.Add(Upload(), "job.so", {internal::kAbiNumber});
  std::ofstream(directory_.path() + "/store/jars/garbage") << "x";
  PluginStore next(LocalFileSystem(), clock_, random_, directory_.path() + "/store");
  ASSERT_TRUE(next.Open().ok());
  ASSERT_EQ(next.List().size(), 1u);
  EXPECT_EQ(next.List()[0].id, plugin.id);
  EXPECT_EQ(next.List()[0].uploaded_ms, 1'000);
  EXPECT_EQ(next.List()[0].name, "job.so");
}

TEST_F(PluginStoreTest, RefusesWhatIsNoPlugin) {
  const std::string upload = Upload("#!/bin/sh\n" + std::string(100, '#'));
  const Status status = store_.Add(upload, "job.sh", {1}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "'job.sh' is not a Weir plugin: it is not an ELF file");
  EXPECT_FALSE(std::filesystem::exists(upload));
  EXPECT_TRUE(store_.List().empty());
}

TEST_F(PluginStoreTest, RefusesAnotherAbi) {
  constexpr auto kNext = internal::kAbiNumber + 1;
  const Status status = store_.Add(Upload(), "job.so", {kNext, kNext + 1}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(),
              HasSubstr(Concat("'job.so' was built for ABI ", internal::kAbiNumber,
                               " (" WEIR_TOOLCHAIN "); this cluster")));
  EXPECT_THAT(status.message(),
              HasSubstr(Concat("this cluster runs ABI ", kNext, ", ", kNext + 1)));
}

TEST(PluginNoteTest, ReadsTheNoteAndSkipsUnknownKeys) {
  const auto note = ParsePluginNote("abi=3\ncolour=red\ntoolchain=gcc\njob=a\nabi=3\njob=b\n");
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(note->abi_number, 3u);
  EXPECT_THAT(note->jobs, ElementsAre("a", "b"));
  EXPECT_FALSE(ParsePluginNote("job=a\n").ok());
  EXPECT_FALSE(ParsePluginNote("abi=-1\n").ok());
  EXPECT_FALSE(ParsePluginNote("abi=99999999999\n").ok());
}

}  // namespace
}  // namespace weir::jobmanager
