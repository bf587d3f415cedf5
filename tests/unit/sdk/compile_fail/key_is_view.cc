// expect error: the key is a view or pointer into the record
#include <string>

#include <weir/api.h>

void Job(weir::StreamExecutionEnvironment& env) {
  env.FromData<std::string>({"a"}).KeyBy([](const std::string& s) { return std::string_view(s); });
}
