// expect error: Use std::string instead of std::string_view
#include <span>
#include <string_view>

#include <weir/serializer.h>

struct Record {
  int id;
  std::string_view name;
};
void Write(const Record& record, std::vector<std::byte>& out) {
  weir::SerializeTo(record, out);
}
