#include "taskmanager/checkpoint/read_ahead.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/logging.h"
#include "common/mutex.h"

namespace weir::checkpoint {

// Parts are begun in order: those before `begun` are read or being read, by one thread each.
struct ReadAhead::Shared {
  struct Slot {
    std::string bytes;
    Status status;
    bool done = false;
  };

  Shared(std::shared_ptr<ReadableFile> read_from, std::vector<Part> all, CheckPart check_part)
      : file(std::move(read_from)), parts(std::move(all)), check(std::move(check_part)) {}

  Slot& SlotOf(std::size_t part) { return slots[part % kAhead]; }

  // Part `part`, which the caller has begun, into its slot, which nobody else looks at meanwhile.
  void Read(std::size_t part) {
    Slot& slot = SlotOf(part);
    slot.bytes.resize(parts[part].size);
    const Result<std::size_t> size =
        file->ReadAt(static_cast<std::int64_t>(parts[part].offset), slot.bytes);
    if (size.ok()) slot.bytes.resize(*size);
    slot.status = size.ok() ? check(part, slot.bytes) : size.status();
  }

  // Another thread: until everything is begun or nobody wants more.
  void ReadAll() {
    for (;;) {
      std::size_t part = 0;
      {
        MutexLock lock(mutex);
        while (!ended && begun < parts.size() && begun >= taken + kAhead) changed.Wait(mutex);
        if (ended || begun >= parts.size()) return;
        part = begun++;
        ++reading;
      }
      Read(part);
      MutexLock lock(mutex);
      --reading;
      SlotOf(part).done = true;
      changed.SignalAll();
    }
  }

  const std::shared_ptr<ReadableFile> file;
  const std::vector<Part> parts;
  const CheckPart check;
  // A slot belongs to the thread that has begun its part, then to the one that takes it.
  std::array<Slot, kAhead> slots;
  Mutex mutex;
  CondVar changed;
  std::size_t begun WEIR_GUARDED_BY(mutex) = 0;
  std::size_t taken WEIR_GUARDED_BY(mutex) = 0;  // parts whose slots are free again
  std::size_t reading WEIR_GUARDED_BY(mutex) = 0;
  bool ended WEIR_GUARDED_BY(mutex) = false;
};

ReadAhead::ReadAhead(std::shared_ptr<ReadableFile> file, std::vector<Part> parts, CheckPart check,
                     const RunBeside& run)
    : shared_(std::make_shared<Shared>(std::move(file), std::move(parts), std::move(check))) {
  // The first part is for the one that asks; a single one is read as fast without help.
  const std::size_t readers =
      run && shared_->parts.size() > 1 ? std::min(kReaders, shared_->parts.size() - 1) : 0;
  for (std::size_t i = 0; i < readers; ++i) {
    const Status started = run([shared = shared_] { shared->ReadAll(); });
    if (started.ok()) continue;
    ComponentLogger("checkpoint").Warning("reading without help: " + started.ToString());
    return;
  }
}

ReadAhead::~ReadAhead() {
  MutexLock lock(shared_->mutex);
  shared_->ended = true;
  shared_->changed.SignalAll();
  while (shared_->reading > 0) shared_->changed.Wait(shared_->mutex);
}

Result<std::string_view> ReadAhead::Next() {
  const std::size_t part = next_++;
  bool own = false;
  {
    MutexLock lock(shared_->mutex);
    if (part > 0) {
      shared_->SlotOf(part - 1).done = false;
      shared_->taken = part;
      shared_->changed.SignalAll();
    }
    own = shared_->begun == part;
    if (own) ++shared_->begun;
    while (!own && !shared_->SlotOf(part).done) shared_->changed.Wait(shared_->mutex);
  }
  if (own) shared_->Read(part);
  const Shared::Slot& slot = shared_->SlotOf(part);
  if (!slot.status.ok()) return slot.status;
  return std::string_view(slot.bytes);
}

}  // namespace weir::checkpoint
