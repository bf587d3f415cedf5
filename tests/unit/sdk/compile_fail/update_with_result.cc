// expect error: Accepted: void f(T&)
#include <string>

#include <weir/api.h>

void Job(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 9).Update([](std::int64_t i) { return i; });
}
