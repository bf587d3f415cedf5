// SHA-256 of bytes and of files: the name under which plugins are stored and fetched.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <weir/status.h>

namespace weir {

// Takes bytes piece by piece. One thread at a time.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(ContentHasher&&) noexcept;
  ContentHasher& operator=(ContentHasher&&) noexcept;

  void Update(std::string_view bytes);
  // The hash of everything so far as 64 lower-case hex digits. Ends the hasher: no Update or Finish
  // after it.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 64 lower-case hex digits.
std::string ContentHash(std::string_view bytes);

// Reads the file in pieces: memory does not grow with it. Blocks.
Result<std::string> ContentHashOfFile(const std::string& path);

// Whether `text` has the form of a content hash. Check it before a hash from outside becomes part
// of a path.
bool IsContentHash(std::string_view text);

}  // namespace weir
