// Arguments of the test jobs: "--name value" pairs. Throws on what it does not know, as a user's
// job would.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir::cluster_test {

class JobArguments {
 public:
  // `defaults` names every argument that there is.
  JobArguments(const std::vector<std::string>& arguments,
               std::map<std::string, std::string> defaults)
      : values_(std::move(defaults)) {
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
      const std::string& name = arguments[i];
      const auto found = name.starts_with("--") ? values_.find(name.substr(2)) : values_.end();
      if (found == values_.end()) throw std::invalid_argument("unknown argument '" + name + "'");
      if (i + 1 == arguments.size()) throw std::invalid_argument(name + " needs a value");
      found->second = arguments[i + 1];
    }
  }

  const std::string& Text(const std::string& name) const { return values_.at(name); }
  std::int64_t Number(const std::string& name) const {
    try {
      return std::stoll(values_.at(name));
    } catch (const std::invalid_argument&) {
      throw std::invalid_argument("--" + name + " is '" + values_.at(name) +
                                  "', which is no number");
    }
  }
  std::uint32_t Count(const std::string& name) const {
    return static_cast<std::uint32_t>(Number(name));
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace weir::cluster_test
