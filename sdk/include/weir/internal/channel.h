// The engine's side of an outgoing channel, as a chain sees it, and what the two know of a
// channel's type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/internal/control_element.h>
#include <weir/status.h>

namespace weir::internal {

// One channel from this subtask to one subtask of a downstream vertex. Implemented by the engine;
// called only by the thread that runs the task.
class OutputChannel {
 public:
  virtual ~OutputChannel() = default;

  // Hands a batch (not empty) over. Always takes it:
  //  * with credit it goes out;
  //  * without, it goes to the task's bounded overdraft, and the engine gives the task no further
  //  input until the
  //    overdraft is empty;
  //  * with the overdraft full, the calling thread parks inside this call and the slot's other
  //  tasks go on; it
  //    returns when there is room;
  //  * after a cancel the batch is dropped and the call returns at once.
  virtual void Write(std::unique_ptr<AnyBatch> batch) = 0;

  // Puts a control element behind everything written so far. Never waits. A watermark that no batch
  // has followed yet is replaced by a newer one.
  virtual void WriteControl(const ControlElement& element) = 0;

  // What Write() and WriteControl() gave so far goes out as soon as credit allows. Without this a
  // channel between processes keeps records back until they fill a buffer, and a watermark behind
  // them.
  virtual void Flush() {}

  // Whether Write() would go out without touching the overdraft. Partly filled batches are shipped
  // only then.
  virtual bool HasCredit() const = 0;

  // How many batches (or buffers) wait in this channel: the load that rebalance looks at.
  virtual std::uint32_t Backlog() const = 0;

  // An empty batch that this channel carried before, or null: then the caller makes one with
  // ChannelType::NewBatch().
  virtual std::unique_ptr<AnyBatch> TakeRecycled() = 0;
};

// What the engine can do with the batches of one edge without knowing T. Made by the plugin; const
// and thread-safe.
class ChannelType {
 public:
  virtual ~ChannelType() = default;

  virtual std::unique_ptr<AnyBatch> NewBatch(std::uint32_t capacity) const = 0;

  // Writes a run of records [from, …) of `batch` into `out` at `used`, and adds to `used` what it
  // wrote: at least one record, whole records only, until `used` reaches `soft_limit` or the batch
  // is used up (so the last record may exceed the limit). What `out` holds behind `used` is room
  // with contents of no matter; it grows where that does not suffice. Returns the index of the
  // first record not written. The form of a run is in docs/formats/records.md.
  virtual std::uint32_t Encode(const AnyBatch& batch, std::uint32_t from, std::size_t soft_limit,
                               std::vector<std::byte>& out, std::size_t& used) const = 0;

  // Appends the records of `bytes` (a concatenation of whole runs as Encode wrote them) to `batch`,
  // run by run as long as they fit. Returns the number of bytes consumed, or Corruption: then the
  // batch may hold some records and must be cleared. A run that does not fit into an empty batch is
  // Corruption too: runs come from batches, so a batch of kMaximumBatchCapacity takes each of them.
  // Recomputes key hashes where they are not shipped.
  virtual Result<std::size_t> Decode(std::span<const std::byte> bytes, AnyBatch& batch) const = 0;

  // Forgets the records of other key groups than [first_group, first_group + group_count) of
  // `max_parallelism`; the others keep their order. Of a keyed edge, with key hashes.
  virtual void RetainKeyGroups(AnyBatch& batch, std::uint32_t first_group,
                               std::uint32_t group_count, std::uint32_t max_parallelism) const = 0;

  // A keyed edge ships the hashes of keys that are costly to hash (strings, composites) and
  // recomputes those of arithmetic keys.
  virtual bool ships_key_hashes() const = 0;
  // Human-readable, for errors: "std::string" or the user's type as the compiler spells it.
  virtual const std::string& type_name() const = 0;
  // What a record is made of (docs/formats/schema.md): bytes of another schema are not decoded.
  virtual std::string schema() const = 0;
};

}  // namespace weir::internal
