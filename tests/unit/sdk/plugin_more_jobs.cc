#include <weir/api.h>

namespace {
void FromAnotherSource(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 10).Filter([](std::int64_t i) { return i % 2 == 0; }).Print();
}
}  // namespace

WEIR_JOB("from another source", FromAnotherSource)
