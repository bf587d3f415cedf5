// Numbers without end, a thousand a second. With the argument `hoard` its operator keeps a megabyte
// for each.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <weir/api.h>
#include <weir/connectors/generator.h>

namespace {

constexpr std::int64_t kEndless = std::int64_t{1} << 60;

void Endless(weir::StreamExecutionEnvironment& env) {
  const bool hoards = !env.arguments().empty() && env.arguments()[0] == "hoard";
  auto kept = std::make_shared<std::vector<std::string>>();
  env.FromSource(
         weir::generator::DataGeneratorSource([](std::int64_t index) { return index; }, kEndless,
                                              weir::generator::RateLimit::PerSecond(1'000)),
         "numbers")
      .Map([hoards, kept](std::int64_t number) {
        if (hoards) kept->push_back(std::string(1 << 20, 'x'));
        return number;
      })
      .Name("keeper")
      .Filter([](std::int64_t number) { return number < 0; })
      .Print();
}

}  // namespace

WEIR_JOB("endless", Endless)
