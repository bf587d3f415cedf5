// The metadata store in a folder: what holds, what a crash at any operation leaves, what damaged
// files do.
#include <filesystem>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/content_hash.h"
#include "common/fault_injecting_file_system.h"
#include "common/manual_clock.h"
#include "common/temporary_directory.h"
#include "jobmanager/ha/file_metadata_store.h"
#include "jobmanager/ha/metadata_file.h"
#include "jobmanager/ha/open_metadata_store.h"
#include "tests/unit/jobmanager/crashing_file_system.h"

namespace weir::jobmanager {
namespace {

using ha::FileMetadataStore;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kFirst(32, 'a');
const std::string kSecond(32, 'b');

proto::SubmittedJob Job(const std::string& id, std::int64_t submit_time_ms = 1,
                        const std::string& content_hash = "") {
  proto::SubmittedJob job;
  job.set_job_id(id);
  job.set_entry("count");
  job.mutable_graph()->set_name("job " + id.substr(0, 1));
  job.mutable_inputs()->add_arguments("--input");
  job.mutable_plugin()->set_content_hash(content_hash);
  (*job.mutable_configuration())["parallelism.default"] = "4";
  job.set_submit_time_ms(submit_time_ms);
  return job;
}

proto::CheckpointPointer Pointer(std::uint64_t id) {
  proto::CheckpointPointer pointer;
  pointer.set_checkpoint_id(id);
  pointer.set_path(Concat("/checkpoints/chk-", id));
  return pointer;
}

proto::JobResult ResultOf(const std::string& id, std::int64_t end_time_ms = 5) {
  proto::JobResult result;
  result.set_job_id(id);
  result.set_state("FINISHED");
  result.set_end_time_ms(end_time_ms);
  return result;
}

class MetadataStoreTest : public testing::Test {
 protected:
  MetadataStoreTest() { std::ofstream(PluginFile()) << kPlugin; }
  std::string Folder() const { return directory_.path() + "/store"; }
  std::string PluginFile() const { return directory_.path() + "/plugin.so"; }
  std::string PathOf(const std::string& name) const { return Concat(Folder(), "/", name); }

  std::unique_ptr<FileMetadataStore> Make(FileSystem& files, const std::string& folder) {
    return std::make_unique<FileMetadataStore>(files, folder, 3);
  }
  std::unique_ptr<FileMetadataStore> Reopen() {
    store_.reset();
    store_ = Make(LocalFileSystem(), Folder());
    const Status opened = store_->Open({});
    EXPECT_TRUE(opened.ok()) << opened.message();
    return nullptr;
  }
  void AddTwoJobs() {
    Reopen();
    ASSERT_TRUE(store_->AddJob(Job(kFirst, 1, hash_), PluginFile()).ok());
    ASSERT_TRUE(store_->AddJob(Job(kSecond, 2, hash_), PluginFile()).ok());
    ASSERT_TRUE(store_->AddCompletedCheckpoint(kFirst, Pointer(7)).ok());
  }

  static constexpr const char* kPlugin = "the bytes of a plugin";
  const std::string hash_ = ContentHash(kPlugin);
  TemporaryDirectory directory_ = *TemporaryDirectory::Create("weir-metadata-store-");
  std::unique_ptr<FileMetadataStore> store_;
};

// Everything that a store holds, for comparisons.
std::string Describe(FileMetadataStore& store) {
  const auto stored = store.ReadJobs();
  if (!stored.ok()) return stored.status().ToString();
  std::string text;
  for (const ha::StoredJob& job : stored->jobs) {
    text += Concat("job ", job.job.job_id(), " '", job.job.graph().name(), "' ", job.job.entry(),
                   " epoch ", job.last_epoch, " checkpoints");
    for (const auto& pointer : job.checkpoints) text += Concat(" ", pointer.path());
    const std::string& hash = job.job.plugin().content_hash();
    if (!hash.empty()) text += store.FindPlugin(hash).ok() ? " plugin" : " NO PLUGIN";
    text += "\n";
  }
  for (const auto& result : stored->results) {
    text += Concat("result ", result.job_id(), " ", result.state(), "\n");
  }
  for (const auto& job : stored->unreadable) {
    text += Concat("unreadable ", job.job_id, ": ", job.status.message(), "\n");
  }
  const auto task_managers = store.ReadTaskManagers();
  return Concat(text, "task managers ",
                task_managers.ok() ? Join(*task_managers, ",") : task_managers.status().message());
}

TEST_F(MetadataStoreTest, HoldsWhatItWasTold) {
  AddTwoJobs();
  EXPECT_EQ(store_->leader_epoch(), 1u);
  ASSERT_TRUE(store_->SetJobEpoch(kSecond, 4).ok());
  ASSERT_TRUE(store_->AddCompletedCheckpoint(kFirst, Pointer(8)).ok());
  ASSERT_TRUE(store_->AddCompletedCheckpoint(kFirst, Pointer(8)).ok());
  ASSERT_TRUE(store_->RemoveCompletedCheckpoint(kFirst, 7).ok());
  ASSERT_TRUE(store_->RemoveCompletedCheckpoint(kFirst, 99).ok());
  ASSERT_TRUE(store_->SetTaskManagers({"tm-1", "with/slash"}).ok());
  const std::string told = Describe(*store_);
  Reopen();
  EXPECT_EQ(store_->leader_epoch(), 2u);
  EXPECT_EQ(Describe(*store_), told);
  const auto stored = store_->ReadJobs();
  ASSERT_EQ(stored->jobs.size(), 2u);
  EXPECT_EQ(stored->jobs[0].job.SerializeAsString(), Job(kFirst, 1, hash_).SerializeAsString());
  EXPECT_EQ(stored->jobs[0].last_epoch, 1u);
  EXPECT_EQ(stored->jobs[1].last_epoch, 4u);
  ASSERT_EQ(stored->jobs[0].checkpoints.size(), 1u);
  EXPECT_EQ(stored->jobs[0].checkpoints[0].checkpoint_id(), 8u);
  EXPECT_THAT(*store_->ReadTaskManagers(), ElementsAre("tm-1", "with/slash"));
}

TEST_F(MetadataStoreTest, AnEndedJobIsNoJobAnyMore) {
  AddTwoJobs();
  ASSERT_TRUE(store_->AddResult(ResultOf(kFirst)).ok());
  EXPECT_TRUE(store_->FindPlugin(hash_).ok()) << "the other job needs it";
  Reopen();
  const auto stored = store_->ReadJobs();
  ASSERT_EQ(stored->jobs.size(), 1u);
  EXPECT_EQ(stored->jobs[0].job.job_id(), kSecond);
  ASSERT_EQ(stored->results.size(), 1u);
  EXPECT_EQ(store_->AddJob(Job(kFirst), "").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(store_->SetJobEpoch(kFirst, 9).code(), StatusCode::kNotFound);
  ASSERT_TRUE(store_->AddResult(ResultOf(kSecond)).ok());
  EXPECT_EQ(store_->FindPlugin(hash_).status().code(), StatusCode::kNotFound);
  EXPECT_THAT(*LocalFileSystem().List(PathOf("plugins")), IsEmpty());
}

TEST_F(MetadataStoreTest, KeepsTheNewestResults) {
  Reopen();
  for (int job = 0; job < 5; ++job) {
    const std::string id = Concat(std::string(31, 'c'), job);
    ASSERT_TRUE(store_->AddJob(Job(id), "").ok());
    // The first one ended last.
    ASSERT_TRUE(store_->AddResult(ResultOf(id, job == 0 ? 100 : job)).ok());
  }
  std::vector<std::string> ends;
  const auto stored = store_->ReadJobs();
  for (const auto& result : stored->results) ends.push_back(result.job_id().substr(31));
  EXPECT_THAT(ends, ElementsAre("3", "4", "0"));
}

TEST_F(MetadataStoreTest, RefusesWhatMakesNoSense) {
  AddTwoJobs();
  EXPECT_EQ(store_->AddJob(Job(kFirst), "").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(store_->AddJob(Job("../../etc"), "").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->AddJob(Job(std::string(32, 'd'), 1, "no hash"), PluginFile()).code(),
            StatusCode::kInvalidArgument);
  const Status other = store_->AddJob(Job(std::string(32, 'd'), 1, ContentHash("x")), PluginFile());
  EXPECT_THAT(other.message(), HasSubstr("is not the plugin"));
  ASSERT_TRUE(store_->RemoveJob(kSecond).ok());
  ASSERT_TRUE(store_->RemoveJob(kSecond).ok());
  EXPECT_EQ(store_->ReadJobs()->jobs.size(), 1u);
}

TEST_F(MetadataStoreTest, KeepsASecondJobManagerOutForAsLongAsTheFirstLives) {
  proto::LeaderRecord leader;
  leader.set_host("node-7");
  leader.set_process_id(4711);
  store_ = Make(LocalFileSystem(), Folder());
  ASSERT_TRUE(store_->Open(leader).ok());
  const auto second = Make(LocalFileSystem(), Folder());
  const Status refused = second->Open({});
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), AllOf(HasSubstr(Folder()), HasSubstr("is in use"),
                                       HasSubstr("process 4711 on node-7, leader epoch 1")));
  EXPECT_EQ(store_->leader_epoch(), 1u);
  store_.reset();
  EXPECT_TRUE(Make(LocalFileSystem(), Folder())->Open({}).ok());
}

// As on a file system whose locks do not reach other machines.
TEST_F(MetadataStoreTest, ALaterLeaderFencesAnEarlierOne) {
  AddTwoJobs();
  ASSERT_TRUE(std::filesystem::remove(PathOf("lock")));
  const auto later = Make(LocalFileSystem(), Folder());
  ASSERT_TRUE(later->Open({}).ok());
  EXPECT_EQ(later->leader_epoch(), 2u);
  const std::string before = Describe(*later);
  const std::vector<Status> refused = {store_->AddJob(Job(std::string(32, 'e')), ""),
                                       store_->SetJobEpoch(kFirst, 2),
                                       store_->AddCompletedCheckpoint(kFirst, Pointer(9)),
                                       store_->AddResult(ResultOf(kFirst)),
                                       store_->RemoveJob(kFirst),
                                       store_->SetTaskManagers({"x"})};
  for (const Status& status : refused) {
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.message();
    EXPECT_THAT(status.message(), HasSubstr("belongs to leader epoch 2"));
  }
  EXPECT_EQ(Describe(*later), before);
}

TEST_F(MetadataStoreTest, ADamagedFileConcernsItsJobAlone) {
  for (const char* name : {"submission", "epoch", "checkpoints"}) {
    const std::string path = PathOf(Concat("jobs/", kFirst, "/", name));
    std::filesystem::remove_all(Folder());
    AddTwoJobs();
    const std::string content = *LocalFileSystem().ReadFile(path);
    for (std::size_t at = 0; at <= content.size(); ++at) {
      // One bit is another, or from here on everything is missing.
      std::string changed = content;
      if (at < content.size()) changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
      for (const std::string& damaged : {changed, content.substr(0, at)}) {
        if (damaged == content) continue;
        std::ofstream(path, std::ios::binary) << damaged;
        const auto stored = store_->ReadJobs();
        ASSERT_EQ(stored->jobs.size(), 1u) << name << " at " << at;
        EXPECT_EQ(stored->jobs[0].job.job_id(), kSecond);
        ASSERT_EQ(stored->unreadable.size(), 1u);
        EXPECT_EQ(stored->unreadable[0].job_id, kFirst);
        EXPECT_THAT(stored->unreadable[0].status.message(), HasSubstr(path));
        EXPECT_EQ(*LocalFileSystem().ReadFile(path), damaged) << "it was touched";
      }
    }
    EXPECT_TRUE(store_->FindPlugin(hash_).ok());
    // Whoever submits under its id does not write over it.
    EXPECT_EQ(store_->AddJob(Job(kFirst), "").code(), StatusCode::kAlreadyExists);
  }
}

TEST_F(MetadataStoreTest, AMissingFileConcernsItsJobAlone) {
  AddTwoJobs();
  ASSERT_TRUE(std::filesystem::remove(PathOf(Concat("jobs/", kFirst, "/submission"))));
  ASSERT_TRUE(std::filesystem::remove(PathOf(Concat("jobs/", kSecond, "/epoch"))));
  const auto stored = store_->ReadJobs();
  EXPECT_THAT(stored->jobs, IsEmpty());
  ASSERT_EQ(stored->unreadable.size(), 2u);
  EXPECT_THAT(stored->unreadable[0].status.message(), HasSubstr("submission"));
  EXPECT_THAT(stored->unreadable[1].status.message(), HasSubstr("epoch"));
  EXPECT_TRUE(std::filesystem::exists(PathOf(Concat("jobs/", kFirst, "/checkpoints"))));
}

TEST_F(MetadataStoreTest, AFolderThatCannotBeReadConcernsItsJobAlone) {
  AddTwoJobs();
  std::filesystem::remove_all(PathOf("jobs/" + kFirst));
  std::ofstream(PathOf("jobs/" + kFirst)) << "no folder";
  const auto plain_file = store_->ReadJobs();
  ASSERT_TRUE(plain_file.ok()) << plain_file.status().message();
  ASSERT_EQ(plain_file->jobs.size(), 1u);
  EXPECT_EQ(plain_file->jobs[0].job.job_id(), kSecond);
  ASSERT_EQ(plain_file->unreadable.size(), 1u);
  EXPECT_THAT(plain_file->unreadable[0].status.message(), HasSubstr(PathOf("jobs/" + kFirst)));
  EXPECT_TRUE(std::filesystem::exists(PathOf("jobs/" + kFirst)));

  FaultInjectingFileSystem files(LocalFileSystem());
  files.SetHook([](const FileOperation& operation) {
    const bool strikes =
        operation.action == FileAction::kLook && operation.path.ends_with(kSecond + "/submission");
    return strikes ? Status::IoError("bad sector") : Status::Ok();
  });
  const auto bad_sector = Make(files, Folder())->ReadJobs();
  ASSERT_TRUE(bad_sector.ok()) << bad_sector.status().message();
  ASSERT_EQ(bad_sector->unreadable.size(), 2u);
  EXPECT_THAT(bad_sector->unreadable[1].status.message(), HasSubstr("bad sector"));
}

TEST_F(MetadataStoreTest, AJobsFolderIsDurableBeforeItsSubmissionIs) {
  FaultInjectingFileSystem files(LocalFileSystem());
  store_ = Make(files, Folder());
  ASSERT_TRUE(store_->Open({}).ok());
  std::vector<std::string> steps;
  files.SetHook([&](const FileOperation& operation) {
    const std::string path = operation.path.substr(Folder().size());
    if (operation.action == FileAction::kCreateDirectories) steps.push_back("make " + path);
    if (operation.action == FileAction::kSyncDirectory) steps.push_back("sync " + path);
    return Status::Ok();
  });
  ASSERT_TRUE(store_->AddJob(Job(kFirst), "").ok());
  const std::string folder = "/jobs/" + kFirst;
  EXPECT_THAT(steps,
              ElementsAre("make " + folder, "sync /jobs", "sync " + folder, "sync " + folder));
}

TEST_F(MetadataStoreTest, ADamagedResultKeepsItsJobFromRunning) {
  AddTwoJobs();
  // As if the end of the job had been interrupted, and the disk had lost the result.
  std::ofstream(PathOf("results/" + kFirst)) << "nothing of sense";
  const auto stored = store_->ReadJobs();
  ASSERT_EQ(stored->jobs.size(), 1u);
  EXPECT_EQ(stored->jobs[0].job.job_id(), kSecond);
  ASSERT_EQ(stored->unreadable.size(), 1u);
  EXPECT_THAT(stored->unreadable[0].status.message(), HasSubstr("results/" + kFirst));
  EXPECT_TRUE(std::filesystem::exists(PathOf(Concat("jobs/", kFirst, "/submission"))));
}

TEST_F(MetadataStoreTest, NobodyLeadsWhenTheLastEpochCannotBeRead) {
  Reopen();
  store_.reset();
  std::ofstream(PathOf("leader")) << "damaged";
  const Status refused = Make(LocalFileSystem(), Folder())->Open({});
  EXPECT_EQ(refused.code(), StatusCode::kCorruption);
  EXPECT_THAT(refused.message(), HasSubstr(PathOf("leader")));
}

TEST_F(MetadataStoreTest, NamesANewerFormat) {
  proto::MetadataRecord record;
  record.mutable_leader()->set_epoch(0x1234);
  std::string file = ha::EncodeMetadataFile(record);
  // docs/formats/metadata-store.md: magic, version, message, CRC-32C.
  EXPECT_EQ(file, std::string("WEIRMETA\x01\0\0\0\x0a\x03\x08\xb4\x24\x8e\x29\xe3\x60", 21));
  file[8] = 2;
  const auto newer = ha::DecodeMetadataFile(file, "/x");
  EXPECT_EQ(newer.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(newer.status().message(),
              HasSubstr("'/x' in the metadata store has format version 2"));
}

TEST_F(MetadataStoreTest, NoticesAChangedPlugin) {
  AddTwoJobs();
  std::ofstream(PathOf("plugins/" + hash_)) << "other bytes";
  EXPECT_EQ(store_->FindPlugin(hash_).status().code(), StatusCode::kCorruption);
  // A submission that brings the right bytes repairs it.
  ASSERT_TRUE(store_->AddJob(Job(std::string(32, 'd'), 3, hash_), PluginFile()).ok());
  EXPECT_TRUE(store_->FindPlugin(hash_).ok());
}

// Every step of a store's life, struck at every operation on files in every way: what a new store
// finds is what was there before the step or what is there after it.
class InterruptedStoreTest : public MetadataStoreTest {
 protected:
  using Step = std::function<Status(FileMetadataStore&)>;
  std::vector<Step> Steps() const {
    return {
        [this](auto& store) { return store.AddJob(Job(kFirst, 1, hash_), PluginFile()); },
        [](auto& store) { return store.SetTaskManagers({"tm-1", "tm-2"}); },
        [](auto& store) { return store.AddCompletedCheckpoint(kFirst, Pointer(1)); },
        [](auto& store) { return store.AddCompletedCheckpoint(kFirst, Pointer(2)); },
        [](auto& store) { return store.RemoveCompletedCheckpoint(kFirst, 1); },
        [](auto& store) { return store.SetJobEpoch(kFirst, 2); },
        [](auto& store) { return store.AddJob(Job(kSecond, 2), ""); },
        [](auto& store) { return store.AddResult(ResultOf(kFirst)); },
        [](auto& store) { return store.RemoveJob(kSecond); },
    };
  }

  // Returns whether the operation was reached.
  bool Interrupt(int operation, CrashKind kind, const std::vector<std::string>& after_step) {
    const std::string folder =
        Concat(directory_.path(), "/", operation, "-", static_cast<int>(kind));
    CrashingFileSystem files(operation, kind);
    std::size_t done = 0;
    bool failed = false;
    {
      const auto store = Make(files, folder);
      failed = !store->Open({}).ok();
      const std::vector<Step> steps = Steps();
      while (!failed && done < steps.size()) {
        failed = !steps[done](*store).ok();
        if (!failed) ++done;
      }
    }
    if (!files.struck()) return false;
    const auto reopened = Make(LocalFileSystem(), folder);
    const Status opened = reopened->Open({});
    EXPECT_TRUE(opened.ok()) << opened.message();
    const std::string found = Describe(*reopened);
    // A clean-up that fails leaves its call a success: then the later one counts too.
    if (failed && done + 1 < after_step.size()) {
      EXPECT_THAT(found, testing::AnyOf(after_step[done], after_step[done + 1]))
          << "operation " << operation << ", kind " << static_cast<int>(kind) << ", step " << done;
    } else {
      EXPECT_EQ(found, after_step[done]) << "operation " << operation;
    }
    ExpectNoRemains(folder);
    return true;
  }

  static void ExpectNoRemains(const std::string& folder) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
    }
    const bool has_first = std::filesystem::exists(Concat(folder, "/jobs/", kFirst));
    EXPECT_EQ(LocalFileSystem().List(folder + "/plugins")->size(), has_first ? 1u : 0u);
  }
};

TEST_F(InterruptedStoreTest, IsAsBeforeOrAsAfter) {
  std::vector<std::string> after_step;
  Reopen();
  after_step.push_back(Describe(*store_));
  for (const Step& step : Steps()) {
    const Status done = step(*store_);
    ASSERT_TRUE(done.ok()) << done.message();
    after_step.push_back(Describe(*store_));
  }
  int struck = 0;
  for (const CrashKind kind :
       {CrashKind::kBefore, CrashKind::kHalfDone, CrashKind::kAfter, CrashKind::kFailsOnce}) {
    int operation = 0;
    while (Interrupt(operation, kind, after_step)) ++operation;
    struck += operation;
    EXPECT_GT(operation, 25);
    if (HasFailure()) return;
  }
  std::printf("%d interruptions\n", struck);
}

TEST(OpenMetadataStoreTest, SaysWhichSettingCannotWork) {
  ManualClock clock{0, 1'000};
  const auto open = [&](const std::map<std::string, std::string>& settings) {
    Configuration configuration;
    for (const auto& [key, value] : settings) EXPECT_TRUE(configuration.Set(key, value).ok());
    return ha::OpenMetadataStore(configuration, LocalFileSystem(), clock);
  };
  const auto none = open({});
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, nullptr);
  EXPECT_THAT(open({{"high-availability.type", "file"}}).status().message(),
              HasSubstr("'high-availability.storageDir' must name a folder"));
  EXPECT_THAT(open({{"high-availability.type", "file"},
                    {"high-availability.storageDir", "s3://bucket/weir"}})
                  .status()
                  .message(),
              HasSubstr("give an absolute path or file:///path"));
  const TemporaryDirectory directory = *TemporaryDirectory::Create();
  EXPECT_THAT(open({{"high-availability.type", "file"},
                    {"high-availability.storageDir", directory.path()},
                    {"high-availability.cluster-id", "a/b"}})
                  .status()
                  .message(),
              HasSubstr("high-availability.cluster-id is 'a/b'"));
  const auto opened = open({{"high-availability.type", "file"},
                            {"high-availability.storageDir", "file://" + directory.path()},
                            {"high-availability.cluster-id", "blue"}});
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ((*opened)->leader_epoch(), 1u);
  const auto leader = ha::DecodeMetadataFile(
      *LocalFileSystem().ReadFile(directory.path() + "/blue/leader"), "leader");
  EXPECT_EQ(leader->leader().process_id(), ::getpid());
}

}  // namespace
}  // namespace weir::jobmanager
