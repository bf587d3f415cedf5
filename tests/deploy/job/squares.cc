// Prints the squares of 1 to 100.
#include <cstdint>

#include <weir/api.h>

namespace {

void Squares(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 100)
      .Rebalance()
      .Map([](std::int64_t number) { return number * number; })
      .Print();
}

}  // namespace

WEIR_JOB("squares", Squares)
