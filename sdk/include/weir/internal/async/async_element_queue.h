// What an async operator has under way: records with their results, and the watermarks between
// them. Decides what may be passed on in which order. Pure; one thread.
//
// A queue of segments. The records of a segment may overtake each other, not those of another one;
// control elements end a segment, as they must not be overtaken. In ordered mode each record is a
// segment. (Flink: OrderedStreamElementQueue, UnorderedStreamElementQueue.)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/internal/control_element.h>

namespace weir::internal {

enum class AsyncOutputMode : std::uint8_t { kOrdered, kUnordered };

template <class T, class U>
class AsyncElementQueue {
 public:
  using Control = std::variant<Watermark, WatermarkStatus>;
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  struct Entry {
    T record{};
    std::int64_t timestamp_ms = kNoTimestamp;
    std::uint64_t arrival = 0;       // grows from record to record
    std::uint64_t call = 0;          // the one that counts; the owner's until complete
    std::uint32_t retries = 0;       // the owner's
    std::int64_t deadline_ms = 0;    // the owner's
    bool timed_out = false;          // the owner's
    std::vector<U> results;          // once complete
    std::uint64_t segment = 0;       // 0: the entry is free
    std::uint32_t previous = kNone;  // among the incomplete
    std::uint32_t next = kNone;
  };

  // `capacity`: records, at least 1.
  AsyncElementQueue(AsyncOutputMode mode, std::uint32_t capacity)
      : mode_(mode), capacity_(capacity) {}

  std::uint32_t size() const { return size_; }  // records
  bool full() const { return size_ == capacity_; }
  // Nothing at all.
  bool empty() const { return segments_.empty(); }
  Entry& entry(std::uint32_t index) { return entries_[index]; }
  bool holds(std::uint32_t index, std::uint64_t call) const {
    return entries_[index].segment != 0 && entries_[index].call == call;
  }
  // The one that has waited longest among those that are not complete, or kNone.
  std::uint32_t oldest_incomplete() const { return oldest_; }

  // Not full. Returns the entry's index, which stands for it until it is passed on.
  std::uint32_t Add(T record, std::int64_t timestamp_ms) {
    if (segments_.empty() || mode_ == AsyncOutputMode::kOrdered ||
        !segments_.back().controls.empty()) {
      segments_.emplace_back();
    }
    ++segments_.back().incomplete;
    const std::uint32_t index = Claim();
    Entry& entry = entries_[index];
    entry.record = std::move(record);
    entry.timestamp_ms = timestamp_ms;
    entry.arrival = ++arrivals_;
    entry.retries = 0;
    entry.timed_out = false;
    entry.segment = first_segment_ + segments_.size() - 1;
    entry.previous = newest_;
    entry.next = kNone;
    (newest_ == kNone ? oldest_ : entries_[newest_].next) = index;
    newest_ = index;
    ++size_;
    return index;
  }
  void Add(const Control& control) {
    if (segments_.empty()) segments_.emplace_back();
    auto& controls = segments_.back().controls;
    // Of watermarks in a row the last one says it all.
    if (!controls.empty() && std::holds_alternative<Watermark>(control) &&
        std::holds_alternative<Watermark>(controls.back())) {
      controls.back() = control;
    } else {
      controls.push_back(control);
    }
  }

  // The entry is incomplete. No call of it counts any more.
  void Complete(std::uint32_t index, std::vector<U> results) {
    Entry& entry = entries_[index];
    entry.results = std::move(results);
    entry.call = 0;
    (entry.previous == kNone ? oldest_ : entries_[entry.previous].next) = entry.next;
    (entry.next == kNone ? newest_ : entries_[entry.next].previous) = entry.previous;
    Segment& segment = segments_[entry.segment - first_segment_];
    --segment.incomplete;
    segment.complete.push_back(index);
  }

  // Passes on what may be: on_record(Entry&), and bool on_control(const Control&), where false ends
  // it for this time.
  template <class OnRecord, class OnControl>
  void EmitReady(OnRecord&& on_record, OnControl&& on_control) {
    for (; !segments_.empty(); segments_.pop_front(), ++first_segment_) {
      Segment& segment = segments_.front();
      for (const std::uint32_t index : segment.complete) {
        on_record(entries_[index]);
        Release(index);
      }
      segment.complete.clear();
      if (segment.incomplete > 0) return;
      while (!segment.controls.empty()) {
        const Control control = segment.controls.front();
        segment.controls.pop_front();
        if (!on_control(control)) return;
      }
    }
  }

  // visit(const T&, timestamp_ms) for each record, in the order in which they came.
  template <class Visit>
  void ForEachRecord(Visit&& visit) const {
    std::vector<const Entry*> records;
    for (const Entry& entry : entries_) {
      if (entry.segment != 0) records.push_back(&entry);
    }
    std::sort(records.begin(), records.end(),
              [](const Entry* a, const Entry* b) { return a->arrival < b->arrival; });
    for (const Entry* entry : records) visit(entry->record, entry->timestamp_ms);
  }

 private:
  struct Segment {
    std::uint32_t incomplete = 0;
    std::vector<std::uint32_t> complete;  // and not passed on
    std::deque<Control> controls;         // behind its records
  };

  std::uint32_t Claim() {
    if (free_.empty()) {
      entries_.emplace_back();
      return static_cast<std::uint32_t>(entries_.size() - 1);
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    return index;
  }
  void Release(std::uint32_t index) {
    entries_[index].segment = 0;
    entries_[index].results.clear();
    free_.push_back(index);
    --size_;
  }

  const AsyncOutputMode mode_;
  const std::uint32_t capacity_;
  std::deque<Entry> entries_;  // stay where they are
  std::vector<std::uint32_t> free_;
  std::deque<Segment> segments_;
  std::uint64_t first_segment_ = 1;
  std::uint64_t arrivals_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t oldest_ = kNone;  // of the incomplete, in the order in which they came
  std::uint32_t newest_ = kNone;
};

}  // namespace weir::internal
