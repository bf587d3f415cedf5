// Keyed state in jobs across TaskManagers: what a function remembers for each key, whatever the
// parallelism and wherever the key's records come from.
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>

#include "common/mutex.h"
#include "minicluster/mini_cluster.h"
#include "tests/unit/test_seed.h"

namespace weir::minicluster {
namespace {

struct Visit {
  std::string user;
  std::int64_t page = 0;
};
WEIR_FIELDS(Visit, user, page)

struct Seen {
  std::string user;
  std::int64_t visits = 0;
  std::int64_t pages = 0;  // different ones
};
WEIR_FIELDS(Seen, user, visits, pages)

struct CountPages {
  ValueState<std::int64_t> visits{"visits"};
  MapState<std::int64_t, std::int64_t> pages{"pages"};
  auto States() { return std::tie(visits, pages); }
  void ProcessElement(const Visit& visit, KeyedProcessContext<std::string>& context,
                      Collector<Seen>& out) {
    ++pages.Mutable(context, visit.page);
    const std::int64_t count = ++visits.Mutable(context);
    out.Collect({context.key(), count, pages.Size(context)});
  }
};

// What reached the sinks of all subtasks.
struct Results {
  Mutex mutex;
  std::vector<Seen> seen WEIR_GUARDED_BY(mutex);
};
class ResultWriter final : public SinkWriter<Seen> {
 public:
  explicit ResultWriter(std::shared_ptr<Results> results) : results_(std::move(results)) {}
  Status Open(SinkWriterContext&) override { return Status::Ok(); }
  Result<WriteStatus> Write(Seen& seen, std::int64_t) override {
    MutexLock lock(results_->mutex);
    results_->seen.push_back(seen);
    return WriteStatus::kAccepted;
  }
  Result<FlushStatus> Flush(bool) override { return FlushStatus::kDone; }

 private:
  const std::shared_ptr<Results> results_;
};
struct ResultSink {
  using Record = Seen;
  std::shared_ptr<Results> results;
  std::string name() const { return "Results"; }
  std::unique_ptr<ResultWriter> CreateWriter() const {
    return std::make_unique<ResultWriter>(results);
  }
};

struct Expected {
  std::int64_t visits = 0;
  std::set<std::int64_t> pages;
};

struct Stream {
  std::vector<Visit> visits;
  std::map<std::string, Expected> expected;
};

Stream MakeStream(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Stream stream;
  for (int i = 0; i < 20'000; ++i) {
    // A few users make most of the visits; some names do not fit a string's own buffer.
    const std::uint64_t user = random() % 3 == 0 ? random() % 5 : random() % 2'000;
    const Visit visit{std::string(user % 2 == 0 ? 0 : 20, 'u') + std::to_string(user),
                      static_cast<std::int64_t>(random() % 50)};
    Expected& expected = stream.expected[visit.user];
    ++expected.visits;
    expected.pages.insert(visit.page);
    stream.visits.push_back(visit);
  }
  return stream;
}

class KeyedStateTest : public testing::TestWithParam<std::pair<std::uint32_t, std::uint32_t>> {};

TEST_P(KeyedStateTest, RemembersForEachKeyAcrossTaskManagers) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
  const auto [before, behind] = GetParam();
  const Stream stream = MakeStream(seed);
  auto cluster = MiniCluster::Start(
      {.task_managers = 3, .slots_per_task_manager = 1, .configuration = Configuration()});
  ASSERT_TRUE(cluster.ok()) << cluster.status().ToString();

  const char* const argument = "test";
  StreamExecutionEnvironment env(1, &argument);
  env.SetParallelism(static_cast<int>(behind));
  auto results = std::make_shared<Results>();
  env.FromData(stream.visits)
      .Rebalance()
      .Map([](const Visit& visit) { return visit; })
      .SetParallelism(static_cast<int>(before))
      .KeyBy([](const Visit& visit) { return visit.user; })
      .Process(CountPages())
      .Uid("count-pages")
      .SinkTo(ResultSink{results});
  auto job = env.Compile();
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  const auto job_id = (*cluster)->Submit(*std::move(job));
  ASSERT_TRUE(job_id.ok()) << job_id.status().ToString();
  const auto ended = (*cluster)->WaitForEnd(*job_id);
  ASSERT_TRUE(ended.ok()) << ended.status().ToString();
  ASSERT_EQ(ended->final_state, "FINISHED") << ended->failure.ToString();

  MutexLock lock(results->mutex);
  EXPECT_EQ(results->seen.size(), stream.visits.size());
  std::set<std::pair<std::string, std::int64_t>> counts;
  for (const Seen& seen : results->seen) {
    EXPECT_TRUE(counts.emplace(seen.user, seen.visits).second) << seen.user << ' ' << seen.visits;
    const Expected& expected = stream.expected.at(seen.user);
    ASSERT_LE(seen.visits, expected.visits) << seen.user;
    if (seen.visits == expected.visits) {
      EXPECT_EQ(seen.pages, static_cast<std::int64_t>(expected.pages.size())) << seen.user;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Parallelism, KeyedStateTest,
                         testing::Values(std::pair{1u, 1u}, std::pair{2u, 3u}, std::pair{3u, 2u}));

}  // namespace
}  // namespace weir::minicluster
