#include <array>
#include <ctime>

#include <weir/connectors/bucket_assigner.h>

namespace weir::files {

void DateTimeBucketAssigner::Format(std::int64_t second) {
  const auto time = static_cast<std::time_t>(second);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 256> text{};
  bucket_.assign(text.data(), std::strftime(text.data(), text.size(), pattern_.c_str(), &parts));
  second_ = second;
}

}  // namespace weir::files
