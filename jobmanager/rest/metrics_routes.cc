#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jobmanager/rest/metrics_text.h"
#include "jobmanager/rest/rest_answer.h"
#include "jobmanager/rest/routes.h"

namespace weir::rest {

namespace {

bool HasEnded(const JobSummary& job) {
  constexpr std::array<std::string_view, 3> kEnds = {"FINISHED", "CANCELED", "FAILED"};
  return std::find(kEnds.begin(), kEnds.end(), job.state) != kEnds.end();
}

// Asks for one thing after the other, each when the one before is there; then answers. Lives in the
// callbacks. What has ended since it was listed is left out.
class Collection : public std::enable_shared_from_this<Collection> {
 public:
  Collection(ClusterControl& control, HttpResponder responder)
      : control_(control), responder_(std::move(responder)) {}

  void Start() { control_.GetOverview(Then<ClusterOverview>(&Collection::TakeOverview)); }

 private:
  template <class T>
  Callback<T> Then(void (Collection::*take)(Result<T>)) {
    return
        [self = shared_from_this(), take](Result<T> result) { ((*self).*take)(std::move(result)); };
  }

  void TakeOverview(Result<ClusterOverview> overview) {
    if (!overview.ok()) return Fail(overview.status());
    figures_.overview = *overview;
    control_.ListJobs(Then<std::vector<JobSummary>>(&Collection::TakeJobs));
  }

  void TakeJobs(Result<std::vector<JobSummary>> jobs) {
    if (!jobs.ok()) return Fail(jobs.status());
    for (const JobSummary& job : *jobs) {
      if (!HasEnded(job)) job_ids_.push_back(job.id);
    }
    AskForNextJob();
  }

  void AskForNextJob() {
    if (next_job_ == job_ids_.size()) return Answer();
    control_.GetJob(job_ids_[next_job_++], Then<JobDetails>(&Collection::TakeJob));
  }

  void TakeJob(Result<JobDetails> job) {
    if (job.status().code() == StatusCode::kNotFound) return AskForNextJob();
    if (!job.ok()) return Fail(job.status());
    figures_.jobs.push_back({.job = *std::move(job), .checkpoints = {}});
    control_.GetJobCheckpoints(figures_.jobs.back().job.summary.id,
                               Then<JobCheckpointsInfo>(&Collection::TakeCheckpoints));
  }

  void TakeCheckpoints(Result<JobCheckpointsInfo> checkpoints) {
    if (checkpoints.ok()) {
      figures_.jobs.back().checkpoints = *std::move(checkpoints);
    } else if (checkpoints.status().code() != StatusCode::kNotFound) {
      return Fail(checkpoints.status());
    }
    AskForNextJob();
  }

  void Answer() {
    responder_.RespondWith([self = shared_from_this()] {
      return HttpResponse{.status = 200,
                          .content_type = kMetricsContentType,
                          .body = MetricsText(self->figures_),
                          .headers = {}};
    });
  }
  void Fail(const Status& status) { responder_.Respond(ErrorAnswer(status)); }

  ClusterControl& control_;
  const HttpResponder responder_;
  ClusterFigures figures_;
  std::vector<std::string> job_ids_;
  std::size_t next_job_ = 0;
};

}  // namespace

void AddMetricsRoute(Router& router, ClusterControl& control) {
  router.Add({"GET", "/metrics", RouteBody::kNone, [&control](RestCall call) {
                std::make_shared<Collection>(control, std::move(call.responder))->Start();
              }});
}

}  // namespace weir::rest
