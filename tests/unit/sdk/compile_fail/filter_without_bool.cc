// expect error: Accepted: bool f(const T&)
#include <string>

#include <weir/api.h>

void Job(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 9).Filter([](const std::int64_t&) { return std::string(); });
}
