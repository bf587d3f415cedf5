// expect error: Trigger: session windows merge, and this trigger cannot
#include <weir/api.h>

void Build(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 3)
      .KeyBy([](const std::int64_t& number) { return number; })
      .Window(weir::EventTimeSessionWindows::WithGap(10))
      .Trigger(weir::DeltaTrigger<std::int64_t>(
          1.0, [](const std::int64_t& a, const std::int64_t& b) { return b - a; }));
}
