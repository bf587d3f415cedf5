// PluginStore: uploaded plugins. The bytes lie once under their content hash (`blobs/`), where
// TaskManagers fetch them; what people uploaded refers to them (`jars/`).
//
// All calls block on the disk: one thread at a time, not the event loop. What is stored survives
// the process if the folder does.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <weir/status.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/random.h"

namespace weir::jobmanager {

struct StoredPlugin {
  std::string id;            // "<uuid>_<name>", as Flink's
  std::string name;          // as uploaded
  std::string content_hash;  // SHA-256, 64 hex digits
  std::uint64_t size_bytes = 0;
  std::int64_t uploaded_ms = -1;
  std::uint32_t abi_number = 0;
  std::vector<std::string> jobs;  // the jobs it exports
};

// What the ELF note of a plugin says (sdk/include/weir/internal/plugin_note.h).
struct PluginNoteText {
  std::uint32_t abi_number = 0;
  std::string toolchain;
  std::vector<std::string> jobs;
};
// INVALID_ARGUMENT when it has no ABI number. Unknown keys are skipped.
Result<PluginNoteText> ParsePluginNote(std::string_view note);

class PluginStore {
 public:
  // All references outlive the store.
  PluginStore(FileSystem& files, Clock& clock, Random& random, std::string directory);

  // Makes the folders and finds what is stored there.
  Status Open();

  // Takes over `file`: moves it away or deletes it. INVALID_ARGUMENT when it is no plugin, or its
  // ABI number is none of `abi_numbers`.
  Result<StoredPlugin> Add(const std::string& file, const std::string& name,
                           const std::vector<std::uint32_t>& abi_numbers);
  // Oldest first.
  std::vector<StoredPlugin> List() const;
  Result<StoredPlugin> Find(const std::string& id) const;
  // Its bytes stay as long as somebody else needs them.
  Status Remove(const std::string& id);

  // A job that runs needs the bytes, whatever becomes of the upload.
  void Pin(const std::string& content_hash) { ++pins_[content_hash]; }
  void Unpin(const std::string& content_hash);

  // Where the bytes of a hash lie. Safe from any thread. The hash has the form of one
  // (IsContentHash).
  std::string BlobPath(const std::string& content_hash) const;

 private:
  Result<StoredPlugin> Register(const std::string& id, const std::string& content_hash,
                                std::int64_t uploaded_ms);
  Result<StoredPlugin> Take(const std::string& file, const std::string& name,
                            const std::vector<std::uint32_t>& abi_numbers);
  void RemoveBlobIfUnused(const std::string& content_hash);

  FileSystem& files_;
  Clock& clock_;
  Random& random_;
  const std::string directory_;
  std::map<std::string, StoredPlugin> plugins_;  // by id
  std::map<std::string, int> pins_;              // by content hash
};

}  // namespace weir::jobmanager
