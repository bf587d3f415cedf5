// The least a server can be: listens on a loopback port from the kernel, writes it to a file and
// waits until it is told to end. --address-file PATH
#include <csignal>
#include <cstdio>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "benchmarks/limits/stopwatch.h"

int main(int argc, char** argv) {
  const std::string path = benchmarks::Argument(argc, argv, "--address-file");
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, length) != 0 || ::listen(listener, 1) != 0 ||
      ::getsockname(listener, generic, &length) != 0) {
    std::perror("bare_server");
    return 1;
  }
  const std::string partial = path + ".partial";
  std::FILE* file = std::fopen(partial.c_str(), "w");
  if (file == nullptr || std::fprintf(file, "%u\n", ::ntohs(address.sin_port)) < 0 ||
      std::fclose(file) != 0 || std::rename(partial.c_str(), path.c_str()) != 0) {
    std::perror("bare_server");
    return 1;
  }
  int received = 0;
  ::sigwait(&signals, &received);
  return 0;
}
