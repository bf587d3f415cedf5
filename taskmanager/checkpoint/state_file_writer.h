// StateFileWriter: writes the state of one subtask in one checkpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/internal/state/keyed_table.h>
#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/status.h>

#include "common/file_system.h"
#include "taskmanager/checkpoint/state_file_format.h"
#include "taskmanager/checkpoint/state_handle.h"

namespace weir::checkpoint {

// Made by CheckpointStorage. One thread at a time. Pieces of several sections may be written in
// turn. Once a call has failed, every later one fails with the same status; so does Finish().
class StateFileWriter {
 public:
  // For CheckpointStorage. `path`: relative to `directory`.
  StateFileWriter(FileSystem& files, std::string directory, std::string path,
                  std::size_t inline_threshold_bytes, std::uint32_t version = kStateFileVersion);
  StateFileWriter(const StateFileWriter&) = delete;
  StateFileWriter& operator=(const StateFileWriter&) = delete;
  // Without a successful Finish(): removes the file.
  ~StateFileWriter();

  // A table of keyed state. No other section has this operator and state name.
  SectionId AddKeyedTable(std::string_view operator_id, std::string_view state,
                          std::string_view schema, std::uint32_t max_parallelism);
  // Records that were on their way to an operator. The file is of kChannelStateFileVersion.
  SectionId AddChannelState(std::string_view operator_id, std::string_view edge,
                            std::string_view schema, std::uint32_t max_parallelism);
  // The operator state of an operator; one section for each.
  SectionId AddOperatorState(std::string_view operator_id);

  // Takes the entries of a keyed section (for KeyedTable::SaveNext). Valid as long as this object.
  internal::StateWriter& keyed(SectionId section);
  // `records` records of a channel section, in their order, as ChannelType::Encode wrote them.
  Status WriteChannelState(SectionId section, std::uint32_t records,
                           std::span<const std::byte> bytes);
  // The whole of an operator section, once.
  Status WriteOperatorState(SectionId section, const internal::OperatorStateSnapshot& snapshot);

  // Bytes taken so far, for statistics: those of the file, less its footer.
  std::uint64_t written_bytes() const { return next_offset_; }

  // Ends the file and makes its content durable. Nothing may be written after it, whatever it
  // returned. The name is durable when the folder is synced, which the JobManager does before the
  // checkpoint counts.
  Result<StateHandle> Finish();

 private:
  class KeyedSection;

  SectionId AddSection(StateSection section);
  Status WritePiece(SectionId section, std::uint32_t key_group, std::uint32_t entries,
                    std::string_view bytes);
  Status Take(std::string_view bytes);
  Status FlushBuffer();
  Status FinishFile();
  Status Fail(Status status);

  FileSystem& files_;
  const std::string directory_;
  const std::string path_;
  const std::size_t inline_threshold_bytes_;
  StateFileFooter footer_;
  std::vector<std::unique_ptr<KeyedSection>> keyed_;  // by section; null for operator state
  std::string buffer_;                                // not written yet
  std::uint64_t next_offset_ = 0;
  std::unique_ptr<WritableFile> file_;  // made when the buffer does not hold it all
  bool created_ = false;
  bool finished_ = false;
  Status failure_;
};

}  // namespace weir::checkpoint
