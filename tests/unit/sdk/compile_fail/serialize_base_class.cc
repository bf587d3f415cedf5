// expect error: without base class, C array, reference or private field
#include <span>
#include <string_view>

#include <weir/serializer.h>

struct Parent {
  int a;
};
struct Child : Parent {
  int b;
};
void Write(const Child& child, std::vector<std::byte>& out) {
  weir::SerializeTo(child, out);
}
