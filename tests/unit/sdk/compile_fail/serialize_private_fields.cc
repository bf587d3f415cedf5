// expect error: Serializer<Account>
#include <span>
#include <string_view>

#include <weir/serializer.h>

class Account {
 public:
  explicit Account(int number) : number_(number) {}

 private:
  int number_;
};
void Write(const Account& account, std::vector<std::byte>& out) {
  weir::SerializeTo(account, out);
}
