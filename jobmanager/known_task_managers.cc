#include "jobmanager/known_task_managers.h"

#include <utility>

namespace weir::jobmanager {

KnownTaskManagers::KnownTaskManagers(EventLoop& loop, EventLoop& blocking,
                                     ha::MetadataStore& metadata)
    : loop_(loop), blocking_(blocking), metadata_(metadata) {}

void KnownTaskManagers::Restore(const std::vector<std::string>& ids) {
  ids_.insert(ids.begin(), ids.end());
  stored_ = ids_;
}

bool KnownTaskManagers::Contains(const std::string& id) const {
  return !metadata_.persistent() || stored_.contains(id);
}

void KnownTaskManagers::Add(const std::string& id, std::function<void(Status)> done) {
  ids_.insert(id);
  Store(std::move(done));
}

void KnownTaskManagers::Remove(const std::string& id, std::function<void()> done) {
  if (ids_.erase(id) == 0) return done();
  stored_.erase(id);
  Store([this, id, done = std::move(done)](const Status& status) {
    if (!status.ok()) log_.Warning("TaskManager ", id, " stays known: ", status.message());
    done();
  });
}

void KnownTaskManagers::Store(std::function<void(Status)> done) {
  blocking_.Post([this, alive = std::weak_ptr<bool>(alive_), ids = ids_, &metadata = metadata_,
                  &loop = loop_, done = std::move(done)] {
    const Status status = metadata.SetTaskManagers({ids.begin(), ids.end()});
    loop.Post([this, alive, ids, done, status] {
      if (alive.expired()) return;
      if (status.ok()) {
        // One that was removed meanwhile is not taken back: its removal is on the way.
        for (const std::string& id : ids) {
          if (ids_.contains(id)) stored_.insert(id);
        }
      }
      done(status);
    });
  });
}

}  // namespace weir::jobmanager
