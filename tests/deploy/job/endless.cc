// Numbers without end, a thousand a second; one that is missing is a failure. With the argument
// `hoard` its operator keeps a megabyte for each.
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <weir/api.h>
#include <weir/connectors/generator.h>

namespace {

constexpr std::int64_t kEndless = std::int64_t{1} << 60;

void Endless(weir::StreamExecutionEnvironment& env) {
  const bool hoards = !env.arguments().empty() && env.arguments()[0] == "hoard";
  auto next = std::make_shared<std::int64_t>(0);
  auto kept = std::make_shared<std::vector<std::string>>();
  env.FromSource(
         weir::generator::DataGeneratorSource([](std::int64_t index) { return index; }, kEndless,
                                              weir::generator::RateLimit::PerSecond(1'000)),
         "numbers")
      .Map([hoards, kept, next](std::int64_t number) {
        // A restart begins at 0.
        if (number != 0 && number != *next) throw std::runtime_error("a number is missing");
        *next = number + 1;
        if (hoards) kept->push_back(std::string(1 << 20, 'x'));
        return number;
      })
      .Name("keeper")
      .Filter([](std::int64_t number) { return number < 0; })
      .Print();
}

}  // namespace

WEIR_JOB("endless", Endless)
