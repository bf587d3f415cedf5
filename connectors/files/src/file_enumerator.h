// The enumerator of file sources: lists the files, cuts them into splits and hands those out one at
// a time to whoever asks.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include <weir/connectors/file_split.h>
#include <weir/connectors/internal/file_read_session.h>
#include <weir/source.h>
#include <weir/status.h>

namespace weir::files {

// The splits of a file: parts of `split_bytes`, the last one up to half as large again; one for a
// file that cannot be read in parts; none for an empty one.
std::vector<FileSplit> SplitsOf(const FileInformation& file, bool splittable,
                                std::uint64_t split_bytes);

class FileEnumerator final : public SplitEnumerator<FileSplit, FileEnumeratorState> {
 public:
  FileEnumerator(internal::FileSourceOptions options, bool splittable);

  Status Start(SplitEnumeratorContext<FileSplit>& context,
               std::optional<FileEnumeratorState> restored) override;
  void AddReader(std::uint32_t /*reader*/) override {}  // readers ask
  void HandleSplitRequest(std::uint32_t reader) override;
  void AddSplitsBack(std::vector<FileSplit> splits, std::uint32_t reader) override;
  Result<FileEnumeratorState> Snapshot(std::uint64_t checkpoint_id) override;

 private:
  bool monitors() const { return options_.monitor_interval_ms.has_value(); }
  void List();
  void TakeListing(const std::vector<FileInformation>& files);
  // Gives readers that wait what is there, or says that nothing will come.
  void ServeWaiting();

  const internal::FileSourceOptions options_;
  const bool splittable_;
  SplitEnumeratorContext<FileSplit>* context_ = nullptr;
  FileEnumeratorState state_;  // without the splits: those are in unassigned_
  std::deque<FileSplit> unassigned_;
  std::set<std::uint32_t> waiting_;  // readers that asked and got nothing yet
};

}  // namespace weir::files
