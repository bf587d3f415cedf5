#include "jobmanager/rest/rest_server.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/file_system.h"
#include "common/http_client.h"
#include "common/manual_clock.h"
#include "common/temporary_directory.h"
#include "tests/unit/jobmanager_rest/fake_cluster_control.h"

namespace weir::rest {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kJob = "000000000000000000000000000000a1";
const std::string kOther = "000000000000000000000000000000ff";

class RestServerTest : public testing::Test {
 protected:
  void StartServer() {
    options_.spool_directory = directory_->path() + "/incoming";
    server_ = std::make_unique<RestServer>(options_, control_, SystemClock());
    Status status = server_->Start();
    ASSERT_TRUE(status.ok()) << status.ToString();
    client_ = std::make_unique<HttpClient>(
        SocketAddress{"127.0.0.1", static_cast<std::uint16_t>(server_->port())});
  }

  HttpAnswer Checked(Result<HttpAnswer> answer) {
    EXPECT_TRUE(answer.ok()) << answer.status().ToString();
    return answer.ok() ? *answer : HttpAnswer();
  }
  json GetJson(const std::string& target) {
    HttpAnswer answer = Checked(client_->Get(target));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_THAT(answer.headers["content-type"], HasSubstr("application/json"));
    return json::parse(answer.body, nullptr, false);
  }
  // Expects an error of this status in Flink's shape; returns its text.
  std::string ErrorOf(Result<HttpAnswer> result, int status) {
    HttpAnswer answer = Checked(std::move(result));
    EXPECT_EQ(answer.status, status) << answer.body;
    json body = json::parse(answer.body, nullptr, false);
    EXPECT_TRUE(body.is_object() && body["errors"].is_array() && body["errors"].size() == 1)
        << answer.body;
    return body["errors"][0].get<std::string>();
  }
  std::string File(const std::string& content) {
    std::string path = directory_->path() + "/job.so";
    std::ofstream(path) << content;
    return path;
  }

  Result<TemporaryDirectory> directory_ = TemporaryDirectory::Create();
  RestServerOptions options_;
  FakeClusterControl control_;
  std::unique_ptr<RestServer> server_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(RestServerTest, AnswersWithAndWithoutTheVersion) {
  StartServer();
  EXPECT_EQ(GetJson("/overview"), GetJson("/v1/overview"));
  EXPECT_EQ(GetJson("/overview")["slots-total"], 4);
  EXPECT_EQ(GetJson("/config")["features"]["web-submit"], true);
}

TEST_F(RestServerTest, ShowsJobs) {
  StartServer();
  EXPECT_EQ(GetJson("/jobs"), json({{"jobs", {{{"id", kJob}, {"status", "RUNNING"}}}}}));
  json overview = GetJson("/jobs/overview")["jobs"][0];
  EXPECT_EQ(overview["jid"], kJob);
  EXPECT_EQ(overview["name"], "lines \xEF\xBF\xBD") << "bytes that are not UTF-8 are replaced";
  EXPECT_EQ(overview["tasks"]["total"], 4);
  EXPECT_EQ(overview["tasks"]["running"], 2);
  EXPECT_EQ(overview["tasks"]["deploying"], 2);
  EXPECT_EQ(overview["tasks"]["failed"], 0);
  EXPECT_EQ(overview["status-details"], "waits for 2 slots: 4 needed, 2 free");
  EXPECT_GT(overview["duration"], 0);
}

TEST_F(RestServerTest, ShowsOneJobWithItsVertices) {
  StartServer();
  json job = GetJson("/jobs/" + kJob);
  EXPECT_EQ(job["state"], "RUNNING");
  EXPECT_EQ(job["duration"], 10'000);
  EXPECT_EQ(job["end-time"], -1);
  EXPECT_EQ(job["timestamps"]["RUNNING"], 2000);
  EXPECT_EQ(job["timestamps"]["FAILED"], 0);
  EXPECT_EQ(job["status-counts"]["RUNNING"], 2);
  EXPECT_EQ(job["warnings"], json({"waits for 2 slots: 4 needed, 2 free"}));
  EXPECT_EQ(job["coordinator"]["pid"], 4712);
  json vertex = job["vertices"][1];
  EXPECT_EQ(vertex["name"], "Map");
  EXPECT_EQ(vertex["tasks"]["RUNNING"], 1);
  EXPECT_EQ(vertex["tasks"]["DEPLOYING"], 1);
  EXPECT_EQ(vertex["metrics"]["read-records"], 400);
  EXPECT_EQ(vertex["metrics"]["write-bytes"], 8000);
  EXPECT_EQ(vertex["metrics"]["read-records-complete"], true);
  EXPECT_EQ(vertex["status-details"], "subtask 0 is stuck");
  EXPECT_EQ(job["plan"]["nodes"][0].contains("inputs"), false);
  EXPECT_EQ(job["plan"]["nodes"][1]["inputs"][0]["ship_strategy"], "HASH");
}

TEST_F(RestServerTest, CountsAreIncompleteUntilEverySubtaskHasReported) {
  control_.job.vertices[0].subtasks[1].metrics.complete = false;
  StartServer();
  json vertices = GetJson("/jobs/" + kJob)["vertices"];
  EXPECT_EQ(vertices[0]["metrics"]["write-records-complete"], false);
  EXPECT_EQ(vertices[1]["metrics"]["write-records-complete"], true);
}

TEST_F(RestServerTest, ShowsTheSmallerResourcesOfAJob) {
  StartServer();
  EXPECT_EQ(GetJson("/jobs/" + kJob + "/status"), json({{"status", "RUNNING"}}));
  EXPECT_EQ(GetJson("/jobs/" + kJob + "/plan")["plan"]["type"], "STREAMING");
  json exceptions = GetJson("/jobs/" + kJob + "/exceptions");
  EXPECT_EQ(exceptions["exceptionHistory"]["entries"][0]["exceptionName"], "SIGSEGV");
  EXPECT_EQ(exceptions["exceptionHistory"]["truncated"], true);
  EXPECT_EQ(exceptions["root-exception"], "killed by signal 11 (SIGSEGV) in 'Map'");
  EXPECT_EQ(GetJson("/jobs/" + kJob + "/accumulators")["user-task-accumulators"][0]["value"], "12");
  json vertex = GetJson("/jobs/" + kJob + "/vertices/00000000000000000000000000000002");
  EXPECT_EQ(vertex["subtasks"][0]["status-details"], "in one call of operator 'Map' for 12 s");
  EXPECT_EQ(vertex["subtasks"][1]["attempt"], 1);
  EXPECT_EQ(vertex["aggregated"]["metrics"]["read-records"]["max"], 300);
  EXPECT_EQ(vertex["aggregated"]["status-duration"]["RUNNING"]["sum"], 201);
}

TEST_F(RestServerTest, NamesWhatIsNotThere) {
  StartServer();
  EXPECT_EQ(ErrorOf(client_->Get("/jobs/" + kOther), 404), "no job " + kOther);
  EXPECT_THAT(ErrorOf(client_->Get("/jobs/xyz"), 400), HasSubstr("'xyz' is not 32 hex digits"));
  EXPECT_THAT(ErrorOf(client_->Get("/jobs/" + kJob + "/vertices/" + kOther), 404),
              HasSubstr("has no vertex " + kOther));
  EXPECT_EQ(ErrorOf(client_->Get("/taskmanagers/tm-9"), 404), "no TaskManager tm-9");
  EXPECT_EQ(ErrorOf(client_->Get("/nowhere"), 404), "Not found: /nowhere");
}

TEST_F(RestServerTest, SaysWhichMethodsAPathTakes) {
  StartServer();
  HttpAnswer answer = Checked(client_->Delete("/jobs/" + kJob));
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers["allow"], "GET, PATCH");
}

TEST_F(RestServerTest, CancelsJobs) {
  StartServer();
  HttpAnswer answer = Checked(client_->Patch("/v1/jobs/" + kJob + "?mode=cancel"));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(Checked(client_->Patch("/jobs/" + kJob)).status, 202);
  EXPECT_THAT(ErrorOf(client_->Patch("/jobs/" + kJob + "?mode=stop"), 400), HasSubstr("'stop'"));
  EXPECT_EQ(ErrorOf(client_->Patch("/jobs/" + kOther), 404), "no job " + kOther);
  EXPECT_THAT(control_.calls(),
              ElementsAre("cancel " + kJob, "cancel " + kJob, "cancel " + kOther));
}

TEST_F(RestServerTest, ShowsTaskManagers) {
  StartServer();
  json listed = GetJson("/taskmanagers")["taskmanagers"][0];
  EXPECT_EQ(listed["id"], "tm-1");
  EXPECT_EQ(listed["freeSlots"], 1);
  EXPECT_EQ(listed["totalResource"]["taskHeapMemory"], 1024);
  EXPECT_EQ(listed["freeResource"]["taskHeapMemory"], 512);
  json one = GetJson("/taskmanagers/tm-1");
  EXPECT_EQ(one["allocatedSlots"][0]["jobId"], kJob);
}

TEST_F(RestServerTest, TakesUploadsOfPlugins) {
  StartServer();
  HttpAnswer answer =
      Checked(client_->Upload("/v1/jars/upload", "jarfile", "../my job.so", File("ELF\r\n--")));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(json::parse(answer.body),
            json({{"filename", "/jars/0a1b_job.so"}, {"status", "success"}}));
  EXPECT_THAT(control_.calls(), ElementsAre("upload my_job.so ELF\r\n--"));
  json jars = GetJson("/jars");
  EXPECT_EQ(jars["address"], "http://" + client_->server().ToString());
  EXPECT_EQ(jars["files"][0]["entry"][0]["description"], "counts");
  EXPECT_EQ(jars["files"][0]["entry"][1]["description"], nullptr);
}

TEST_F(RestServerTest, RefusesUploadsThatAreNone) {
  options_.upload_limit_bytes = 1000;
  StartServer();
  EXPECT_THAT(ErrorOf(client_->Upload("/jars/upload", "file", "a", File("x")), 400),
              HasSubstr("'jarfile'"));
  EXPECT_THAT(ErrorOf(client_->Upload("/jars/upload", "jarfile", "a", File("")), 400),
              HasSubstr("empty"));
  EXPECT_THAT(ErrorOf(client_->Post("/jars/upload", "{}"), 400), HasSubstr("multipart/form-data"));
  EXPECT_THAT(
      ErrorOf(client_->Upload("/jars/upload", "jarfile", "a", File(std::string(2000, 'x'))), 413),
      HasSubstr("at most 1000"));
  EXPECT_TRUE(control_.calls().empty());
  EXPECT_TRUE(std::filesystem::is_empty(options_.spool_directory));
}

TEST_F(RestServerTest, PlansAndRunsPlugins) {
  StartServer();
  HttpAnswer plan = Checked(client_->Post("/jars/0a1b_job.so/plan", ""));
  EXPECT_EQ(json::parse(plan.body)["plan"]["name"], "lines");
  HttpAnswer run = Checked(client_->Post("/jars/0a1b_job.so/run",
                                         R"({"entryClass": "lines", "programArgsList": ["a"]})"));
  EXPECT_EQ(json::parse(run.body), json({{"jobid", kJob}}));
  EXPECT_EQ(control_.last_run().entry_class, "lines");
  EXPECT_THAT(control_.last_run().arguments, ElementsAre("a"));
  EXPECT_EQ(ErrorOf(client_->Post("/jars/none/run", ""), 404), "no plugin none");
  EXPECT_THAT(ErrorOf(client_->Post("/jars/0a1b_job.so/run", "{"), 400), HasSubstr("JSON"));
  EXPECT_EQ(Checked(client_->Delete("/jars/0a1b_job.so")).status, 200);
}

TEST_F(RestServerTest, BoundsBodies) {
  StartServer();
  ErrorOf(client_->Post("/jars/0a1b_job.so/run", std::string(2 << 20, ' ')), 413);
}

TEST_F(RestServerTest, AnswersEachErrorOfTheJobManagerWithItsStatus) {
  const std::vector<std::pair<Status, int>> cases = {
      {Status::InvalidArgument("text"), 400},
      {Status::UserError("text"), 400},
      {Status::NotFound("text"), 404},
      {Status(StatusCode::kAlreadyExists, "text"), 409},
      {Status(StatusCode::kFailedPrecondition, "text"), 409},
      {Status::Internal("text"), 500},
      {Status::IoError("text"), 500},
      {Status(StatusCode::kUnsupported, "text"), 501},
      {Status::Unavailable("text"), 503},
      {Status(StatusCode::kResourceExhausted, "text"), 503},
      {Status(StatusCode::kTimedOut, "text"), 504}};
  for (const auto& [status, http_status] : cases) {
    control_.error = status;
    StartServer();
    EXPECT_EQ(ErrorOf(client_->Get("/overview"), http_status), "text") << status.ToString();
  }
}

TEST_F(RestServerTest, AnswersADroppedCallbackWith500) {
  control_.drop_callbacks = true;
  StartServer();
  ErrorOf(client_->Get("/overview"), 500);
  ErrorOf(client_->Patch("/jobs/" + kJob), 500);
}

TEST_F(RestServerTest, ShowsAJobWithoutAnything) {
  control_.job = JobDetails();
  control_.job.summary.id = kJob;
  control_.exceptions = {};
  StartServer();
  json job = GetJson("/jobs/" + kJob);
  EXPECT_EQ(job["duration"], -1);
  EXPECT_EQ(job["vertices"], json::array());
  EXPECT_EQ(job["coordinator"], nullptr);
  EXPECT_EQ(GetJson("/jobs/" + kJob + "/exceptions")["root-exception"], nullptr);
}

TEST_F(RestServerTest, DoesNotBindToTheWorldWithoutLeave) {
  options_.http.bind_host = "0.0.0.0";
  RestServer refused(options_, control_, SystemClock());
  Status status = refused.Start();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("security.allow-unauthenticated-remote"));
}

TEST_F(RestServerTest, DeletesWhatAnEarlierServerLeftInTheSpoolDirectory) {
  std::filesystem::create_directories(directory_->path() + "/incoming");
  std::ofstream(directory_->path() + "/incoming/upload-abc") << "left behind";
  StartServer();
  EXPECT_TRUE(std::filesystem::is_empty(directory_->path() + "/incoming"));
}

TEST_F(RestServerTest, TakesItsOptionsFromTheConfiguration) {
  Configuration configuration;
  ASSERT_TRUE(configuration.Set("rest.port", "0").ok());
  ASSERT_TRUE(configuration.Set("rest.bind-address", "localhost").ok());
  ASSERT_TRUE(configuration.Set("web.upload.max-size", "3 mb").ok());
  RestServerOptions options = RestServerOptions::FromConfiguration(configuration, "/default");
  EXPECT_EQ(options.http.port, 0);
  EXPECT_EQ(options.http.bind_host, "localhost");
  EXPECT_EQ(options.upload_limit_bytes, 3u << 20);
  EXPECT_EQ(options.spool_directory, "/default/incoming");
  EXPECT_FALSE(options.allow_unauthenticated_remote);
  ASSERT_TRUE(configuration.Set("web.upload.dir", "/uploads").ok());
  options = RestServerOptions::FromConfiguration(configuration, "/default");
  EXPECT_EQ(options.spool_directory, "/uploads/incoming");
}

TEST_F(RestServerTest, ShowsCheckpoints) {
  StartServer();
  const std::string base = "/jobs/" + kJob + "/checkpoints";
  const json all = GetJson(base);
  EXPECT_EQ(all["counts"]["total"], 2);
  EXPECT_EQ(all["counts"]["restored"], 1);
  EXPECT_EQ(all["summary"]["end_to_end_duration"]["avg"], 40);
  EXPECT_EQ(all["latest"]["completed"]["external_path"], "/checkpoints/a1/chk-7");
  EXPECT_EQ(all["latest"]["failed"]["failure_message"], "'Map (1/2)' declined");
  EXPECT_EQ(all["latest"]["restored"]["id"], 3);
  EXPECT_EQ(all["history"][0]["status"], "FAILED");
  EXPECT_TRUE(all["history"][1]["tasks"].empty()) << "only the details have them";
  const json settings = GetJson(base + "/config");
  EXPECT_EQ(settings["interval"], 1000);
  EXPECT_EQ(settings["externalization"]["enabled"], true);
  EXPECT_EQ(settings["externalization"]["delete_on_cancellation"], false);
}

TEST_F(RestServerTest, ShowsOneCheckpointAndItsSubtasks) {
  StartServer();
  const std::string base = "/jobs/" + kJob + "/checkpoints/details/";
  const std::string vertex(31, '0');
  const json details = GetJson(base + "7");
  EXPECT_EQ(details["num_subtasks"], 4);
  EXPECT_EQ(details["num_acknowledged_subtasks"], 3) << "one had finished";
  EXPECT_EQ(details["tasks"][vertex + "2"]["state_size"], 3000);
  const json one = GetJson(base + "7/subtasks/" + vertex + "2");
  EXPECT_EQ(one["summary"]["end_to_end_duration"]["min"], 20);
  EXPECT_EQ(one["summary"]["end_to_end_duration"]["max"], 30);
  EXPECT_EQ(one["summary"]["checkpoint_duration"]["sync"]["p50"], 3);
  EXPECT_EQ(one["subtasks"][1]["ack_timestamp"], 5030);
  EXPECT_EQ(one["subtasks"][1]["alignment"]["duration"], 2);
  EXPECT_EQ(one["subtasks"][2]["status"], "finished");
  EXPECT_EQ(one["subtasks"][3]["status"], "pending_or_failed");
  ErrorOf(client_->Get(base + "9"), 404);
  ErrorOf(client_->Get(base + "x"), 400);
  ErrorOf(client_->Get(base + "7/subtasks/" + vertex + "9"), 404);
}

TEST_F(RestServerTest, TakesACheckpointAndTellsItsOutcome) {
  StartServer();
  const std::string target = "/jobs/" + kJob + "/checkpoints";
  const HttpAnswer answer = Checked(client_->Post(target, "{\"checkpointType\": \"FULL\"}"));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(json::parse(answer.body)["request-id"], std::string(32, 'e'));
  EXPECT_THAT(control_.calls(), ElementsAre("checkpoint " + kJob));
  const std::string outcome = target + "/" + std::string(32, 'e');
  EXPECT_EQ(GetJson(outcome)["operation"]["checkpointId"], 7);
  control_.trigger.failure = Status::Unavailable("a worker is gone");
  EXPECT_EQ(GetJson(outcome)["operation"]["failureCause"]["stack-trace"], "a worker is gone");
  control_.trigger.ended = false;
  EXPECT_EQ(GetJson(outcome)["status"]["id"], "IN_PROGRESS");
  ErrorOf(client_->Post(target, "{\"checkpointType\": \"INCREMENTAL\"}"), 501);
  ErrorOf(client_->Post(target, "{\"checkpointType\": \"OTHER\"}"), 400);
  ErrorOf(client_->Post(target, "{\"target\": 1}"), 400);
  ErrorOf(client_->Post("/jobs/" + kOther + "/checkpoints", ""), 404);
}

}  // namespace
}  // namespace weir::rest
