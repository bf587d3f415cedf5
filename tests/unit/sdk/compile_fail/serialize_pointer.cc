// expect error: it is a pointer, and what it points to belongs to one process
#include <span>
#include <string_view>

#include <weir/serializer.h>

struct Record {
  int* value;
};
void Write(const Record& record, std::vector<std::byte>& out) {
  weir::SerializeTo(record, out);
}
