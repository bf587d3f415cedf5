// Numbers 0 … N-1, counted by key and by window, into two folders of files.
//
//   --output FOLDER   --records N   --rate R per second (0: as fast as it goes)   --keys K
//   --window-ms W
//
// "numbered-in-text" is the same with its counts in state of another type.
//
// Event time is the number itself, in milliseconds. What must come out follows from N, K and W
// alone: tests/cluster/numbered_output.h.
#include <cstdint>
#include <utility>

#include <weir/api.h>
#include <weir/connectors/generator_source.h>

#include "tests/cluster/jobs/job_arguments.h"
#include "tests/cluster/jobs/numbered_pipeline.h"

namespace {

using namespace weir::cluster_test;

class Numbers {
 public:
  explicit Numbers(weir::StreamExecutionEnvironment& env)
      : env_(env),
        arguments_(env.arguments(), {{"output", ""},
                                     {"records", "1000"},
                                     {"rate", "0"},
                                     {"keys", "97"},
                                     {"window-ms", "1000"}}) {}

  template <class Counter>
  void Count(Counter counter) const {
    const std::int64_t keys = arguments_.Number("keys");
    const auto make = [keys](std::int64_t index) { return NumberOf(index, keys); };
    const std::int64_t rate = arguments_.Number("rate");
    const auto limit = rate == 0 ? weir::generator::RateLimit::Unlimited()
                                 : weir::generator::RateLimit::PerSecond(static_cast<double>(rate));
    const auto numbers = env_.FromSource(weir::generator::DataGeneratorSource(
                                             make, arguments_.Number("records"), limit),
                                         NumberTime(), "numbers")
                             .Uid("numbers");
    NumberedPipeline{.output = arguments_.Text("output"),
                     .window_ms = arguments_.Number("window-ms")}
        .Build(numbers, std::move(counter));
  }

 private:
  weir::StreamExecutionEnvironment& env_;
  const JobArguments arguments_;
};

void NumberedJob(weir::StreamExecutionEnvironment& env) {
  Numbers(env).Count(CountPerKey());
}

void NumberedInTextJob(weir::StreamExecutionEnvironment& env) {
  Numbers(env).Count(CountPerKeyInText());
}

}  // namespace

WEIR_JOB("numbered", NumberedJob)
WEIR_JOB("numbered-in-text", NumberedInTextJob)
