// What a file sink puts into checkpoints (docs/formats/operator-state.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/fields.h>
#include <weir/two_phase_sink.h>

namespace weir::files::internal {

// A part that is complete and on the disk, but for its name.
struct FileCommittable {
  std::string in_progress;            // its path until it is committed
  std::string part;                   // and then
  std::vector<std::string> replaced;  // files in progress whose content it holds
  bool operator==(const FileCommittable&) const = default;
};
WEIR_FIELDS(FileCommittable, in_progress, part, replaced)

// A part that goes on behind the checkpoint.
struct OpenPart {
  std::string bucket;
  std::string in_progress;
  std::uint64_t bytes = 0;  // of it, as of the checkpoint
  std::int64_t opened_ms = 0;
  std::int64_t written_ms = 0;
  std::vector<std::string> replaced;
  bool operator==(const OpenPart&) const = default;
};
WEIR_FIELDS(OpenPart, bucket, in_progress, bytes, opened_ms, written_ms, replaced)

struct FileWriterState {
  std::uint64_t next_number = 0;  // above those of all parts so far
  std::vector<OpenPart> open_parts;
  bool operator==(const FileWriterState&) const = default;
};
WEIR_FIELDS(FileWriterState, next_number, open_parts)

using RestoredFileSink = RestoredSink<FileCommittable, FileWriterState>;

}  // namespace weir::files::internal
