// Visits, different pages and visits of the page, of each user; forgotten after ten visits.
#include <cstdint>
#include <string>
#include <tuple>

#include "tests/jobs/golden_job.h"

namespace weir::golden::keyed_state {
namespace {

struct Visit {
  std::string user;
  std::string page;
};
WEIR_FIELDS(Visit, user, page)

struct CountPages {
  ValueState<std::int64_t> visits{"visits"};
  MapState<std::string, std::int64_t> pages{"pages"};
  auto States() { return std::tie(visits, pages); }

  void ProcessElement(const Visit& visit, KeyedProcessContext<std::string>& context,
                      Collector<std::string>& out) {
    const std::int64_t of_page = ++pages.Mutable(context, visit.page);
    const std::int64_t of_user = ++visits.Mutable(context);
    out.Collect(context.key() + " " + std::to_string(of_user) + " " +
                std::to_string(pages.Size(context)) + " " + std::to_string(of_page));
    if (of_user < 10) return;
    visits.Clear(context);
    pages.Clear(context);
  }
};

void KeyedState(GoldenJob& golden) {
  const auto parse = [](const std::vector<std::string>& words) {
    return Visit{words.at(0), words.at(1)};
  };
  golden.Expect(golden.Records<Visit>(parse)
                    .KeyBy([](const Visit& visit) { return visit.user; })
                    .Process(CountPages())
                    .Uid("count-pages"),
                Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(KeyedState)

}  // namespace weir::golden::keyed_state
