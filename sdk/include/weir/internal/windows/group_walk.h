// A walk over a subtask's key groups that goes on where its share of work was used up.
#pragma once

#include <algorithm>
#include <cstdint>

namespace weir::internal {

class GroupWalk {
 public:
  explicit GroupWalk(std::uint32_t groups) : groups_(groups) {}

  // handle(group) for each group from the first one, counted from 0; it returns how much of `count`
  // it took. True: the walk is at its end and begins again. False: `count` is used up.
  template <class Handle>
  bool Go(std::uint32_t& count, Handle&& handle) {
    for (; next_ < groups_; ++next_) {
      if (count == 0) return false;
      count -= std::min(count, handle(next_));
    }
    next_ = 0;
    return true;
  }
  void Restart() { next_ = 0; }

 private:
  const std::uint32_t groups_;
  std::uint32_t next_ = 0;
};

}  // namespace weir::internal
