// Three streams as one, and a stream that goes two ways and meets itself.
#include <string>

#include "tests/jobs/golden_job.h"

namespace weir::golden::union_and_diamond {
namespace {

void UnionAndDiamond(GoldenJob& golden) {
  const auto third = golden.Lines("c.txt");
  const auto all = golden.Lines("a.txt").Union(golden.Lines("b.txt").Rebalance(), third);
  const auto dotted = all.Map([](const std::string& line) { return line + "."; });
  const auto dashed = third.Rebalance().Map([](const std::string& line) { return line + "-"; });
  golden.Expect(dotted.Union(dashed));
}

}  // namespace

GOLDEN_JOB(UnionAndDiamond)

}  // namespace weir::golden::union_and_diamond
