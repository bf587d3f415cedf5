// Checkpoints of stores: incremental, restored at any parallelism, damaged.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/fault_injecting_file_system.h"
#include "common/file_system.h"
#include "taskmanager/state/shared_files.h"
#include "taskmanager/state/store_restore.h"
#include "taskmanager/state/store_uploads.h"
#include "tests/unit/taskmanager_state/store_fixture.h"
#include "tests/unit/test_seed.h"

namespace weir::state {
namespace {

using internal::KeyedStore;
using internal::KeyGroupRange;

constexpr std::uint32_t kMaxParallelism = 32;

// An operator at some parallelism: for each subtask its store, two tables, and its uploads.
struct Subtask {
  std::unique_ptr<RocksDbStore> store;
  KeyedStore* tables[2] = {};
  std::unique_ptr<StoreUploads> uploads;
};

class StoreCheckpointTest : public StoreFixture,
                            public ::testing::WithParamInterface<DownloadMode> {
 protected:
  StoreCheckpointTest()
      : job_(NewPath("job")), files_(LocalFileSystem()), shared_(files_, job_, GetParam()) {
    std::filesystem::create_directories(job_ + "/shared");
  }

  static const std::vector<std::string>& States() {
    static const std::vector<std::string> states{"count", "last bid"};
    return states;
  }

  Result<Subtask> Restored(const KeyGroupRange& range, const std::vector<StoreSnapshot>& from) {
    Subtask subtask;
    subtask.store = OpenStore(range);
    WEIR_ASSIGN_OR_RETURN(StoreUploads::FilesByNumber files,
                          RestoreStore(*subtask.store, shared_, from, NewPath("scratch"),
                                       [this](std::function<void()> work) {
                                         ++lent_;
                                         fetchers_.emplace_back(std::move(work));
                                         return Status();
                                       }));
    fetchers_.clear();  // joins
    for (int i = 0; i < 2; ++i) {
      WEIR_ASSIGN_OR_RETURN(subtask.tables[i], subtask.store->OpenTable(States()[i], kSchema));
    }
    subtask.uploads = std::make_unique<StoreUploads>(shared_, std::move(files));
    return subtask;
  }
  std::vector<Subtask> Deploy(std::uint32_t parallelism, const std::vector<StoreSnapshot>& from) {
    std::vector<Subtask> subtasks;
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      Result<Subtask> subtask =
          Restored(internal::KeyGroupRangeOf(i, parallelism, kMaxParallelism), from);
      EXPECT_TRUE(subtask.ok()) << subtask.status().ToString();
      subtasks.push_back(std::move(subtask).value());
    }
    return subtasks;
  }
  Result<StoreUploads::Uploaded> Checkpoint(Subtask& subtask, std::uint64_t id) {
    const std::string directory = NewPath("export");
    WEIR_ASSIGN_OR_RETURN(const StoreExport exported, subtask.store->Export(directory));
    auto uploaded = subtask.uploads->Upload(id, "chk" + std::to_string(++names_), exported);
    EXPECT_TRUE(LocalFileSystem().RemoveRecursively(directory).ok());
    return uploaded;
  }
  std::set<std::string> SharedNames() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(job_ + "/shared")) {
      names.insert("shared/" + entry.path().filename().string());
    }
    return names;
  }
  static std::set<std::string> PathsOf(const StoreSnapshot& snapshot) {
    std::set<std::string> paths;
    for (const StoredTable& table : snapshot.tables) {
      for (const StoredShard& shard : table.shards) {
        for (const StoredFile& file : shard.files) paths.insert(file.shared.path);
      }
    }
    return paths;
  }
  static std::vector<SharedFile> FilesOf(const StoreSnapshot& snapshot) {
    std::vector<SharedFile> files;
    for (const StoredTable& table : snapshot.tables) {
      for (const StoredShard& shard : table.shards) {
        for (const StoredFile& file : shard.files) files.push_back(file.shared);
      }
    }
    return files;
  }
  // One subtask with something in it, and its snapshot.
  StoreSnapshot SomeCheckpoint() {
    std::vector<Subtask> one = Deploy(1, {});
    RandomChanges changes(17, one[0].store->range());
    Model model;
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(changes.Apply(*one[0].tables[0], model, 50).ok());
    const auto uploaded = Checkpoint(one[0], 1);
    EXPECT_TRUE(uploaded.ok()) << uploaded.status().ToString();
    return uploaded->snapshot;
  }
  Status RestoreAll(const StoreSnapshot& snapshot) {
    return Restored({0, kMaxParallelism, kMaxParallelism}, {snapshot}).status();
  }

  const std::string job_;
  FaultInjectingFileSystem files_;
  const SharedFiles shared_;
  int names_ = 0;
  std::size_t lent_ = 0;  // threads
  std::vector<std::jthread> fetchers_;
};

INSTANTIATE_TEST_SUITE_P(Modes, StoreCheckpointTest,
                         ::testing::Values(DownloadMode::kCopy, DownloadMode::kLinkWherePossible),
                         [](const auto& mode) {
                           return mode.param == DownloadMode::kCopy ? "Copy" : "Link";
                         });

TEST_P(StoreCheckpointTest, RandomStateIsRestoredAtAnyParallelism) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Model models[2];
  std::vector<StoreSnapshot> snapshots;
  for (std::uint64_t checkpoint = 1; checkpoint <= 6; ++checkpoint) {
    const std::uint32_t parallelism = checkpoint == 1 ? 3 : 1 + random() % 7;
    SCOPED_TRACE("checkpoint " + std::to_string(checkpoint) + " at parallelism " +
                 std::to_string(parallelism));
    std::vector<Subtask> subtasks = Deploy(parallelism, snapshots);
    snapshots.clear();
    for (Subtask& subtask : subtasks) {
      const KeyGroupRange range = subtask.store->range();
      for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(ContentOf(*subtask.tables[i], range) == Within(models[i], range));
        RandomChanges changes(random(), range);
        for (int batch = 0; batch < 10; ++batch) {
          ASSERT_TRUE(changes.Apply(*subtask.tables[i], models[i], 40).ok());
        }
      }
      auto uploaded = Checkpoint(subtask, checkpoint);
      ASSERT_TRUE(uploaded.ok()) << uploaded.status().ToString();
      const Result<StoreSnapshot> read =
          DecodeStoreSnapshot(EncodeStoreSnapshot(uploaded->snapshot));
      ASSERT_TRUE(read.ok()) << read.status().ToString();
      snapshots.push_back(*read);
      // What comes after the checkpoint is not in it.
      Model lost;
      ASSERT_TRUE(RandomChanges(random(), range).Apply(*subtask.tables[0], lost, 50).ok());
    }
  }
}

TEST_P(StoreCheckpointTest, OnlyNewFilesAreUploaded) {
  std::vector<Subtask> one = Deploy(1, {});
  for (std::uint32_t group = 0; group < 32; ++group) Put(*one[0].tables[0], group, "k", "v");
  const auto first = Checkpoint(one[0], 1);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(PathsOf(first->snapshot), SharedNames());
  EXPECT_EQ(first->new_bytes, first->snapshot.size_bytes());

  // Not complete yet: its files may still vanish.
  const auto second = Checkpoint(one[0], 2);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->new_bytes, second->snapshot.size_bytes());
  one[0].uploads->CheckpointComplete(2);

  Put(*one[0].tables[0], 0, "l", "w");
  const auto third = Checkpoint(one[0], 3);
  ASSERT_TRUE(third.ok());
  EXPECT_GT(third->new_bytes, 0u);
  EXPECT_LT(third->new_bytes, third->snapshot.size_bytes() / 2);
  one[0].uploads->CheckpointComplete(3);
  const auto nothing_new = Checkpoint(one[0], 4);
  ASSERT_TRUE(nothing_new.ok());
  EXPECT_EQ(nothing_new->new_bytes, 0u);
  EXPECT_EQ(PathsOf(nothing_new->snapshot), PathsOf(third->snapshot));
}

TEST_P(StoreCheckpointTest, ARestoredStoreRefersToTheFilesThatItCameFrom) {
  const StoreSnapshot snapshot = SomeCheckpoint();
  std::vector<Subtask> one = Deploy(1, {snapshot});
  const auto again = Checkpoint(one[0], 2);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->new_bytes, 0u);
  EXPECT_EQ(PathsOf(again->snapshot), PathsOf(snapshot));
  // Each of two subtasks has half of every file's entries, and the deletion of the others.
  std::vector<Subtask> two = Deploy(2, {snapshot});
  for (Subtask& subtask : two) {
    const auto half = Checkpoint(subtask, 2);
    ASSERT_TRUE(half.ok()) << half.status().ToString();
    EXPECT_LT(half->new_bytes, half->snapshot.size_bytes() / 4);
  }
}

TEST_P(StoreCheckpointTest, AnAbortedCheckpointLeavesNothingAndNothingRefersToIt) {
  std::vector<Subtask> one = Deploy(1, {});
  Put(*one[0].tables[0], 1, "k", "v");
  const auto first = Checkpoint(one[0], 1);
  ASSERT_TRUE(first.ok());
  one[0].uploads->CheckpointComplete(1);
  Put(*one[0].tables[0], 1, "l", "w");
  ASSERT_TRUE(Checkpoint(one[0], 2).ok());
  ASSERT_TRUE(one[0].uploads->CheckpointAborted(2).ok());
  EXPECT_EQ(SharedNames(), PathsOf(first->snapshot));
  const auto third = Checkpoint(one[0], 3);
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(SharedNames(), PathsOf(third->snapshot));
  EXPECT_TRUE(RestoreAll(third->snapshot).ok());
}

TEST_P(StoreCheckpointTest, NothingRefersToFilesThatALaterCheckpointHasUnderAnotherName) {
  std::vector<Subtask> one = Deploy(1, {});
  Put(*one[0].tables[0], 1, "k", "v");
  const auto first = Checkpoint(one[0], 1);
  // The second is taken before this side hears that the first is complete, and copies its file
  // again. By the third the second may be complete, and the first one's file gone.
  const auto second = Checkpoint(one[0], 2);
  one[0].uploads->CheckpointComplete(1);
  const auto third = Checkpoint(one[0], 3);
  ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  EXPECT_GT(third->new_bytes, 0U);
  for (const SharedFile& file : FilesOf(first->snapshot)) {
    ASSERT_TRUE(shared_.Remove(file).ok());
  }
  EXPECT_TRUE(RestoreAll(third->snapshot).ok());
}

TEST_P(StoreCheckpointTest, AFullCheckpointHasFilesOfItsOwn) {
  std::vector<Subtask> one = Deploy(1, {});
  one[0].uploads = std::make_unique<StoreUploads>(shared_, StoreUploads::FilesByNumber{},
                                                  StoreUploads::Mode::kFull);
  Put(*one[0].tables[0], 1, "k", "v");
  const auto first = Checkpoint(one[0], 1);
  one[0].uploads->CheckpointComplete(1);
  const auto second = Checkpoint(one[0], 2);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->new_bytes, first->new_bytes);
  for (const SharedFile& file : FilesOf(first->snapshot)) {
    ASSERT_TRUE(shared_.Remove(file).ok());
  }
  EXPECT_TRUE(RestoreAll(second->snapshot).ok());
}

TEST_P(StoreCheckpointTest, AnUploadThatIsGivenUpLeavesNothing) {
  std::vector<Subtask> one = Deploy(1, {});
  for (std::uint32_t group = 0; group < 32; ++group) Put(*one[0].tables[0], group, "k", "v");
  const auto exported = one[0].store->Export(NewPath("export"));
  ASSERT_TRUE(exported.ok());
  int files = 0;
  const auto uploaded = one[0].uploads->Upload(1, "given-up", *exported, [&] {
    return ++files <= 2 ? Status::Ok() : Status(StatusCode::kCanceled, "given up");
  });
  EXPECT_EQ(uploaded.status().code(), StatusCode::kCanceled);
  EXPECT_TRUE(SharedNames().empty());
}

TEST_P(StoreCheckpointTest, AnUploadThatFailsLeavesNothing) {
  std::vector<Subtask> one = Deploy(1, {});
  for (std::uint32_t group = 0; group < 32; ++group) Put(*one[0].tables[0], group, "k", "v");
  std::uint32_t failures = 0;
  for (const FileAction action :
       {FileAction::kCreate, FileAction::kAppend, FileAction::kSync, FileAction::kClose}) {
    for (int allowed = 0; allowed < 3; ++allowed) {
      int count = 0;
      files_.SetHook([&](const FileOperation& operation) {
        if (operation.action != action || ++count <= allowed) return Status::Ok();
        return Status::IoError("injected at " + operation.path);
      });
      const auto uploaded = Checkpoint(one[0], ++failures);
      ASSERT_FALSE(uploaded.ok());
      EXPECT_NE(uploaded.status().message().find(job_ + "/shared/"), std::string::npos);
      EXPECT_TRUE(SharedNames().empty());
    }
  }
  files_.SetHook(nullptr);
  files_.SetFreeBytes(1000);
  EXPECT_EQ(Checkpoint(one[0], 100).status().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(SharedNames().empty());
  files_.SetFreeBytes(std::nullopt);
  const auto uploaded = Checkpoint(one[0], 101);
  ASSERT_TRUE(uploaded.ok()) << uploaded.status().ToString();
  EXPECT_TRUE(RestoreAll(uploaded->snapshot).ok());
}

TEST_P(StoreCheckpointTest, EveryDamagedFileIsNamed) {
  const StoreSnapshot snapshot = SomeCheckpoint();
  ASSERT_TRUE(RestoreAll(snapshot).ok());
  const std::set<std::string> paths = PathsOf(snapshot);
  ASSERT_GE(paths.size(), 4u);
  for (const std::string& path : paths) {
    const std::string file = job_ + "/" + path;
    const std::string good = *LocalFileSystem().ReadFile(file);
    const auto put = [&file](const std::string& content) {
      std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
    };
    for (const std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
      std::string flipped = good;
      flipped[at] = static_cast<char>(flipped[at] ^ 4);
      put(flipped);
      const Status status = RestoreAll(snapshot);
      EXPECT_EQ(status.code(), StatusCode::kCorruption);
      EXPECT_NE(status.message().find(path), std::string::npos) << status.message();
    }
    put(good.substr(0, good.size() - 1));
    EXPECT_EQ(RestoreAll(snapshot).code(), StatusCode::kCorruption);
    ASSERT_TRUE(LocalFileSystem().RemoveRecursively(file).ok());
    const Status missing = RestoreAll(snapshot);
    EXPECT_EQ(missing.code(), StatusCode::kNotFound);
    EXPECT_NE(missing.message().find(path), std::string::npos) << missing.message();
    put(good);
  }
  EXPECT_TRUE(RestoreAll(snapshot).ok());
}

TEST_P(StoreCheckpointTest, OtherThreadsMayHelpToFetchAndNobodyHasTo) {
  const StoreSnapshot snapshot = SomeCheckpoint();
  ASSERT_TRUE(RestoreAll(snapshot).ok());
  EXPECT_EQ(lent_, kFetchers);
  std::vector<std::function<void()>> late;
  const auto keep = [&late](std::function<void()> work) {
    late.push_back(std::move(work));
    return Status();
  };
  const auto refuse = [](const auto&) { return Status::IoError("no thread"); };
  for (const RunBeside& run : {RunBeside(keep), RunBeside(refuse), RunBeside()}) {
    const auto store = OpenStore({0, kMaxParallelism, kMaxParallelism});
    const auto restored = RestoreStore(*store, shared_, {&snapshot, 1}, NewPath("scratch"), run);
    EXPECT_TRUE(restored.ok()) << restored.status().ToString();
  }
  EXPECT_EQ(late.size(), kFetchers);
  for (const auto& work : late) work();  // there is nothing left to do
}

TEST_P(StoreCheckpointTest, AFileInTheWrongPlaceIsRefused) {
  StoreSnapshot snapshot = SomeCheckpoint();
  std::vector<StoredShard>& shards = snapshot.tables[0].shards;
  ASSERT_GE(shards.size(), 2u);
  // Each file is whole, and is what its checksum says; the ids tell them apart.
  std::swap(shards[0].files[0].shared, shards[1].files[0].shared);
  std::swap(shards[0].files[0].table_file.size_bytes, shards[1].files[0].table_file.size_bytes);
  const Status status = RestoreAll(snapshot);
  EXPECT_EQ(status.code(), StatusCode::kCorruption) << status.ToString();
  EXPECT_NE(status.message().find("shared/"), std::string::npos) << status.message();
}

TEST_P(StoreCheckpointTest, KeyGroupsThatAreMissingOrThereTwiceAreRefused) {
  const StoreSnapshot snapshot = SomeCheckpoint();
  StoreSnapshot less = snapshot;
  less.tables[0].shards.erase(less.tables[0].shards.begin() + 1);
  EXPECT_NE(RestoreAll(less).message().find("key group 8 of keyed state 'count'"),
            std::string::npos);
  StoreSnapshot no_shards = snapshot;
  no_shards.tables[1].shards.clear();
  EXPECT_EQ(RestoreAll(no_shards).code(), StatusCode::kCorruption);
  const Status twice =
      Restored({0, kMaxParallelism, kMaxParallelism}, {snapshot, snapshot}).status();
  EXPECT_NE(twice.message().find("in two parts"), std::string::npos) << twice.message();
}

TEST_P(StoreCheckpointTest, AnotherSchemaOrMaximumParallelismIsRefused) {
  const StoreSnapshot snapshot = SomeCheckpoint();
  const auto store = OpenStore({0, 32, 32});
  ASSERT_TRUE(RestoreStore(*store, shared_, {&snapshot, 1}, NewPath("scratch"), {}).ok());
  const Status other = store->OpenTable("count", "{k:string}").status();
  EXPECT_EQ(other.code(), StatusCode::kFailedPrecondition);
  for (const char* part : {"'count'", "{k:string}", kSchema}) {
    EXPECT_NE(other.message().find(part), std::string::npos) << other.message();
  }
  EXPECT_EQ(store->UnopenedTables(), States());
  EXPECT_EQ(Restored({0, 64, 64}, {snapshot}).status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace weir::state
