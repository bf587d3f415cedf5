// Numbers without end, a thousand a second; one that is missing or comes twice is a failure. With
// the argument `hoard` its operator keeps a megabyte for each.
#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <weir/api.h>
#include <weir/connectors/generator.h>

namespace {

constexpr std::int64_t kEndless = std::int64_t{1} << 60;

// What comes next is operator state: from a checkpoint the numbers go on where it was taken,
// without one they begin at 0.
struct Keeper {
  weir::OperatorListState<std::int64_t> next_number{"next-number"};
  auto OperatorStates() { return std::tie(next_number); }

  void InitializeState(const weir::FunctionInitializationContext& context) {
    if (context.restored()) next = next_number.Get().at(0);
  }
  std::int64_t operator()(std::int64_t number) {
    if (number != next) {
      throw std::runtime_error("number " + std::to_string(number) + " came instead of " +
                               std::to_string(next));
    }
    ++next;
    if (hoards) kept.push_back(std::string(1 << 20, 'x'));
    return number;
  }
  void SnapshotState(const weir::FunctionSnapshotContext&) { next_number.Update({next}); }

  bool hoards = false;
  std::int64_t next = 0;
  std::vector<std::string> kept;
};

void Endless(weir::StreamExecutionEnvironment& env) {
  Keeper keeper;
  keeper.hoards = !env.arguments().empty() && env.arguments()[0] == "hoard";
  env.FromSource(
         weir::generator::DataGeneratorSource([](std::int64_t index) { return index; }, kEndless,
                                              weir::generator::RateLimit::PerSecond(1'000)),
         "numbers")
      .Uid("numbers")
      .Map(keeper)
      .Name("keeper")
      .Uid("keeper")
      // What passes an exchange is counted: the REST API shows how far the job is.
      .Rebalance()
      .Filter([](std::int64_t number) { return number < 0; })
      .Print();
}

}  // namespace

WEIR_JOB("endless", Endless)
