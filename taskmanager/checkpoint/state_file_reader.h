// StateFileReader: reads and verifies a state file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/internal/state/operator_state_snapshot.h>
#include <weir/status.h>

#include "common/file_system.h"
#include "taskmanager/checkpoint/read_ahead.h"
#include "taskmanager/checkpoint/state_file_format.h"
#include "taskmanager/checkpoint/state_handle.h"

namespace weir::checkpoint {

// One thread at a time. All calls block. No byte is handed out whose checksum was not verified.
// Every error names the file (or says that the state was inline): Corruption where it is not the
// file that the handle means or is damaged; Unsupported for a newer format; else the file system's.
// Memory: the footer (some 20 bytes per piece) and ReadAhead::kAhead times 1 MiB, or the largest
// piece where that is more, whatever the file's size.
class StateFileReader {
 public:
  // Reads header and footer. `directory`: the job's checkpoint folder that the handle's path is
  // relative to. `files` outlives the reader.
  static Result<std::unique_ptr<StateFileReader>> Open(FileSystem& files,
                                                       const std::string& directory,
                                                       StateHandle handle);

  // Other threads read and verify ahead of the one that reads from now on.
  void SetRunBeside(RunBeside run) { run_beside_ = std::move(run); }

  // The index is the SectionId.
  const std::vector<StateSection>& sections() const { return footer_.sections; }

  // Entries as a StateWriter got them (KeyedTable::Restore). The bytes are valid during the call.
  using PieceFunction = std::function<Status(std::uint32_t key_group, std::uint32_t entries,
                                             std::span<const std::byte> bytes)>;
  // The pieces of a keyed section whose key group is one of the `group_count` from `first_group`
  // on, in the order of the file. Reads nothing else. Ends with the first error of `function`,
  // which it returns as it is.
  Status ReadKeyGroups(SectionId section, std::uint32_t first_group, std::uint32_t group_count,
                       const PieceFunction& function);
  // How many entries the file has of each of these key groups.
  std::vector<std::uint64_t> EntriesOf(SectionId section, std::uint32_t first_group,
                                       std::uint32_t group_count) const;
  // Of a channel section, in the order in which they were written. Ends with the first error of
  // `function`, which it returns as it is.
  using ChannelPieceFunction =
      std::function<Status(std::uint32_t records, std::span<const std::byte> bytes)>;
  Status ReadChannelState(SectionId section, const ChannelPieceFunction& function);
  // Of an operator section.
  Result<internal::OperatorStateSnapshot> ReadOperatorState(SectionId section);
  // Reads every piece.
  Status Verify();

  // What errors call it: "state file '<path>'", or "inline state".
  const std::string& name() const { return name_; }

 private:
  // Pieces [first, end) that follow each other in the file and are read together.
  struct Run {
    std::size_t first = 0;
    std::size_t end = 0;
    std::size_t size_bytes = 0;
  };

  StateFileReader(std::string name, StateHandle handle, std::shared_ptr<ReadableFile> file);

  Status ReadEnds();
  Status CheckSection(SectionId section, SectionKind kind) const;
  // `count` bytes from `offset` on, in `buffer_` or the handle, valid until the next call.
  Result<std::string_view> ReadAt(std::uint64_t offset, std::size_t count);
  using RawPieceFunction = std::function<Status(const StatePiece&, std::string_view bytes)>;
  Status ReadPieces(const std::function<bool(const StatePiece&)>& wanted,
                    const RawPieceFunction& function);
  std::vector<Run> RunsOf(const std::function<bool(const StatePiece&)>& wanted) const;
  // Any thread.
  Status CheckRun(const Run& run, std::string_view bytes) const;
  Status HandOut(const Run& run, std::string_view bytes, const RawPieceFunction& function) const;
  Status Damaged(std::string_view what) const;

  const std::string name_;
  const StateHandle handle_;
  const std::shared_ptr<ReadableFile> file_;  // null for inline state
  RunBeside run_beside_;
  StateFileFooter footer_;
  std::vector<std::uint64_t> offsets_;  // by piece
  std::string buffer_;
};

}  // namespace weir::checkpoint
