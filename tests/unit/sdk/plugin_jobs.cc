#include <stdexcept>

#include <weir/api.h>

namespace {

void First(weir::StreamExecutionEnvironment& env) {
  const std::string greeting = env.EnvironmentVariable("WEIR_TEST_GREETING", "hello");
  env.FromData<std::string>({greeting}).Map([](const std::string& s) { return s + "!"; }).Print();
}
void Throws(weir::StreamExecutionEnvironment&) {
  throw std::runtime_error("no luck");
}
void Empty(weir::StreamExecutionEnvironment&) {}

}  // namespace

WEIR_JOB("first", First)
WEIR_JOB("throws", Throws)
WEIR_JOB("empty", Empty)
