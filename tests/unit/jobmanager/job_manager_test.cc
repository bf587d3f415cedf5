// What people ask of the JobManager, from upload to the end of a job.
#include "jobmanager/job_manager.h"

#include <filesystem>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weir/internal/plugin.h>

#include "jobmanager/job_configuration.h"
#include "jobmanager/job_view.h"
#include "tests/unit/jobmanager/simulated_cluster.h"

namespace weir::jobmanager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FakeDescriber final : public JobDescriber {
 public:
  std::vector<std::uint32_t> abi_numbers() const override { return {internal::kAbiNumber}; }
  void Describe(const DescribeRequest& request, Callback callback) override {
    requests.push_back(request);
    callback(answer);
  }
  std::vector<DescribeRequest> requests;
  Result<proto::DescribedJob> answer = Status::InvalidArgument("not described");
};

class JobManagerTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(manager_.Open().ok()); }

  JobManagerOptions Options() {
    JobManagerOptions options;
    EXPECT_TRUE(options.configuration.Set("parallelism.default", "5").ok());
    EXPECT_TRUE(options.configuration.Set("rest.port", "0").ok());
    options.plugin_directory = directory_.path() + "/store";
    options.job_history_size = 2;
    return options;
  }

  // What an asynchronous call answered once the loop is idle.
  template <class T>
  Result<T> Get(const std::function<void(rest::Callback<T>)>& call) {
    std::optional<Result<T>> answer;
    call([&](Result<T> result) { answer = std::move(result); });
    EXPECT_FALSE(answer) << "answered inside the call";
    loop_.RunUntilIdle();
    EXPECT_TRUE(answer);
    return *answer;
  }
  Status GetStatus(const std::function<void(rest::StatusCallback)>& call) {
    std::optional<Status> answer;
    call([&](Status status) { answer = std::move(status); });
    loop_.RunUntilIdle();
    EXPECT_TRUE(answer);
    return *answer;
  }

  std::string Upload() {
    const std::string file = directory_.path() + "/upload";
    std::filesystem::copy_file(WEIR_NOTED_LIBRARY, file);
    const auto jar =
        Get<rest::JarInfo>([&](auto callback) { manager_.UploadJar(file, "job.so", callback); });
    EXPECT_TRUE(jar.ok()) << jar.status().ToString();
    return jar->id;
  }

  Result<std::string> Run(const rest::JarRunRequest& request) {
    return Get<std::string>([&](auto callback) { manager_.RunJar(request, callback); });
  }

  void DescribeAs(proto::JobGraph graph) {
    proto::DescribedJob job;
    job.set_entry("first");
    *job.mutable_graph() = std::move(graph);
    describer_.answer = std::move(job);
  }

  ManualClock clock_{0, 1'000};
  ManualEventLoop loop_{clock_};
  SeededRandom random_{3};
  TemporaryDirectory directory_ = *TemporaryDirectory::Create();
  FakeDescriber describer_;
  JobManager manager_{{.loop = loop_,
                       .blocking = loop_,
                       .clock = clock_,
                       .random = random_,
                       .files = LocalFileSystem(),
                       .describer = describer_},
                      Options()};
};

TEST_F(JobManagerTest, RunsAJobOfAnUploadedPlugin) {
  const std::string jar_id = Upload();
  DescribeAs(ChainGraph({1}));
  const auto job_id = Run({.jar_id = jar_id,
                           .entry_class = "first",
                           .arguments = {"x"},
                           .configuration = {{"restart-strategy.type", "fixed-delay"}}});
  ASSERT_TRUE(job_id.ok()) << job_id.status().ToString();
  ASSERT_EQ(describer_.requests.size(), 1u);
  EXPECT_EQ(describer_.requests[0].entry, "first");
  EXPECT_EQ(describer_.requests[0].parallelism, 5u);
  EXPECT_THAT(describer_.requests[0].arguments, ElementsAre("x"));
  // Settings of the cluster alone do not reach a job.
  EXPECT_EQ(describer_.requests[0].configuration.count("rest.port"), 0u);
  const JobMaster* const job = manager_.jobs().Find(*job_id);
  ASSERT_NE(job, nullptr);
  EXPECT_EQ(job->submission().configuration.at("restart-strategy.type"), "fixed-delay");
  EXPECT_EQ(job->submission().plugin.file_name(), "job.so");
  EXPECT_TRUE(manager_.FindBlob(job->submission().plugin.content_hash()).ok());

  const auto details =
      Get<rest::JobDetails>([&](auto callback) { manager_.GetJob(*job_id, callback); });
  ASSERT_TRUE(details.ok());
  EXPECT_EQ(details->summary.state, "RUNNING");
  EXPECT_EQ(details->summary.status_details, "waits for 1 more slot: 1 needed, 0 free of 0");
  EXPECT_EQ(details->vertices[0].state, "SCHEDULED");
  EXPECT_EQ(details->timestamps.at("CREATED"), 1'000);
  EXPECT_THAT(details->warnings, ElementsAre(HasSubstr("waits for 1 more slot")));
}

TEST_F(JobManagerTest, RemembersABoundedNumberOfEndedJobs) {
  const std::string jar_id = Upload();
  DescribeAs(ChainGraph({1}));
  std::vector<std::string> ids;
  for (int index = 0; index < 3; ++index) {
    ids.push_back(*Run({.jar_id = jar_id}));
    EXPECT_TRUE(GetStatus([&](auto callback) { manager_.CancelJob(ids.back(), callback); }).ok());
    clock_.AdvanceMillis(10);
  }
  const auto jobs =
      Get<std::vector<rest::JobSummary>>([&](auto callback) { manager_.ListJobs(callback); });
  ASSERT_EQ(jobs->size(), 2u);
  EXPECT_EQ((*jobs)[0].id, ids[1]);
  EXPECT_EQ((*jobs)[1].state, "CANCELED");
  EXPECT_EQ((*jobs)[1].end_time_ms, 1'020);
  const auto overview =
      Get<rest::ClusterOverview>([&](auto callback) { manager_.GetOverview(callback); });
  EXPECT_EQ(overview->jobs_cancelled, 2);
  EXPECT_EQ(overview->jobs_running, 0);
  EXPECT_EQ(Get<rest::JobDetails>([&](auto callback) { manager_.GetJob(ids[0], callback); })
                .status()
                .code(),
            StatusCode::kNotFound);
  EXPECT_TRUE(Get<rest::JobExceptions>([&](auto callback) {
                manager_.GetJobExceptions(ids[2], callback);
              }).ok());
}

TEST_F(JobManagerTest, KeepsThePluginOfARunningJobThatWasDeleted) {
  const std::string jar_id = Upload();
  DescribeAs(ChainGraph({1}));
  const std::string job_id = *Run({.jar_id = jar_id});
  const std::string hash = manager_.jobs().Find(job_id)->submission().plugin.content_hash();
  EXPECT_TRUE(GetStatus([&](auto callback) { manager_.DeleteJar(jar_id, callback); }).ok());
  EXPECT_THAT(*Get<std::vector<rest::JarInfo>>([&](auto callback) { manager_.ListJars(callback); }),
              IsEmpty());
  EXPECT_TRUE(manager_.FindBlob(hash).ok());
  EXPECT_TRUE(GetStatus([&](auto callback) { manager_.CancelJob(job_id, callback); }).ok());
  EXPECT_EQ(manager_.FindBlob(hash).status().code(), StatusCode::kNotFound);
}

TEST_F(JobManagerTest, RefusesBadRequests) {
  const std::string jar_id = Upload();
  DescribeAs(ChainGraph({1}));
  EXPECT_EQ(Run({.jar_id = "nothing"}).status().code(), StatusCode::kNotFound);
  EXPECT_THAT(Run({.jar_id = jar_id, .job_id = "zz"}).status().message(),
              HasSubstr("'zz' is no job id"));
  EXPECT_THAT(Run({.jar_id = jar_id, .parallelism = -1}).status().message(),
              HasSubstr("parallelism -1"));
  EXPECT_THAT(
      Run({.jar_id = jar_id, .configuration = {{"restart-strategy.typ", "x"}}}).status().message(),
      HasSubstr("restart-strategy.type"));
  EXPECT_THAT(Run({.jar_id = jar_id, .configuration = {{"rest.port", "1"}}}).status().message(),
              HasSubstr("'rest.port' is a setting of the cluster"));
  const std::string id(32, 'a');
  EXPECT_TRUE(Run({.jar_id = jar_id, .job_id = id}).ok());
  EXPECT_EQ(Run({.jar_id = jar_id, .job_id = id}).status().code(), StatusCode::kAlreadyExists);
  describer_.answer = Status::InvalidArgument("the job function threw");
  EXPECT_EQ(Run({.jar_id = jar_id}).status().message(), "the job function threw");
}

TEST_F(JobManagerTest, RefusesABadGraphAndBadSettingsOfTheProgram) {
  const std::string jar_id = Upload();
  proto::JobGraph graph = ChainGraph({1});
  graph.mutable_vertices(0)->set_is_source(false);
  DescribeAs(graph);
  EXPECT_THAT(Run({.jar_id = jar_id}).status().message(), HasSubstr("it has no source"));
  EXPECT_THAT(
      Get<rest::JobPlan>([&](auto callback) { manager_.DescribeJar({.jar_id = jar_id}, callback); })
          .status()
          .message(),
      HasSubstr("it has no source"));
  graph = ChainGraph({1});
  (*graph.mutable_configuration())["task.stuck-threshold"] = "soon";
  DescribeAs(graph);
  EXPECT_THAT(Run({.jar_id = jar_id}).status().message(), HasSubstr("job 'chain'"));
}

TEST_F(JobManagerTest, DescribesWithoutRunning) {
  const std::string jar_id = Upload();
  DescribeAs(ChainGraph({1, 2}));
  const auto plan = Get<rest::JobPlan>(
      [&](auto callback) { manager_.DescribeJar({.jar_id = jar_id}, callback); });
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->nodes.size(), 2u);
  EXPECT_THAT(
      *Get<std::vector<rest::JobSummary>>([&](auto callback) { manager_.ListJobs(callback); }),
      IsEmpty());
}

TEST_F(JobManagerTest, FindsNoBlobOutsideItsFolder) {
  EXPECT_EQ(manager_.FindBlob("../../etc/passwd").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(manager_.FindBlob(std::string(64, 'a')).status().code(), StatusCode::kNotFound);
}

TEST(PlanViewTest, NamesOperatorsByTheirDescriptions) {
  proto::JobGraph graph = ChainGraph({1, 2});
  EXPECT_EQ(PlanOf(graph, "1").nodes[0].description, "v0");
  graph.mutable_vertices(0)->mutable_operators(0)->set_description("reads the orders");
  graph.mutable_vertices(0)->add_operators()->set_name("Map");
  EXPECT_EQ(PlanOf(graph, "1").nodes[0].description, "reads the orders -> Map");
  EXPECT_EQ(PlanOf(graph, "1").nodes[1].description, "v1");
}

TEST(TaskManagerViewTest, ShowsSlotsAndTheirTasks) {
  SimulatedCluster cluster;
  cluster.AddTaskManager("tm-1", 3);
  cluster.Run();
  JobMaster& job = cluster.Submit(ChainGraph({1, 2}));
  cluster.Run();
  std::vector<rest::TaskManagerDetails> all;
  cluster.manager().ListTaskManagers([&](auto result) { all = *std::move(result); });
  cluster.Run();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].free_slots, 1);
  EXPECT_EQ(all[0].pid, 4711);
  ASSERT_EQ(all[0].allocated_slots.size(), 2u);
  EXPECT_EQ(all[0].allocated_slots[0].job_id, job.job_id());
  EXPECT_THAT(all[0].allocated_slots[0].tasks, ElementsAre("v0 (1/1)", "v1 (1/2)"));
  EXPECT_THAT(all[0].allocated_slots[1].tasks, ElementsAre("v1 (2/2)"));
  Status missing;
  cluster.manager().GetTaskManager("tm-9", [&](auto result) { missing = result.status(); });
  cluster.Run();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace weir::jobmanager
