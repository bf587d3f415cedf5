#include "common/content_hash.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "common/hex.h"
#include "common/system_error.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace weir {

namespace {

// OpenSSL refuses SHA-256 only when it is out of memory or broken: there is no way on.
void CheckOpenSsl(int result) {
  if (result == 1) return;
  std::fprintf(stderr, "OpenSSL cannot compute SHA-256\n");
  std::abort();
}

}  // namespace

struct ContentHasher::State {
  State() : context(EVP_MD_CTX_new()) {
    CheckOpenSsl(context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1);
  }
  ~State() { EVP_MD_CTX_free(context); }
  EVP_MD_CTX* const context;
};

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) {}
ContentHasher::~ContentHasher() = default;
ContentHasher::ContentHasher(ContentHasher&&) noexcept = default;
ContentHasher& ContentHasher::operator=(ContentHasher&&) noexcept = default;

void ContentHasher::Update(std::string_view bytes) {
  CheckOpenSsl(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

std::string ContentHasher::Finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CheckOpenSsl(EVP_DigestFinal_ex(state_->context, digest, &size));
  return ToHex(std::string_view(reinterpret_cast<const char*>(digest), size));
}

std::string ContentHash(std::string_view bytes) {
  ContentHasher hasher;
  hasher.Update(bytes);
  return hasher.Finish();
}

Result<std::string> ContentHashOfFile(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return SystemError(Concat("cannot open '", path, "'"), errno);
  ContentHasher hasher;
  std::vector<char> piece(256 * 1024);
  for (;;) {
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return SystemError(Concat("cannot read '", path, "'"), errno);
    if (size == 0) return hasher.Finish();
    hasher.Update(std::string_view(piece.data(), static_cast<std::size_t>(size)));
  }
}

bool IsContentHash(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char digit) {
           return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
         });
}

}  // namespace weir
