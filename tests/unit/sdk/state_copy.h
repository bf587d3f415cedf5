// Carries keyed state over as a snapshot and a restore do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/state/keyed_state_backend.h>

namespace weir::testing {

// A snapshot's content in memory.
class KeptSnapshot final : public internal::StateWriter {
 public:
  Status Write(std::uint32_t, std::uint32_t entries, std::span<const std::byte> bytes) override {
    pieces.emplace_back(entries, std::vector<std::byte>(bytes.begin(), bytes.end()));
    return Status::Ok();
  }
  std::vector<std::pair<std::uint32_t, std::vector<std::byte>>> pieces;
};

// Both have the same tables; those of `to` are empty.
inline void CopyTables(const internal::KeyedStateBackend& from,
                       const internal::KeyedStateBackend& to) {
  ASSERT_EQ(from.tables().size(), to.tables().size());
  for (std::size_t i = 0; i < from.tables().size(); ++i) {
    ASSERT_EQ(from.tables()[i].name, to.tables()[i].name);
    KeptSnapshot snapshot;
    from.tables()[i].table->Freeze();
    for (;;) {
      const Result<bool> saved = from.tables()[i].table->SaveNext(snapshot);
      ASSERT_TRUE(saved.ok()) << saved.status().ToString();
      if (!*saved) break;
    }
    if (from.tables()[i].table->in_store()) {
      ASSERT_TRUE(from.tables()[i].table->Export(snapshot).ok());
    }
    from.tables()[i].table->Thaw();
    for (const auto& [entries, bytes] : snapshot.pieces) {
      const Status restored = to.tables()[i].table->Restore(entries, bytes);
      ASSERT_TRUE(restored.ok()) << restored.ToString();
    }
  }
}

}  // namespace weir::testing
