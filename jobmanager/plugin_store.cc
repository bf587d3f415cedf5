#include "jobmanager/plugin_store.h"

#include <algorithm>
#include <utility>

#include "common/content_hash.h"
#include "common/elf_note.h"
#include "common/logging.h"
#include "common/text.h"

namespace weir::jobmanager {
namespace {

// "8-4-4-4-12", the form of Flink's ids.
std::string RandomUuid(Random& random) {
  const std::string digits = RandomHexId(random);
  return Concat(digits.substr(0, 8), "-", digits.substr(8, 4), "-", digits.substr(12, 4), "-",
                digits.substr(16, 4), "-", digits.substr(20));
}
constexpr std::size_t kUuidLength = 36;

Status UnknownPlugin(const std::string& id) {
  return Status::NotFound(Concat("there is no plugin '", id, "'"));
}

}  // namespace

Result<PluginNoteText> ParsePluginNote(std::string_view note) {
  PluginNoteText text;
  bool has_abi = false;
  for (const std::string_view line : Split(note, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "abi") {
      const Result<std::uint64_t> number = ParseUint64(value);
      if (!number.ok() || *number > UINT32_MAX) {
        return Status::InvalidArgument(Concat("its Weir note has the ABI number '", value, "'"));
      }
      text.abi_number = static_cast<std::uint32_t>(*number);
      has_abi = true;
    } else if (key == "toolchain") {
      text.toolchain = value;
    } else if (key == "job") {
      text.jobs.emplace_back(value);
    }
  }
  if (!has_abi) return Status::InvalidArgument("its Weir note has no ABI number");
  return text;
}

PluginStore::PluginStore(FileSystem& files, Clock& clock, Random& random, std::string directory)
    : files_(files), clock_(clock), random_(random), directory_(std::move(directory)) {}

Status PluginStore::Open() {
  WEIR_RETURN_IF_ERROR(files_.CreateDirectories(directory_ + "/blobs"));
  WEIR_RETURN_IF_ERROR(files_.CreateDirectories(directory_ + "/jars"));
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> ids, files_.List(directory_ + "/jars"));
  for (const std::string& id : ids) {
    const std::string path = Concat(directory_, "/jars/", id);
    const Result<std::string> content = files_.ReadFile(path, 4096);
    const std::vector<std::string_view> fields =
        content.ok() ? Split(*content, ' ') : std::vector<std::string_view>();
    const Result<std::int64_t> uploaded_ms =
        fields.size() == 2 ? ParseInt64(Trim(fields[1]))
                           : Result<std::int64_t>(Status::Corruption("not two fields"));
    if (id.size() > kUuidLength && uploaded_ms.ok() && IsContentHash(fields[0]) &&
        Register(id, std::string(fields[0]), *uploaded_ms).ok()) {
      continue;
    }
    ComponentLogger("plugin-store").Warning("removed what is no stored plugin: ", path);
    WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(path));
  }
  return Status::Ok();
}

Result<StoredPlugin> PluginStore::Add(const std::string& file, const std::string& name,
                                      const std::vector<std::uint32_t>& abi_numbers) {
  Result<StoredPlugin> stored = Take(file, name, abi_numbers);
  // Moved away on success; else nobody needs it any more.
  if (const Status removed = files_.RemoveRecursively(file); !removed.ok()) {
    ComponentLogger("plugin-store").Warning("an upload stays behind: ", removed.message());
  }
  return stored;
}

Result<StoredPlugin> PluginStore::Take(const std::string& file, const std::string& name,
                                       const std::vector<std::uint32_t>& abi_numbers) {
  const Result<std::string> note = ReadWeirNote(file);
  if (!note.ok()) {
    // The path of our spool file says nothing to whoever uploaded it.
    std::string message = note.status().message();
    const std::string quoted = Concat("'", file, "'");
    if (const std::size_t at = message.find(quoted); at != std::string::npos) {
      message.replace(at, quoted.size(), Concat("'", name, "'"));
    }
    return Status(note.status().code(), std::move(message), note.status().domain(),
                  note.status().retry());
  }
  const Result<PluginNoteText> text = ParsePluginNote(*note);
  if (!text.ok()) return text.status().WithContext(Concat("'", name, "' is not a Weir plugin"));
  if (std::ranges::find(abi_numbers, text->abi_number) == abi_numbers.end()) {
    return Status::InvalidArgument(Concat("'", name, "' was built for ABI ", text->abi_number, " (",
                                          text->toolchain, "); this cluster runs ABI ",
                                          Join(abi_numbers, ", "),
                                          ": build it again with the SDK of this cluster"));
  }
  WEIR_ASSIGN_OR_RETURN(const std::string content_hash, ContentHashOfFile(file));
  WEIR_RETURN_IF_ERROR(files_.Rename(file, BlobPath(content_hash)));
  const std::string id = Concat(RandomUuid(random_), "_", name);
  const std::int64_t now_ms = clock_.WallMillis();
  WEIR_RETURN_IF_ERROR(files_.WriteFileAtomically(Concat(directory_, "/jars/", id),
                                                  Concat(content_hash, " ", now_ms, "\n")));
  return Register(id, content_hash, now_ms);
}

Result<StoredPlugin> PluginStore::Register(const std::string& id, const std::string& content_hash,
                                           std::int64_t uploaded_ms) {
  const std::string path = BlobPath(content_hash);
  WEIR_ASSIGN_OR_RETURN(const std::int64_t size, files_.FileSize(path));
  WEIR_ASSIGN_OR_RETURN(const std::string note, ReadWeirNote(path));
  WEIR_ASSIGN_OR_RETURN(PluginNoteText text, ParsePluginNote(note));
  StoredPlugin plugin{.id = id,
                      .name = id.substr(kUuidLength + 1),
                      .content_hash = content_hash,
                      .size_bytes = static_cast<std::uint64_t>(size),
                      .uploaded_ms = uploaded_ms,
                      .abi_number = text.abi_number,
                      .jobs = std::move(text.jobs)};
  plugins_[id] = plugin;
  return plugin;
}

std::vector<StoredPlugin> PluginStore::List() const {
  std::vector<StoredPlugin> plugins;
  for (const auto& [id, plugin] : plugins_) plugins.push_back(plugin);
  std::ranges::stable_sort(plugins, {}, &StoredPlugin::uploaded_ms);
  return plugins;
}

Result<StoredPlugin> PluginStore::Find(const std::string& id) const {
  const auto found = plugins_.find(id);
  if (found == plugins_.end()) return UnknownPlugin(id);
  return found->second;
}

Status PluginStore::Remove(const std::string& id) {
  const auto found = plugins_.find(id);
  if (found == plugins_.end()) return UnknownPlugin(id);
  WEIR_RETURN_IF_ERROR(files_.RemoveRecursively(Concat(directory_, "/jars/", id)));
  const std::string content_hash = found->second.content_hash;
  plugins_.erase(found);
  RemoveBlobIfUnused(content_hash);
  return Status::Ok();
}

void PluginStore::Unpin(const std::string& content_hash) {
  const auto found = pins_.find(content_hash);
  if (found == pins_.end() || --found->second > 0) return;
  pins_.erase(found);
  RemoveBlobIfUnused(content_hash);
}

void PluginStore::RemoveBlobIfUnused(const std::string& content_hash) {
  const bool used =
      pins_.contains(content_hash) || std::ranges::any_of(plugins_, [&](const auto& entry) {
        return entry.second.content_hash == content_hash;
      });
  if (used) return;
  if (const Status removed = files_.RemoveRecursively(BlobPath(content_hash)); !removed.ok()) {
    ComponentLogger("plugin-store").Warning("a blob stays behind: ", removed.message());
  }
}

std::string PluginStore::BlobPath(const std::string& content_hash) const {
  return Concat(directory_, "/blobs/", content_hash);
}

}  // namespace weir::jobmanager
