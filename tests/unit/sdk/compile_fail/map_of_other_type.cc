// expect error: Accepted: U f(const T&), U f(T), U f(T&), U f(T&&)
#include <string>

#include <weir/api.h>

void Job(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 9).Map([](const std::string& s) { return s; });
}
