#include "tests/kafka/kafka_distribution.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kafka/child_process.h"

namespace weir::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kFetchTimeout(10);
constexpr char kCopyDependencies[] =
    "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies";

// kafka-tools brings StorageTool; what it depends on is there already or (Connect, Jersey) not
// needed.
constexpr char kPom[] = R"(<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>weir.tests</groupId>
  <artifactId>kafka-broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>@VERSION@</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>@VERSION@</version>
      <exclusions>
        <exclusion>
          <groupId>*</groupId>
          <artifactId>*</artifactId>
        </exclusion>
      </exclusions>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.3</version>
    </dependency>
  </dependencies>
</project>
)";

// One fetcher at a time on this machine; released when the process ends, however it ends.
class CacheLock {
 public:
  explicit CacheLock(const fs::path& path)
      : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    while (file_ >= 0 && flock(file_, LOCK_EX) != 0) {
      if (errno != EINTR) {
        close(file_);
        file_ = -1;
      }
    }
  }
  ~CacheLock() {
    if (file_ >= 0) close(file_);
  }
  CacheLock(const CacheLock&) = delete;
  CacheLock& operator=(const CacheLock&) = delete;
  bool held() const { return file_ >= 0; }

 private:
  int file_;
};

std::optional<fs::path> CacheFolder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0') return fs::path(cache) / "weir";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return fs::path(home) / ".cache" / "weir";
  return std::nullopt;
}

Status RunMaven(const std::string& version, const fs::path& folder) {
  std::string pom = kPom;
  for (std::size_t at; (at = pom.find("@VERSION@")) != std::string::npos;)
    pom.replace(at, 9, version);
  std::ofstream(folder / "pom.xml") << pom;
  // A fetch that was cut off left this behind; only whole folders are renamed to libs.
  const fs::path partial = folder / "libs.partial";
  fs::remove_all(partial);
  const std::string log = folder / "maven.log";
  fs::remove(log);
  ChildProcess maven;
  WEIR_RETURN_IF_ERROR(maven.Start({"mvn", "-q", "-B", kCopyDependencies, "-DincludeScope=runtime",
                                    "-DoutputDirectory=" + partial.string()},
                                   folder, log));
  const std::optional<int> status = maven.Wait(kFetchTimeout);
  if (!status)
    return Status::Unavailable("mvn did not fetch Kafka " + version + " within 10 minutes");
  if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0) {
    return Status::Unavailable("mvn cannot fetch Kafka " + version + ": " + LastLines(log, 5));
  }
  fs::rename(partial, folder / "libs");
  return Status::Ok();
}

}  // namespace

Result<std::string> FetchKafka(const std::string& version) {
  if (!IsInPath("java")) return Status::Unavailable("no java in PATH");
  const std::optional<fs::path> cache = CacheFolder();
  if (!cache) return Status::Unavailable("neither XDG_CACHE_HOME nor HOME is set");
  try {
    const fs::path folder = *cache / ("kafka-" + version);
    fs::create_directories(folder);
    const CacheLock lock(folder / "lock");
    if (!lock.held()) return Status::IoError("cannot lock " + folder.string());
    const fs::path libraries = folder / "libs";
    if (!fs::exists(libraries)) {
      if (!IsInPath("mvn")) return Status::Unavailable("no mvn in PATH");
      WEIR_RETURN_IF_ERROR(RunMaven(version, folder));
    }
    return libraries.string();
  } catch (const fs::filesystem_error& error) {
    return Status::IoError(error.what());
  }
}

}  // namespace weir::test
