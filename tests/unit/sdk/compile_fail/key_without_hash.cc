// expect error: Weir has no stable hash for this key type
#include <string>

#include <weir/api.h>

struct Account {
  int number = 0;
};
void Job(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 9).KeyBy([](const std::int64_t& i) { return Account{static_cast<int>(i)}; });
}
