// expect error: name its fields with WEIR_FIELDS
#include <span>
#include <string_view>

#include <weir/serializer.h>

struct Record {
  int a[3];
  int b;
};
void Write(const Record& record, std::vector<std::byte>& out) {
  weir::SerializeTo(record, out);
}
