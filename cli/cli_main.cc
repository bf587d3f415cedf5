#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "cli/commands.h"

int main(int argc, char** argv) {
  // A closed pipe (`weir list | head`) is an error of the write, not the end of a cluster start
  // half done.
  std::signal(SIGPIPE, SIG_IGN);
  weir::cli::SignalWaiter waiter;
  const weir::cli::CliEnvironment environment = weir::cli::CliEnvironment::Read();
  weir::cli::CommandContext context{
      .out = std::cout, .err = std::cerr, .waiter = waiter, .environment = environment};
  return static_cast<int>(weir::cli::RunCli({argv + 1, argv + argc}, context));
}
