// expect error: std::vector instead of std::span
#include <span>
#include <string_view>

#include <weir/serializer.h>

void Write(std::span<int> values, std::vector<std::byte>& out) {
  weir::SerializeTo(values, out);
}
