// expect error: Sum: accepted is &T::field
#include <string>

#include <weir/api.h>

void Job(weir::StreamExecutionEnvironment& env) {
  env.FromData<std::string>({"a"})
      .KeyBy([](const std::string& s) { return s; })
      .Sum([](const std::string& s) { return s.size(); });
}
