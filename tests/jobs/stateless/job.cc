// Map, Update, Filter, MapInto, FlatMap and Process, one behind the other.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/jobs/golden_job.h"

namespace weir::golden::stateless {
namespace {

struct Halved {
  std::int64_t number = 0;
  std::int64_t half = 0;
};
WEIR_FIELDS(Halved, number, half)

void Stateless(GoldenJob& golden) {
  golden.Expect(golden.Lines()
                    .Map([](const std::string& line) -> std::int64_t { return std::stoll(line); })
                    .Update([](std::int64_t& number) { number += 3; })
                    .Filter([](const std::int64_t& number) { return number % 2 == 0; })
                    .MapInto<Halved>([](const std::int64_t& number, Halved& out) {
                      out.number = number;
                      out.half = std::abs(number) / 2;
                    })
                    .Process([](const Halved& in, ProcessContext&, Collector<Halved>& out) {
                      out.Collect(in);
                    })
                    .FlatMap([](const Halved& in, Collector<std::string>& out) {
                      out.Collect(std::to_string(in.number) + " half " + std::to_string(in.half));
                      if (in.number % 3 == 0) out.Collect(std::to_string(in.number) + " third");
                    }));
}

}  // namespace

GOLDEN_JOB(Stateless)

}  // namespace weir::golden::stateless
