// The whole life of a job's checkpoints against a model: written by workers, completed, aborted,
// subsumed, damaged, found again by the next JobMaster, with a process that may die between any two
// changes of the file system and with file systems that fail once.
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/fault_injecting_file_system.h"
#include "common/random.h"
#include "common/temporary_directory.h"
#include "common/text.h"
#include "jobmanager/checkpoint/checkpoint_metadata.h"
#include "jobmanager/checkpoint/completed_checkpoint_store.h"
#include "taskmanager/checkpoint/checkpoint_storage.h"
#include "taskmanager/checkpoint/state_file_reader.h"
#include "tests/unit/jobmanager_checkpoint/example_metadata.h"
#include "tests/unit/test_seed.h"

namespace weir::jobmanager {
namespace {

using checkpoint::CheckpointStorage;
using checkpoint::StateFileLocation;
using checkpoint::StateFileReader;
using checkpoint::StateHandle;

constexpr std::uint32_t kParallelism = 2;

std::string ContentOf(std::uint64_t id, std::uint32_t subtask) {
  return Concat("state of subtask ", subtask, " in checkpoint ", id);
}

class StorageLife {
 public:
  explicit StorageLife(std::uint64_t seed) : random_(seed) {
    retained_ = 1 + static_cast<std::size_t>(RandomBelow(random_, 3));
  }

  void Run() {
    Start();
    for (int step = 0; step < 60 && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE(Concat("step ", step));
      if (RandomBelow(random_, 4) == 0) {
        faults_.DieAfter(1 + RandomBelow(random_, 30));
      } else if (RandomBelow(random_, 4) == 0) {
        FailOnce(RandomBelow(random_, 30));
      }
      switch (RandomBelow(random_, 7)) {
        case 0:
          Abort();
          break;
        case 3:
          WriteLate();
          break;
        case 1:
          Damage();
          break;
        case 2:
          Restore();
          break;
        default:
          Take();
      }
      // Another JobMaster, after a death or for any other reason.
      if (faults_.dead() || RandomBelow(random_, 8) == 0) Start();
      faults_.SetHook({});
      faults_.DieAfter(std::nullopt);
    }
    Start();
    End();
  }

 private:
  // The operation behind the next `after` fails; what follows succeeds.
  void FailOnce(std::uint64_t after) {
    faults_.SetHook(
        [left = std::make_shared<std::uint64_t>(after)](const FileOperation& operation) {
          if (*left == UINT64_MAX) return Status();
          if ((*left)-- > 0) return Status();
          return Status::IoError(Concat("fails once: ", operation.path));
        });
  }

  void Start() {
    faults_.SetHook({});
    faults_.DieAfter(std::nullopt);
    store_.reset();
    const CheckpointOwner owner{.cluster_id = "c",
                                .job_id = "00000000000000000000000000000001",
                                .job_epoch = ++epoch_,
                                .leader_session = "s"};
    folder_ = std::make_unique<CheckpointFolder>(faults_, temporary_.path(), owner);
    ASSERT_TRUE(folder_->Claim().ok());
    store_ = std::make_unique<CompletedCheckpointStore>(*folder_, retained_);
    const auto problems = store_->Recover();
    ASSERT_TRUE(problems.ok()) << problems.status().ToString();
    EXPECT_TRUE(problems->empty())
        << "metadata is never damaged here: " << (*problems)[0].message();
    const auto orphans = store_->RemoveOrphans();
    ASSERT_TRUE(orphans.ok()) << orphans.status().ToString();
    ExpectWhatWasPromised();
    ExpectNothingElse();
  }

  // Nothing that was completed is lost, nothing that was removed is back.
  void ExpectWhatWasPromised() {
    std::set<std::uint64_t> present;
    for (const CompletedCheckpoint& each : store_->checkpoints()) {
      present.insert(each.checkpoint_id);
      EXPECT_TRUE(promised_.contains(each.checkpoint_id) || in_doubt_.contains(each.checkpoint_id))
          << each.checkpoint_id << " was aborted or subsumed";
      if (damaged_.contains(each.checkpoint_id)) continue;
      const Status read = Read(each);
      EXPECT_TRUE(read.ok()) << "half of a checkpoint: " << read.ToString();
    }
    for (const std::uint64_t id : promised_) {
      EXPECT_TRUE(present.contains(id) || in_doubt_.contains(id)) << id << " is lost";
    }
    promised_ = std::move(present);
    in_doubt_.clear();
  }

  void ExpectNothingElse() {
    std::set<std::string> expected = {"_owner", "shared", "taskowned"};
    for (const std::uint64_t id : promised_) expected.insert(CheckpointFolderName(id));
    const std::vector<std::string> names = *local_.List(folder_->directory());
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected);
    for (const std::uint64_t id : promised_) {
      const std::vector<std::string> files = *local_.List(folder_->PathOf(id));
      for (const std::string& file : files) {
        EXPECT_TRUE(file == "_metadata" || file == "part-0" || file == "part-1") << file;
      }
    }
  }

  // What the workers write. Nullopt: one of them could not.
  std::optional<proto::CheckpointMetadata> WriteState(std::uint64_t id) {
    proto::CheckpointMetadata metadata = ExampleMetadata(id, kParallelism);
    for (std::uint32_t subtask = 0; subtask < kParallelism; ++subtask) {
      CheckpointStorage storage(faults_, folder_->directory(), 0);
      const auto writer = *storage.Create(id, Concat("part-", subtask));
      const auto section = writer->AddKeyedTable("count", "counts", "string", 128);
      const std::string content = ContentOf(id, subtask);
      static_cast<void>(
          writer->keyed(section).Write(subtask * 64, 1, std::as_bytes(std::span(content))));
      const Result<StateHandle> handle = writer->Finish();
      if (!handle.ok()) return std::nullopt;
      const auto& location = std::get<StateFileLocation>(handle->location);
      proto::SubtaskState& state =
          *metadata.mutable_vertices(1)->mutable_subtasks(static_cast<int>(subtask));
      proto::StateFile& file = *state.mutable_handles(0)->mutable_file();
      file.set_path(location.path);
      file.set_size_bytes(location.size_bytes);
      file.set_footer_checksum(location.footer_checksum);
    }
    return metadata;
  }

  void Take() {
    const std::uint64_t id = ++last_id_;
    if (!folder_->CreateCheckpoint(id).ok()) return GiveUp(id);
    const auto metadata = WriteState(id);
    if (!metadata) return GiveUp(id);
    const auto added = store_->Add(*metadata);
    if (!added.ok()) {
      in_doubt_.insert(id);
      return GiveUp(id);
    }
    ++completed_;
    promised_.insert(id);
    std::size_t usable = 0;
    for (const CompletedCheckpoint& each : store_->checkpoints()) usable += each.problem.ok();
    EXPECT_LE(usable, retained_);
    EXPECT_EQ(store_->checkpoints().back().checkpoint_id, id);
    // Until they are removed they may be found again.
    for (const std::uint64_t old : added->subsumed) {
      promised_.erase(old);
      if (!added->cleanup_failures.empty()) in_doubt_.insert(old);
    }
  }

  void GiveUp(std::uint64_t id) {
    if (!store_->Abort(id).empty()) return;
    EXPECT_FALSE(*local_.Exists(folder_->PathOf(id)));
    in_doubt_.clear();
  }

  void Abort() {
    const std::uint64_t id = ++last_id_;
    if (folder_->CreateCheckpoint(id).ok()) static_cast<void>(WriteState(id));
    GiveUp(id);
  }

  // A worker that does not know yet that its attempt was given up.
  void WriteLate() {
    if (promised_.empty()) return;
    const std::string folder = folder_->PathOf(*promised_.rbegin());
    EXPECT_TRUE(local_.WriteFileAtomically(folder + "/late", "x", FileDurability::kNone).ok());
  }

  void Damage() {
    if (promised_.empty()) return;
    const std::uint64_t id = *promised_.rbegin();
    const std::string path = folder_->PathOf(id) + "/part-0";
    if (!*local_.Exists(path)) return;
    const auto size = static_cast<std::uint64_t>(*local_.FileSize(path));
    if (size == 0) return;
    damaged_.insert(id);
    switch (RandomBelow(random_, 3)) {
      case 0:
        EXPECT_TRUE(local_.RemoveRecursively(path).ok());
        break;
      case 1:
        EXPECT_TRUE(TruncateFile(local_, path, RandomBelow(random_, size)).ok());
        break;
      default:
        // Two flips of one bit would mend it.
        EXPECT_TRUE(TruncateFile(local_, path, size).ok());
        if (mended_.insert(id).second) {
          EXPECT_TRUE(FlipBit(local_, path, RandomBelow(random_, size * 8)).ok());
        }
    }
  }

  // A worker's part of a restore.
  Status Read(const CompletedCheckpoint& checkpoint) {
    for (std::uint32_t subtask = 0; subtask < kParallelism; ++subtask) {
      const auto& state = checkpoint.metadata->vertices(1).subtasks(static_cast<int>(subtask));
      const proto::StateFile& file = state.handles(0).file();
      const StateHandle handle{
          StateFileLocation{file.path(), file.size_bytes(), file.footer_checksum()}};
      WEIR_ASSIGN_OR_RETURN(const auto reader,
                            StateFileReader::Open(local_, checkpoint.directory, handle));
      std::string content;
      WEIR_RETURN_IF_ERROR(reader->ReadKeyGroups(
          0, 0, 128, [&](auto /*group*/, auto /*entries*/, std::span<const std::byte> bytes) {
            content.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            return Status();
          }));
      EXPECT_EQ(content, ContentOf(checkpoint.checkpoint_id, subtask)) << "silently wrong";
    }
    return Status();
  }

  // What a restart of the job does: the newest that is whole, or an error; never an older one than
  // need be.
  void Restore() {
    faults_.SetHook({});
    faults_.DieAfter(std::nullopt);
    std::optional<std::uint64_t> newest_whole;
    for (const CompletedCheckpoint& each : store_->checkpoints()) {
      if (!damaged_.contains(each.checkpoint_id)) newest_whole = each.checkpoint_id;
    }
    for (;;) {
      const auto latest = store_->LatestRestorable();
      if (!latest.ok()) {
        EXPECT_EQ(newest_whole, std::nullopt) << latest.status().ToString();
        EXPECT_FALSE(store_->checkpoints().empty());
        return;
      }
      if (!latest->has_value()) {
        EXPECT_TRUE(store_->checkpoints().empty());
        return;
      }
      const Status read = Read(**latest);
      if (read.ok()) {
        EXPECT_EQ((*latest)->checkpoint_id, newest_whole);
        ++restored_;
        return;
      }
      EXPECT_TRUE(damaged_.contains((*latest)->checkpoint_id)) << read.ToString();
      EXPECT_THAT(read.message(), testing::HasSubstr((*latest)->path)) << "the file is named";
      store_->MarkUnrestorable((*latest)->checkpoint_id, read);
    }
  }

  void End() {
    const bool keep = RandomBelow(random_, 2) == 0;
    const auto failures = store_->EndJob(keep ? JobEnd::kFailed : JobEnd::kFinished,
                                         CheckpointRetention::kDeleteOnCancellation);
    EXPECT_TRUE(failures.empty()) << failures[0].ToString();
    EXPECT_EQ(*local_.Exists(folder_->directory()), keep && !promised_.empty());
    if (keep && !promised_.empty()) ExpectNothingElse();
  }

  SeededRandom random_;
  std::size_t retained_;
  FileSystem& local_ = LocalFileSystem();
  const TemporaryDirectory temporary_ = *TemporaryDirectory::Create();
  FaultInjectingFileSystem faults_{local_};
  std::unique_ptr<CheckpointFolder> folder_;
  std::unique_ptr<CompletedCheckpointStore> store_;
  std::uint64_t epoch_ = 0;
  std::uint64_t last_id_ = 0;
  std::set<std::uint64_t> promised_;  // Add() said that they are completed; not subsumed
  std::set<std::uint64_t> in_doubt_;  // may be there or not, as the removal failed or did not come
  std::set<std::uint64_t> damaged_;
  std::set<std::uint64_t> mended_;

 public:
  int completed_ = 0;
  int restored_ = 0;
};

TEST(StorageLifeTest, HoldsWhatWasCompletedAndNothingElse) {
  const std::uint64_t first = TestSeed();
  int completed = 0;
  int restored = 0;
  for (std::uint64_t seed = first; seed < first + 12 && !HasFailure(); ++seed) {
    SCOPED_TRACE(Concat("WEIR_TEST_SEED=", seed));
    StorageLife life(seed);
    life.Run();
    completed += life.completed_;
    restored += life.restored_;
  }
  EXPECT_GT(completed, 60);
  EXPECT_GT(restored, 5);
}

}  // namespace
}  // namespace weir::jobmanager
