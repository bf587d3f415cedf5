// expect error: with a generic lambda name the result type: FlatMap<U>(f)
#include <string>

#include <weir/api.h>

void Job(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 9).FlatMap([](const auto& i, auto& out) { out.Collect(i); });
}
