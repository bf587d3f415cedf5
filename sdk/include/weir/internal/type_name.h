// The name of a type as the compiler spells it, for people.
#pragma once

#include <string>
#include <string_view>

namespace weir::internal {

template <class T>
std::string TypeName() {
  // GCC:   "std::string weir::internal::TypeName() [with T = X; std::string = …]"
  // Clang: "std::string weir::internal::TypeName() [T = X]"
  const std::string_view signature = __PRETTY_FUNCTION__;
  const std::size_t start = signature.find("T = ") + 4;
#ifdef __clang__
  const std::size_t end = signature.rfind(']');
#else
  std::size_t end = signature.find("; std::string = ", start);
  if (end == std::string_view::npos) end = signature.rfind(']');
#endif
  std::string name(signature.substr(start, end - start));
  for (std::string_view long_name : {std::string_view("std::__cxx11::basic_string<char>"),
                                     std::string_view("std::basic_string<char>")}) {
    for (auto at = name.find(long_name); at != std::string::npos; at = name.find(long_name)) {
      name.replace(at, long_name.size(), "std::string");
    }
  }
  return name;
}

}  // namespace weir::internal
