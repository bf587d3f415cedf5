// Side outputs: records beside those that an operator hands on, of any type, each kind with a tag.
//
//   const weir::OutputTag<std::string> rejected{"rejected"};
//   auto numbers = lines.Process([rejected](const std::string& line, weir::ProcessContext& context,
//                                           weir::Collector<int>& out) {
//     if (const auto number = Parse(line)) {
//       out.Collect(*number);
//     } else {
//       context.Output(rejected, line);
//     }
//   });
//   numbers.GetSideOutput(rejected).Print();
//
// What is put out to a tag that nobody gets is dropped, as in Flink. A function class may say which
// tags it has; getting another one is then an error when the job is submitted:
//
//   std::vector<std::string> SideOutputs() const { return {"rejected"}; }
#pragma once

#include <string>
#include <type_traits>
#include <utility>

namespace weir {

// Two tags of one operator are the same when their ids are; then their types must be, too.
template <class S>
class OutputTag {
  static_assert(std::is_same_v<S, std::remove_cvref_t<S>>, "a record type is a plain value type");

 public:
  using Record = S;
  // Not empty.
  explicit OutputTag(std::string id) : id_(std::move(id)) {}
  const std::string& id() const { return id_; }

 private:
  std::string id_;
};

}  // namespace weir
