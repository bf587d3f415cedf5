// Squares of 1 to 1000, on other subtasks than the numbers.
#include <cstdint>

#include <weir/api.h>

void Squares(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 1000)
      .Rebalance()
      .Map([](std::int64_t number) { return number * number; })
      .Print();
}
WEIR_JOB("squares", Squares)
