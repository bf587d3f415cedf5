// list, cancel, status, run and info against a scripted server, with the exact text they print.
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cli/fake_job_manager.h"

namespace weir::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kJob = "000000000000000000000000000000a1";
const std::string kJobPath = "GET /v1/jobs/" + kJob;

std::string Job(const std::string& state, const std::string& warnings = "[]",
                const std::string& vertices = "[]") {
  return R"({"jid":")" + kJob + R"(","name":"lines","state":")" + state +
         R"(","start-time":1767323045678,"duration":3456,"restarts":2,"status-details":"",)"
         R"("warnings":)" +
         warnings + R"(,"vertices":)" + vertices + "}";
}

std::string OverviewJob(const std::string& id, const std::string& state, const std::string& name,
                        const std::string& details = "") {
  return R"({"jid":")" + id + R"(","name":")" + name + R"(","state":")" + state +
         R"(","start-time":1767323045678,"duration":61000,"tasks":{"total":4,"running":3},)"
         R"("status-details":")" +
         details + "\"}";
}

std::string Checkpoint(int id, const std::string& status, const std::string& more) {
  return R"({"id":)" + std::to_string(id) + R"(,"status":")" + status +
         R"(","trigger_timestamp":1767323045678,"end_to_end_duration":40,"state_size":1536,)"
         R"("num_acknowledged_subtasks":3,"num_subtasks":4,)" +
         more + "}";
}

std::string Failures(const std::string& entries) {
  return R"({"exceptionHistory":{"entries":[)" + entries + R"(],"truncated":false}})";
}

std::string Failure(const std::string& message) {
  return R"({"exceptionName":"SIGSEGV","stacktrace":")" + message +
         R"json(","timestamp":1767323045678,"taskName":"Map (2/4)","endpoint":"host:1"})json";
}

class JobCommandsTest : public testing::Test {
 protected:
  JobCommandsTest() {
    std::ofstream(plugin_) << "ELF";
    server_.On("POST /v1/jars/upload", {R"({"filename":"/jars/p_job.so","status":"success"})"});
    server_.On("POST /v1/jars/p_job.so/run", {R"({"jobid":")" + kJob + "\"}"});
    server_.On("DELETE /v1/jars/p_job.so", {"{}"});
    server_.On(kJobPath + "/accumulators", {R"({"user-task-accumulators":[]})"});
  }

  ExitCode Run(std::vector<std::string> arguments) {
    return cli_.Run(std::move(arguments), server_.address());
  }

  FakeJobManager server_;
  CliRunner cli_;
  const std::string plugin_ = cli_.folder() + "/job.so";
};

TEST_F(JobCommandsTest, ListsJobsThatHaveNotEnded) {
  server_.On("GET /v1/jobs/overview",
             {R"({"jobs":[)" + OverviewJob(kJob, "RUNNING", "lines") + "," +
              OverviewJob("000000000000000000000000000000a2", "CREATED", "a longer name",
                          "waits for 2 slots: 4 needed, 2 free") +
              "," + OverviewJob("000000000000000000000000000000a3", "FAILED", "old") + "]}"});
  EXPECT_EQ(Run({"list"}), ExitCode::kSuccess);
  EXPECT_EQ(
      cli_.out(),
      "JOB ID                            STATE    STARTED               DURATION  TASKS  NAME\n"
      "000000000000000000000000000000a1  RUNNING  2026-01-02 03:04:05  1 min 1 s    3/4  lines\n"
      "000000000000000000000000000000a2  CREATED  2026-01-02 03:04:05  1 min 1 s    3/4  a longer "
      "name\n"
      "Job 000000000000000000000000000000a2: waits for 2 slots: 4 needed, 2 free\n");
  EXPECT_EQ(cli_.err(), "");
  Run({"list", "-r"});
  EXPECT_THAT(cli_.out(), HasSubstr("lines"));
  EXPECT_THAT(cli_.out(), Not(HasSubstr("a longer name")));
  Run({"list", "-s"});
  EXPECT_THAT(cli_.out(), Not(HasSubstr("lines")));
  Run({"list", "-a"});
  EXPECT_THAT(cli_.out(), HasSubstr("FAILED"));
  Run({"list", "-r", "--json"});
  EXPECT_EQ(cli_.out(),
            "{\n  \"jobs\": [\n    {\n"
            "      \"id\": \"000000000000000000000000000000a1\",\n"
            "      \"name\": \"lines\",\n"
            "      \"state\": \"RUNNING\",\n"
            "      \"start-time\": 1767323045678,\n"
            "      \"duration\": 61000,\n"
            "      \"tasks-running\": 3,\n"
            "      \"tasks-total\": 4,\n"
            "      \"status-details\": \"\"\n"
            "    }\n  ]\n}\n");
}

TEST_F(JobCommandsTest, SaysThatThereAreNoJobs) {
  server_.On("GET /v1/jobs/overview", {R"({"jobs":[]})"});
  EXPECT_EQ(Run({"list"}), ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(), "No jobs. `weir list -a` lists ended ones too.\n");
}

TEST_F(JobCommandsTest, CancelsAJob) {
  server_.On("PATCH /v1/jobs/" + kJob, {"{}"}, 202);
  EXPECT_EQ(Run({"cancel", kJob}), ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(), "Cancelling job " + kJob + ".\n");
  server_.On("PATCH /v1/jobs/" + kJob, {R"({"errors":["the job is FINISHED"]})"}, 409);
  EXPECT_EQ(Run({"cancel", kJob}), ExitCode::kError);
  EXPECT_EQ(cli_.err(), "weir: the job is FINISHED\n");
}

TEST_F(JobCommandsTest, ShowsTheCluster) {
  server_.On("GET /v1/overview",
             {R"({"taskmanagers":2,"slots-total":4,"slots-available":1,"jobs-running":1,)"
              R"("jobs-finished":2,"jobs-cancelled":3,"jobs-failed":5,"weir-version":"9.9"})"});
  EXPECT_EQ(Run({"status"}), ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(), "JobManager:    http://" + server_.address() +
                            " (version 9.9)\n"
                            "TaskManagers:  2\n"
                            "Slots:         1 of 4 free\n"
                            "Jobs:          1 running, 2 finished, 3 canceled, 5 failed\n");
}

TEST_F(JobCommandsTest, ShowsWhatIsStuckAndWhatFailed) {
  const std::string vertices =
      R"([{"id":"00000000000000000000000000000001","name":"Map","status":"RUNNING","parallelism":2,)"
      R"("tasks":{"RUNNING":2},"metrics":{"read-records":1234,"write-records":5},)"
      R"("status-details":""}])";
  server_.On(kJobPath, {Job("RUNNING", R"json(["subtask Map (1/2) is stuck"])json", vertices)});
  server_.On(kJobPath + "/vertices/00000000000000000000000000000001",
             {R"({"subtasks":[{"subtask":0,"status":"RUNNING","endpoint":"host:1",)"
              R"("status-details":"in one call of operator 'Map' for 12 s"},)"
              R"({"subtask":1,"status":"RUNNING","endpoint":"host:1","status-details":""}]})"});
  server_.On(kJobPath + "/exceptions", {Failures(Failure("first") + "," + Failure("b") + "," +
                                                 Failure("c") + "," + Failure("d"))});
  EXPECT_EQ(Run({"status", kJob}), ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(),
            "Job:       lines\n"
            "JobID:     " +
                kJob +
                "\n"
                "State:     RUNNING\n"
                "Started:   2026-01-02 03:04:05\n"
                "Duration:  3.4 s\n"
                "Restarts:  2\n"
                "Warning:   subtask Map (1/2) is stuck\n"
                "\n"
                "VERTEX  STATE    TASKS  RECORDS IN  RECORDS OUT\n"
                "Map     RUNNING    2/2        1234            5\n"
                "Map (1/2) at host:1: in one call of operator 'Map' for 12 s\n"
                "\n"
                "Failures, newest first:\n"
                "2026-01-02 03:04:05  Map (2/4)  SIGSEGV: first\n"
                "2026-01-02 03:04:05  Map (2/4)  SIGSEGV: b\n"
                "2026-01-02 03:04:05  Map (2/4)  SIGSEGV: c\n"
                "and 1 earlier\n");
  EXPECT_EQ(Run({"status", kJob, "--json"}), ExitCode::kSuccess);
  EXPECT_THAT(cli_.out(), HasSubstr("\"restarts\": 2"));
}

TEST_F(JobCommandsTest, NamesAJobThatIsNotThere) {
  server_.On(kJobPath, {R"({"errors":["no job 12"]})"}, 404);
  EXPECT_EQ(Run({"status", kJob}), ExitCode::kError);
  EXPECT_EQ(cli_.err(), "weir: no job 12\n");
}

TEST_F(JobCommandsTest, FollowsAJobToItsEnd) {
  server_.On(kJobPath,
             {Job("CREATED", R"(["waits for 2 slots"])"),
              Job("CREATED", R"(["waits for 2 slots"])"), Job("RUNNING"), Job("FINISHED")});
  server_.On(kJobPath + "/accumulators",
             {R"({"user-task-accumulators":[{"name":"n","type":"LongCounter","value":"12"}]})"});
  EXPECT_EQ(Run({"run", "-c", "lines", "-p", "4", "-Da=b", plugin_, "--topic", "x"}),
            ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(), "Job has been submitted with JobID " + kJob + "\nJob with JobID " + kJob +
                            " has finished.\nJob Runtime: 3.4 s\n"
                            "Accumulator Results:\n- n (LongCounter): 12\n");
  EXPECT_EQ(cli_.err(), "Job " + kJob + " is CREATED\nWarning: waits for 2 slots\nJob " + kJob +
                            " is RUNNING\n");
  EXPECT_EQ(server_.requests()[0], "POST /v1/jars/upload jarfile=job.so:ELF");
  EXPECT_EQ(server_.requests()[1],
            R"(POST /v1/jars/p_job.so/run {"entryClass":"lines","programArgsList":["--topic","x"],)"
            R"("parallelism":4,"flinkConfiguration":{"a":"b"}})");
  EXPECT_EQ(cli_.waiter.waits, 3);
}

TEST_F(JobCommandsTest, SaysWhatTheJobStartsFrom) {
  EXPECT_EQ(Run({"run", "-d", "-s", "/checkpoints/a/chk-3", plugin_}), ExitCode::kSuccess);
  EXPECT_EQ(server_.requests()[1],
            R"(POST /v1/jars/p_job.so/run {"savepointPath":"/checkpoints/a/chk-3"})");
}

TEST_F(JobCommandsTest, TakesACheckpointAndPrintsWhereItIs) {
  const std::string path = " /v1/jobs/" + kJob + "/checkpoints";
  server_.On("POST" + path, {R"({"request-id":"t1"})"}, 202);
  server_.On(
      "GET" + path + "/t1",
      {R"({"status":{"id":"IN_PROGRESS"},"operation":null})",
       R"({"status":{"id":"COMPLETED"},"operation":{"checkpointId":7,"failureCause":null}})"});
  server_.On("GET" + path + "/details/7",
             {Checkpoint(7, "COMPLETED", R"("external_path":"/c/chk-7")")});
  EXPECT_EQ(Run({"checkpoint", kJob}), ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(), "Checkpoint 7 completed: /c/chk-7\n");
  EXPECT_EQ(cli_.waiter.waits, 1);
  EXPECT_EQ(Run({"checkpoint", kJob, "--json"}), ExitCode::kSuccess);
  EXPECT_THAT(cli_.out(), HasSubstr("\"path\": \"/c/chk-7\""));

  server_.On("GET" + path + "/t1",
             {R"({"status":{"id":"COMPLETED"},"operation":{"checkpointId":null,)"
              R"("failureCause":{"class":"TIMED_OUT","stack-trace":"took too long"}}})"});
  EXPECT_EQ(Run({"checkpoint", kJob}), ExitCode::kError);
  EXPECT_EQ(cli_.err(), "weir: the checkpoint failed: took too long\n");
  server_.On("POST" + path, {R"({"errors":["the job takes no checkpoints"]})"}, 409);
  EXPECT_EQ(Run({"checkpoint", kJob}), ExitCode::kError);
  EXPECT_EQ(cli_.err(), "weir: the job takes no checkpoints\n");
}

TEST_F(JobCommandsTest, AnInterruptLeavesTheCheckpointAlone) {
  const std::string path = " /v1/jobs/" + kJob + "/checkpoints";
  server_.On("POST" + path, {R"({"request-id":"t1"})"}, 202);
  server_.On("GET" + path + "/t1", {R"({"status":{"id":"IN_PROGRESS"},"operation":null})"});
  cli_.waiter.interrupt_at = 2;
  EXPECT_EQ(Run({"checkpoint", kJob}), ExitCode::kInterrupted);
  EXPECT_THAT(cli_.err(), HasSubstr("The checkpoint goes on"));
}

TEST_F(JobCommandsTest, ListsCheckpoints) {
  const std::string path = "GET /v1/jobs/" + kJob + "/checkpoints";
  server_.On(path,
             {R"({"history":[)" + Checkpoint(8, "FAILED", R"("failure_message":"declined")") + "," +
              Checkpoint(7, "COMPLETED", R"("external_path":"/c/chk-7","discarded":true)") + "]}"});
  EXPECT_EQ(Run({"checkpoints", kJob}), ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(),
            "ID  STATUS     TRIGGERED            DURATION     SIZE  TASKS  PATH OR FAILURE\n"
            " 8  FAILED     2026-01-02 03:04:05     40 ms  1.5 KiB    3/4  declined\n"
            " 7  COMPLETED  2026-01-02 03:04:05     40 ms  1.5 KiB    3/4  /c/chk-7 (removed)\n");
  EXPECT_EQ(Run({"checkpoints", kJob, "--json"}), ExitCode::kSuccess);
  EXPECT_THAT(cli_.out(), HasSubstr("\"failure\": \"declined\""));
  server_.On(path, {R"({"history":[]})"});
  EXPECT_EQ(Run({"checkpoints", kJob}), ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(), "No checkpoints yet.\n");
}

TEST_F(JobCommandsTest, ReturnsAtOnceWhenDetached) {
  EXPECT_EQ(Run({"run", "-d", plugin_}), ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(), "Job has been submitted with JobID " + kJob + "\n");
  EXPECT_THAT(server_.requests(), testing::SizeIs(2));
  EXPECT_EQ(Run({"run", "-d", "--json", plugin_}), ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(), "{\n  \"jobid\": \"" + kJob + "\",\n  \"state\": \"SUBMITTED\"\n}\n");
}

TEST_F(JobCommandsTest, TellsWhyAJobFailed) {
  server_.On(kJobPath, {Job("RUNNING"), Job("FAILING"), Job("FAILED")});
  server_.On(kJobPath + "/exceptions", {Failures(Failure("killed by signal 11"))});
  EXPECT_EQ(Run({"run", plugin_}), ExitCode::kJobFailed);
  EXPECT_THAT(cli_.err(),
              HasSubstr("weir: job " + kJob + " failed: Map (2/4): killed by signal 11\n"));
  server_.On(kJobPath, {Job("FAILED")});
  EXPECT_EQ(Run({"run", "--json", plugin_}), ExitCode::kJobFailed);
  EXPECT_EQ(cli_.out(), "{\n  \"jobid\": \"" + kJob +
                            "\",\n  \"state\": \"FAILED\",\n"
                            "  \"cause\": \"Map (2/4): killed by signal 11\"\n}\n");
}

TEST_F(JobCommandsTest, TellsThatAJobWasCanceled) {
  server_.On(kJobPath, {Job("CANCELLING"), Job("CANCELED")});
  EXPECT_EQ(Run({"run", plugin_}), ExitCode::kJobCanceled);
  EXPECT_THAT(cli_.err(), HasSubstr("was canceled"));
}

TEST_F(JobCommandsTest, DetachesOnInterrupt) {
  server_.On(kJobPath, {Job("RUNNING")});
  cli_.waiter.interrupt_at = 2;
  EXPECT_EQ(Run({"run", plugin_}), ExitCode::kInterrupted);
  EXPECT_THAT(cli_.err(), HasSubstr("Job " + kJob + " goes on"));
  EXPECT_THAT(server_.requests(), Not(Contains("PATCH /v1/jobs/" + kJob)));
}

TEST_F(JobCommandsTest, CancelsOnInterruptWhenAskedTo) {
  server_.On(kJobPath, {Job("RUNNING")});
  server_.On("PATCH /v1/jobs/" + kJob, {"{}"}, 202);
  cli_.waiter.interrupt_at = 2;
  EXPECT_EQ(Run({"run", "-sae", plugin_}), ExitCode::kInterrupted);
  EXPECT_THAT(cli_.err(), HasSubstr("is being canceled"));
  EXPECT_THAT(server_.requests(), Contains("PATCH /v1/jobs/" + kJob));
}

TEST_F(JobCommandsTest, GivesUpOnAServerThatIsGoneForLong) {
  server_.On(kJobPath, {Job("RUNNING")});
  cli_.waiter.on_wait = [this](int waits) {
    if (waits == 1) server_.Stop();
  };
  EXPECT_EQ(Run({"run", plugin_}), ExitCode::kUnreachable);
  EXPECT_THAT(cli_.err(), HasSubstr("trying again"));
  EXPECT_THAT(cli_.err(), HasSubstr("gave up following job " + kJob));
  EXPECT_EQ(cli_.waiter.waits, 5);
}

TEST_F(JobCommandsTest, DeletesAnUploadThatCannotRun) {
  server_.On("POST /v1/jars/p_job.so/run", {R"({"errors":["job.so is not a plugin"]})"}, 400);
  EXPECT_EQ(Run({"run", plugin_}), ExitCode::kError);
  EXPECT_EQ(cli_.err(), "weir: job.so is not a plugin\n");
  EXPECT_EQ(server_.requests().back(), "DELETE /v1/jars/p_job.so");
}

TEST_F(JobCommandsTest, SaysWhyAnUploadIsRefused) {
  server_.On("POST /v1/jars/upload", {R"({"errors":["the body has too many bytes"]})"}, 413);
  EXPECT_EQ(Run({"run", plugin_}), ExitCode::kError);
  EXPECT_EQ(cli_.err(), "weir: the body has too many bytes\n");
  EXPECT_EQ(Run({"run", "/nowhere/job.so"}), ExitCode::kError);
  EXPECT_EQ(cli_.err(), "weir: cannot open /nowhere/job.so: No such file or directory\n");
}

TEST_F(JobCommandsTest, PrintsAPlanAndLeavesNoUpload) {
  server_.On("POST /v1/jars/p_job.so/plan", {R"({"plan":{"jid":"","name":"lines","nodes":[]}})"});
  EXPECT_EQ(Run({"info", "-p", "3", plugin_}), ExitCode::kSuccess);
  EXPECT_EQ(cli_.out(), "{\n  \"jid\": \"\",\n  \"name\": \"lines\",\n  \"nodes\": []\n}\n");
  EXPECT_THAT(server_.requests(), ElementsAre("POST /v1/jars/upload jarfile=job.so:ELF",
                                              "POST /v1/jars/p_job.so/plan {\"parallelism\":3}",
                                              "DELETE /v1/jars/p_job.so"));
}

TEST_F(JobCommandsTest, SaysWhereItFoundNoServer) {
  server_.Stop();
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"list"}, {"status"}, {"cancel", kJob}, {"run", plugin_}, {"info", plugin_}}) {
    EXPECT_EQ(Run(arguments), ExitCode::kUnreachable);
    EXPECT_THAT(cli_.err(), HasSubstr("cannot connect to " + server_.address()));
    EXPECT_THAT(cli_.err(), HasSubstr("weir cluster start"));
  }
}

TEST_F(JobCommandsTest, SaysThatAServerIsNotAJobManager) {
  server_.On("GET /v1/jobs/overview", {"<html>hello</html>"});
  EXPECT_EQ(Run({"list"}), ExitCode::kError);
  EXPECT_THAT(cli_.err(), HasSubstr("is it a Weir JobManager?"));
  server_.On("GET /v1/jobs/overview", {R"({"jobs":[{"jid":1}]})"});
  EXPECT_EQ(Run({"list"}), ExitCode::kError);
  EXPECT_THAT(cli_.err(), HasSubstr("is it a Weir JobManager?"));
}

}  // namespace
}  // namespace weir::cli
