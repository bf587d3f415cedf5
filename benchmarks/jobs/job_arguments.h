// Arguments of the benchmark jobs: `--name value`.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <weir/environment.h>

namespace benchmarks {

inline std::string Argument(weir::StreamExecutionEnvironment& env, const std::string& name) {
  const auto& arguments = env.arguments();
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] == name) return arguments[i + 1];
  }
  throw std::invalid_argument("the argument " + name + " is missing");
}

inline std::int64_t NumberArgument(weir::StreamExecutionEnvironment& env, const std::string& name) {
  return std::stoll(Argument(env, name));
}

}  // namespace benchmarks
