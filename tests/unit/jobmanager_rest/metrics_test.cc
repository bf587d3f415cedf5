// GET /metrics, over HTTP and as text.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/http_client.h"
#include "common/temporary_directory.h"
#include "jobmanager/rest/metrics_text.h"
#include "jobmanager/rest/rest_server.h"
#include "tests/unit/jobmanager_rest/fake_cluster_control.h"

namespace weir::rest {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kJob =
    "job_id=\"000000000000000000000000000000a1\",job_name=\"lines \xEF\xBF\xBD\"";
const std::string kMap =
    kJob + R"(,vertex_id="00000000000000000000000000000002",vertex_name="Map")";

class MetricsRouteTest : public testing::Test {
 protected:
  HttpAnswer Get() {
    RestServerOptions options;
    options.spool_directory = directory_->path() + "/incoming";
    server_ = std::make_unique<RestServer>(options, control_, SystemClock());
    const Status status = server_->Start();
    EXPECT_TRUE(status.ok()) << status.ToString();
    HttpClient client({"127.0.0.1", static_cast<std::uint16_t>(server_->port())});
    const Result<HttpAnswer> answer = client.Get("/metrics");
    EXPECT_TRUE(answer.ok()) << answer.status().ToString();
    return answer.ok() ? *answer : HttpAnswer();
  }

  Result<TemporaryDirectory> directory_ = TemporaryDirectory::Create();
  FakeClusterControl control_;
  std::unique_ptr<RestServer> server_;
};

TEST_F(MetricsRouteTest, ShowsClusterJobsVerticesAndCheckpoints) {
  HttpAnswer answer = Get();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  for (const std::string& line : {
           std::string("weir_taskmanagers 2"),
           std::string("weir_slots 4"),
           std::string("weir_slots_available 1"),
           std::string(R"(weir_jobs{state="canceled"} 3)"),
           "weir_job_state{" + kJob + R"(,state="RUNNING"} 1)",
           "weir_job_restarts_total{" + kJob + "} 3",
           "weir_job_tasks{" + kJob + R"(,state="DEPLOYING"} 2)",
           "weir_vertex_read_records_total{" + kMap + "} 400",
           "weir_vertex_written_records_total{" + kMap + "} 800",
           "weir_vertex_read_bytes_total{" + kMap + "} 4000",
           "weir_vertex_written_bytes_total{" + kMap + "} 8000",
           "weir_vertex_busy_seconds_total{" + kMap + "} 0.006",
           "weir_vertex_idle_seconds_total{" + kMap + "} 0.004",
           "weir_vertex_backpressured_seconds_total{" + kMap + "} 0.002",
           "weir_job_checkpoints_total{" + kJob + R"(,outcome="failed"} 1)",
           "weir_job_last_checkpoint_duration_seconds{" + kJob + "} 0.04",
           "weir_job_last_checkpoint_bytes{" + kJob + "} 3000",
       }) {
    EXPECT_THAT(answer.body, HasSubstr("\n" + line + "\n"));
  }
}

TEST_F(MetricsRouteTest, LeavesOutJobsThatHaveEnded) {
  control_.job.summary.state = "CANCELED";
  const HttpAnswer answer = Get();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("\nweir_taskmanagers 2\n"));
  EXPECT_THAT(answer.body, Not(HasSubstr("job_id=")));
}

TEST_F(MetricsRouteTest, SaysWhyThereAreNone) {
  control_.error = Status::Unavailable("the JobManager is stopping");
  const HttpAnswer answer = Get();
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("the JobManager is stopping"));
}

TEST(MetricsTextTest, QuotesLabelsAndNeedsNoCheckpoints) {
  ClusterFigures figures;
  figures.jobs.emplace_back();
  figures.jobs[0].job.summary = {.id = "a1", .name = "say \"hi\"\\\nthere", .state = "CREATED"};
  const std::string text = MetricsText(figures);
  EXPECT_THAT(text, HasSubstr(R"({job_id="a1",job_name="say \"hi\"\\\nthere",state="CREATED"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr("weir_job_checkpoints_total{")));
}

}  // namespace
}  // namespace weir::rest
