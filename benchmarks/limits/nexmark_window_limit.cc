// Nexmark's queries over windows, and query 6, as loops by hand:
//   --query q5|q6|q7|q8|q11|q12 --records N --events-per-second N (of event time)
// q6 and q8 read N events of the mixed stream, the others N bids.
#include <cstdlib>
#include <map>
#include <string_view>

#include "benchmarks/limits/nexmark_closing_loop.h"
#include "benchmarks/limits/nexmark_window_loops.h"
#include "benchmarks/limits/stopwatch.h"

int main(int argc, char** argv) {
  using namespace benchmarks;
  using namespace benchmarks::nexmark;
  const std::map<std::string_view, Digest (*)(std::int64_t, const Settings&)> queries = {
      {"q5", HotItems},   {"q6", SellerMeans},   {"q7", HighestBids},
      {"q8", NewSellers}, {"q11", UserSessions}, {"q12", BidderCounts}};
  const auto query = queries.find(Argument(argc, argv, "--query"));
  if (query == queries.end()) return 2;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  Settings settings;
  settings.events_per_second = std::atoll(Argument(argc, argv, "--events-per-second"));
  TextTables::Get();
  const Stopwatch stopwatch;
  stopwatch.Print(query->second(records, settings), records);
  return 0;
}
