// expect success
#include <string>

#include <weir/api.h>

struct Account {
  int number = 0;
  std::string name;
};
WEIR_FIELDS(Account, number, name)
void Job(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 9)
      .Map([](std::int64_t i) { return Account{static_cast<int>(i), ""}; })
      .KeyBy([](const Account& account) -> const Account& { return account; })
      .FlatMap<int>([](const auto& account, auto& out) { out.Collect(account.number); })
      .Print();
}
