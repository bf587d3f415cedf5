// KnownTaskManagers: on which TaskManagers workers may run, as the metadata store has it: a later
// leader waits for these before it starts recovered jobs.
//
// On the event loop only; the store is asked on the blocking one.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <weir/status.h>

#include "common/event_loop.h"
#include "common/logging.h"
#include "jobmanager/ha/metadata_store.h"

namespace weir::jobmanager {

class KnownTaskManagers {
 public:
  // All references outlive the object.
  KnownTaskManagers(EventLoop& loop, EventLoop& blocking, ha::MetadataStore& metadata);

  // What is stored already.
  void Restore(const std::vector<std::string>& ids);
  // Whether a worker may be started there. Always, when nothing is kept anyway.
  bool Contains(const std::string& id) const;
  // `done` is called on the loop when the store has it, or could not take it.
  void Add(const std::string& id, std::function<void(Status)> done);
  // No worker can run there any more. `done` is called on the loop when the store has it, or could
  // not take it, which is logged.
  void Remove(const std::string& id, std::function<void()> done);

 private:
  void Store(std::function<void(Status)> done);

  EventLoop& loop_;
  EventLoop& blocking_;
  ha::MetadataStore& metadata_;
  const ComponentLogger log_{"task-managers"};
  std::set<std::string> ids_;  // stored, or about to be
  std::set<std::string> stored_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::jobmanager
