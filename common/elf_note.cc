#include "common/elf_note.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/system_error.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace weir {

namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kOurMachine = EM_X86_64;
constexpr std::string_view kOurMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr Elf64_Half kOurMachine = EM_AARCH64;
constexpr std::string_view kOurMachineName = "AArch64";
#else
#error "Weir runs on x86-64 and AArch64"
#endif
static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kNoteName("Weir", 5);  // the name counts its terminating zero
constexpr Elf64_Word kNoteType = 1;
// More than any compiler or linker makes, and little enough to read for a file that lies.
constexpr std::uint64_t kMostNoteBytes = 1 << 20;

Status NotAPlugin(std::string_view reason) {
  return Status::InvalidArgument(Concat("is not a Weir plugin: ", reason));
}

// The bytes of a file, read where asked for.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  // Exactly `length` bytes, which lie within the size.
  virtual Status Read(std::uint64_t offset, std::uint64_t length, char* out) const = 0;

  // Exactly `length` bytes; an error if they do not all lie within the file.
  Status ReadChecked(std::uint64_t offset, std::uint64_t length, char* out) const {
    if (offset > size() || length > size() - offset) return NotAPlugin("the file is cut short");
    return Read(offset, length, out);
  }
  template <class Record>
  Result<Record> ReadRecord(std::uint64_t offset) const {
    Record record;
    WEIR_RETURN_IF_ERROR(ReadChecked(offset, sizeof record, reinterpret_cast<char*>(&record)));
    return record;
  }
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Status Read(std::uint64_t offset, std::uint64_t length, char* out) const override {
    std::memcpy(out, bytes_.data() + offset, length);
    return Status();
  }

 private:
  const std::string_view bytes_;
};

class FileSource final : public ByteSource {
 public:
  FileSource(UniqueFd file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  // Not mapped into memory: a file that is cut short meanwhile would kill the process.
  Status Read(std::uint64_t offset, std::uint64_t length, char* out) const override {
    while (length > 0) {
      const ssize_t count = ::pread(file_.get(), out, length, static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return SystemError("cannot be read", errno);
      if (count == 0) return NotAPlugin("the file is cut short");
      out += count;
      offset += static_cast<std::uint64_t>(count);
      length -= static_cast<std::uint64_t>(count);
    }
    return Status();
  }

 private:
  const UniqueFd file_;
  const std::uint64_t size_;
};

Result<Elf64_Ehdr> ReadElfHeader(const ByteSource& source) {
  if (source.size() < sizeof(Elf64_Ehdr)) return NotAPlugin("it is not an ELF file");
  WEIR_ASSIGN_OR_RETURN(const Elf64_Ehdr header, source.ReadRecord<Elf64_Ehdr>(0));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return NotAPlugin("it is not an ELF file");
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return NotAPlugin("it is not a 64-bit little-endian ELF file");
  }
  if (header.e_machine != kOurMachine) {
    return NotAPlugin(Concat("it was built for another processor (ELF machine ", header.e_machine,
                             "; this node is ", kOurMachineName, ")"));
  }
  if (header.e_type != ET_DYN) return NotAPlugin("it is not a shared object");
  return header;
}

std::uint64_t RoundUp(std::uint64_t size, std::uint64_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

// Goes through the notes at offset..offset+length, which holds any number of them. None: ours are
// not among them.
Result<std::optional<std::string>> FindNote(const ByteSource& source, std::uint64_t offset,
                                            std::uint64_t length, std::uint64_t alignment) {
  if (length > kMostNoteBytes) return NotAPlugin("its notes are too large");
  std::string notes(length, '\0');
  WEIR_RETURN_IF_ERROR(source.ReadChecked(offset, length, notes.data()));
  // elf(5): notes are padded to 4 bytes, in a section or segment aligned to 8 to 8.
  const std::uint64_t padding = alignment == 8 ? 8 : 4;
  std::optional<std::string> found;
  std::uint64_t position = 0;
  while (notes.size() - position >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note;
    std::memcpy(&note, notes.data() + position, sizeof note);
    const std::uint64_t name_at = position + sizeof note;
    // 32-bit sizes in 64-bit arithmetic: nothing here can overflow.
    const std::uint64_t descriptor_at = RoundUp(name_at + note.n_namesz, padding);
    const std::uint64_t end = descriptor_at + note.n_descsz;
    if (end > notes.size()) return NotAPlugin("a note reaches beyond its section");
    const std::string_view name(notes.data() + name_at, note.n_namesz);
    if (note.n_type == kNoteType && name == kNoteName) {
      found = found.value_or(std::string()) + notes.substr(descriptor_at, note.n_descsz);
    }
    position = RoundUp(end, padding);
    if (position > notes.size()) break;
  }
  return found;
}

// The note sits in the section .note.weir, which the linker also covers by a PT_NOTE segment.
// Segments are what remains when a tool takes the section table away, so they are looked at first.
Result<std::optional<std::string>> FindInSegments(const ByteSource& source,
                                                  const Elf64_Ehdr& header) {
  if (header.e_phnum != 0 && header.e_phentsize != sizeof(Elf64_Phdr)) {
    return NotAPlugin("its program headers have an unknown size");
  }
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    // A huge e_phoff is caught by the check against the size: it is at most 2^64 - 1, so test
    // before adding.
    if (header.e_phoff > source.size()) return NotAPlugin("the file is cut short");
    WEIR_ASSIGN_OR_RETURN(const Elf64_Phdr segment,
                          source.ReadRecord<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr)));
    if (segment.p_type != PT_NOTE) continue;
    WEIR_ASSIGN_OR_RETURN(std::optional<std::string> found,
                          FindNote(source, segment.p_offset, segment.p_filesz, segment.p_align));
    if (found) return found;
  }
  return std::optional<std::string>();
}

Result<std::optional<std::string>> FindInSections(const ByteSource& source,
                                                  const Elf64_Ehdr& header) {
  if (header.e_shnum == 0) return std::optional<std::string>();
  if (header.e_shentsize != sizeof(Elf64_Shdr)) {
    return NotAPlugin("its section headers have an unknown size");
  }
  if (header.e_shoff > source.size()) return NotAPlugin("the file is cut short");
  const auto read_section = [&](std::uint64_t index) {
    return source.ReadRecord<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
  };
  WEIR_ASSIGN_OR_RETURN(const Elf64_Shdr names, read_section(header.e_shstrndx));
  constexpr std::string_view kSectionName(".note.weir", 11);
  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    WEIR_ASSIGN_OR_RETURN(const Elf64_Shdr section, read_section(i));
    if (section.sh_type == SHT_NOBITS || section.sh_name >= names.sh_size ||
        names.sh_offset > source.size() ||
        names.sh_offset + section.sh_name > source.size() - kSectionName.size()) {
      continue;
    }
    char name[kSectionName.size()];
    WEIR_RETURN_IF_ERROR(source.ReadChecked(names.sh_offset + section.sh_name, sizeof name, name));
    if (std::string_view(name, sizeof name) != kSectionName) continue;
    WEIR_ASSIGN_OR_RETURN(
        std::optional<std::string> found,
        FindNote(source, section.sh_offset, section.sh_size, section.sh_addralign));
    if (found) return found;
  }
  return std::optional<std::string>();
}

Result<std::string> FindWeirNote(const ByteSource& source) {
  WEIR_ASSIGN_OR_RETURN(const Elf64_Ehdr header, ReadElfHeader(source));
  WEIR_ASSIGN_OR_RETURN(std::optional<std::string> note, FindInSegments(source, header));
  if (!note) {
    WEIR_ASSIGN_OR_RETURN(note, FindInSections(source, header));
  }
  if (!note) return NotAPlugin("it has no Weir note (was it built with weir_add_job?)");
  return *std::move(note);
}

}  // namespace

Result<std::string> ParseWeirNote(std::string_view file_content) {
  return FindWeirNote(MemorySource(file_content));
}

Result<std::string> ReadWeirNote(const std::string& path) {
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return SystemError(Concat("cannot open '", path, "'"), errno);
  struct stat status;
  if (::fstat(file.get(), &status) != 0) {
    return SystemError(Concat("cannot read '", path, "'"), errno);
  }
  const std::string quoted = Concat("'", path, "'");
  if (!S_ISREG(status.st_mode)) {
    return Status::InvalidArgument(Concat(quoted, " is not a Weir plugin: it is not a file"));
  }
  Result<std::string> note =
      FindWeirNote(FileSource(std::move(file), static_cast<std::uint64_t>(status.st_size)));
  if (note.ok()) return note;
  const Status& status_of_note = note.status();
  return Status(status_of_note.code(), Concat(quoted, " ", status_of_note.message()),
                status_of_note.domain(), status_of_note.retry());
}

}  // namespace weir
