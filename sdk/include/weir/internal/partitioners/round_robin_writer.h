// Rebalance and rescale: record by record in turn, past channels that are loaded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <weir/internal/record_writer.h>

namespace weir::internal {

// A channel that shipped a batch and then had no credit is loaded and passed over until it has
// credit again. When all are loaded, those with the least backlog share the records. Looking costs
// one call per block and loaded channel.
template <class T>
class RoundRobinWriter final : public RecordWriter<T> {
 public:
  RoundRobinWriter(const OperatorContext& context, std::uint32_t output)
      : RecordWriter<T>(context, output) {
    // Subtasks start at different channels, so that short inputs spread too.
    next_ = context.chain->runtime().subtask_index() % this->channel_count();
    loaded_.resize(this->channel_count());
    ChooseTargets();
  }

  void Push(Batch<T>& block) override {
    if (loaded_count_ > 0) Refresh();
    const std::uint32_t size = block.size();
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::uint32_t index = targets_[next_];
      if (++next_ >= targets_.size()) next_ = 0;
      auto& channel = this->channel(index);
      this->Append(channel, block[i], block.timestamp(i));
      if (!channel.batch) [[unlikely]] {
        AfterShip(index);
      }
    }
  }

 private:
  // A batch has just left.
  [[gnu::noinline]] void AfterShip(std::uint32_t index) {
    const bool loaded = !this->channel(index).out->HasCredit();
    if (loaded == loaded_[index]) return;
    loaded_[index] = loaded;
    loaded_count_ += loaded ? 1 : -1;
    ChooseTargets();
  }
  void Refresh() {
    bool changed = loaded_count_ == this->channel_count();  // their backlogs move
    for (std::uint32_t i = 0; i < this->channel_count(); ++i) {
      if (!loaded_[i] || !this->channel(i).out->HasCredit()) continue;
      loaded_[i] = false;
      --loaded_count_;
      changed = true;
    }
    if (changed) ChooseTargets();
  }
  void ChooseTargets() {
    const std::uint32_t after =
        targets_.empty() ? next_ : targets_[std::min<std::size_t>(next_, targets_.size() - 1)];
    targets_.clear();
    if (loaded_count_ < this->channel_count()) {
      for (std::uint32_t i = 0; i < this->channel_count(); ++i) {
        if (!loaded_[i]) targets_.push_back(i);
      }
    } else {
      std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
      for (std::uint32_t i = 0; i < this->channel_count(); ++i) {
        const std::uint32_t backlog = this->channel(i).out->Backlog();
        if (backlog < least) targets_.clear();
        least = std::min(least, backlog);
        if (backlog == least) targets_.push_back(i);
      }
    }
    // Go on where the turn was.
    next_ = static_cast<std::uint32_t>(std::lower_bound(targets_.begin(), targets_.end(), after) -
                                       targets_.begin());
    if (next_ == targets_.size()) next_ = 0;
  }

  std::uint32_t next_ = 0;              // index into targets_
  std::vector<std::uint32_t> targets_;  // channels that take part, ascending
  std::vector<bool> loaded_;
  std::uint32_t loaded_count_ = 0;
};

}  // namespace weir::internal
