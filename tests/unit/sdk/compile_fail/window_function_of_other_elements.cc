// expect error: This window function cannot be called. Accepted: void f(const K& key,
#include <string>

#include <weir/api.h>

void Build(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 3)
      .KeyBy([](const std::int64_t& number) { return number; })
      .Window(weir::TumblingEventTimeWindows::Of(10))
      .Process([](const std::int64_t&, weir::WindowContext<std::int64_t>&,
                  const weir::WindowElements<std::string>& elements,
                  weir::Collector<std::string>& out) { out.Collect(elements[0]); });
}
