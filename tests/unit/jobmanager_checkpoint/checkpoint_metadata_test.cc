#include "jobmanager/checkpoint/checkpoint_metadata.h"

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "common/crc32c.h"
#include "common/fault_injecting_file_system.h"
#include "common/hex.h"
#include "common/temporary_directory.h"
#include "tests/unit/jobmanager_checkpoint/example_metadata.h"

namespace weir::jobmanager {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(CheckpointMetadataTest, ReadsWhatItWrote) {
  const proto::CheckpointMetadata metadata = ExampleMetadata(7);
  const std::string bytes = *EncodeCheckpointMetadata(metadata);
  const auto decoded = DecodeCheckpointMetadata(bytes, "f");
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_TRUE(MessageDifferencer::Equals(*decoded, metadata));
  EXPECT_THAT(ReferencedFiles(metadata), ElementsAre("chk-7/part-0", "chk-7/part-1"));
  EXPECT_EQ(StateSizeOf(metadata), 4U + 4 + 6 + 6 + 10);
}

TEST(CheckpointMetadataTest, HasTheBytesOfItsFormat) {
  proto::CheckpointMetadata metadata;
  metadata.set_checkpoint_id(3);
  metadata.set_job_name("j");
  EXPECT_EQ(ToHex(*EncodeCheckpointMetadata(metadata)),
            "574549524d455441"  // WEIRMETA
            "01000000"          // version
            "331f16a2"          // CRC-32C of the 12 bytes before
            "080322016a"        // the message: 1: 3, 4: "j"
            "3f600dab");        // CRC-32C of all before
}

TEST(CheckpointMetadataTest, EveryFlippedBitAndTruncationIsFound) {
  const std::string bytes = *EncodeCheckpointMetadata(ExampleMetadata(7));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const Status status = DecodeCheckpointMetadata(damaged, "/d/chk-7/_metadata").status();
    ASSERT_EQ(status.code(), StatusCode::kCorruption) << "bit " << bit;
    EXPECT_THAT(status.message(), HasSubstr("/d/chk-7/_metadata"));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeCheckpointMetadata(bytes.substr(0, size), "f").status().code(),
              StatusCode::kCorruption)
        << size << " bytes";
  }
  EXPECT_FALSE(DecodeCheckpointMetadata(bytes + '\0', "f").ok());
}

TEST(CheckpointMetadataTest, ChannelStateTakesAVersionThatOlderReadersRefuse) {
  proto::CheckpointMetadata metadata = ExampleMetadata(7);
  ASSERT_GT(metadata.vertices_size(), 0);
  ASSERT_GT(metadata.vertices(0).subtasks_size(), 0);
  metadata.mutable_vertices(0)->mutable_subtasks(0)->set_has_channel_state(true);
  EXPECT_EQ((*EncodeCheckpointMetadata(metadata))[8], 3);
}

TEST(CheckpointMetadataTest, ANewerFormatIsRefusedByName) {
  std::string bytes = *EncodeCheckpointMetadata(ExampleMetadata(7));
  bytes[8] = 4;
  const std::uint32_t checksum = Crc32c(std::string_view(bytes).substr(0, 12));
  std::memcpy(bytes.data() + 12, &checksum, sizeof checksum);
  const Status status = DecodeCheckpointMetadata(bytes, "/d/chk-7/_metadata").status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("/d/chk-7/_metadata"));
  EXPECT_THAT(status.message(), HasSubstr("format version 4"));
}

// Right by its checksum, and still nonsense.
TEST(CheckpointMetadataTest, NonsenseIsRefused) {
  using Change = std::function<void(proto::CheckpointMetadata&)>;
  const auto set_path = [](const char* path) {
    return [path](proto::CheckpointMetadata& metadata) {
      metadata.mutable_vertices(1)
          ->mutable_subtasks(0)
          ->mutable_handles(0)
          ->mutable_file()
          ->set_path(path);
    };
  };
  const std::vector<Change> changes = {
      [](auto& metadata) { metadata.mutable_vertices(0)->clear_operators(); },
      [](auto& metadata) { metadata.mutable_vertices(0)->mutable_operators(0)->set_id("count"); },
      [](auto& metadata) { metadata.mutable_vertices(0)->set_parallelism(3); },
      [](auto& metadata) { metadata.mutable_vertices(0)->set_max_parallelism(1); },
      [](auto& metadata) { metadata.mutable_vertices(0)->mutable_subtasks()->RemoveLast(); },
      [](auto& metadata) { metadata.mutable_vertices(0)->mutable_subtasks(0)->set_subtask(1); },
      [](auto& metadata) { metadata.mutable_vertices(0)->mutable_subtasks(0)->add_handles(); },
      [](auto& metadata) { metadata.mutable_coordinators(0)->set_operator_id("x"); },
      [](auto& metadata) { metadata.add_coordinators()->set_operator_id("source"); },
      set_path("/etc/passwd"),
      set_path("chk-7/../../x"),
      set_path("chk-7/.."),
      set_path("chk-7/"),
      set_path("chk-77/x"),
      set_path("chk-6/x"),
      set_path("shared"),
      set_path("")};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    proto::CheckpointMetadata metadata = ExampleMetadata(7);
    changes[i](metadata);
    EXPECT_EQ(CheckCheckpointMetadata(metadata).code(), StatusCode::kCorruption) << i;
    EXPECT_EQ(EncodeCheckpointMetadata(metadata).status().code(), StatusCode::kInternal) << i;
  }
  proto::CheckpointMetadata shared = ExampleMetadata(7);
  set_path("shared/x")(shared);
  EXPECT_TRUE(CheckCheckpointMetadata(shared).ok());
}

TEST(CheckpointMetadataTest, MissesFilesThatAreNotThereOrOfAnotherSize) {
  FileSystem& files = LocalFileSystem();
  const TemporaryDirectory folder = *TemporaryDirectory::Create();
  const proto::CheckpointMetadata metadata = ExampleMetadata(7);
  ASSERT_TRUE(files.CreateDirectories(folder.path() + "/chk-7").ok());
  ASSERT_TRUE(files.WriteFileAtomically(folder.path() + "/chk-7/part-0", "1234").ok());
  const Status missing = CheckReferencedFiles(files, folder.path(), metadata);
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr("chk-7/part-1"));
  ASSERT_TRUE(files.WriteFileAtomically(folder.path() + "/chk-7/part-1", "12345").ok());
  const Status longer = CheckReferencedFiles(files, folder.path(), metadata);
  EXPECT_EQ(longer.code(), StatusCode::kCorruption);
  EXPECT_THAT(longer.message(), HasSubstr("chk-7/part-1"));
  ASSERT_TRUE(TruncateFile(files, folder.path() + "/chk-7/part-1", 4).ok());
  EXPECT_TRUE(CheckReferencedFiles(files, folder.path(), metadata).ok());
}

}  // namespace
}  // namespace weir::jobmanager
