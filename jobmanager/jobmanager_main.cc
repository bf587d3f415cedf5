// weir-jobmanager: the control plane of a cluster. Exit codes: 0 ended by SIGTERM or SIGINT, 1
// could not start or failed, 2 wrong arguments or configuration.
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/logging.h"
#include "common/server_process.h"
#include "common/worker_programs.h"
#include "jobmanager/job_manager_runner.h"

int main(int argc, char** argv) {
  weir::TerminationSignals signals;
  CLI::App app{"weir-jobmanager: the control plane of a Weir cluster"};
  weir::ConfigurationSources sources;
  weir::jobmanager::RunnerOptions options;
  options.program_directory = weir::FolderOfThisProgram();
  app.add_option("-c,--config", sources.file, "config.yaml, or the folder it is in");
  app.add_option("-D", sources.definitions, "a setting: -Dkey=value")->allow_extra_args(false);
  app.add_option("--address-file", options.address_file,
                 "gets {\"rpc\":\"host:port\",\"rest\":\"host:port\"} when the server is ready");
  app.add_option("--program-directory", options.program_directory,
                 "where ../lib/weir/abi-<N>/weir-worker is looked for");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  weir::Result<weir::Configuration> configuration =
      weir::LoadServerConfiguration(std::move(sources));
  weir::Status status = configuration.status();
  if (status.ok()) status = weir::ConfigureServerLogging(*configuration, "weir-jobmanager");
  if (!status.ok()) {
    std::fprintf(stderr, "weir-jobmanager: %s\n", status.message().c_str());
    return 2;
  }
  options.configuration = *std::move(configuration);
  status = weir::jobmanager::RunJobManager(options, signals);
  if (!status.ok()) {
    weir::ComponentLogger("jobmanager").Error(status.message());
    std::fprintf(stderr, "weir-jobmanager: %s\n", status.message().c_str());
  }
  weir::EndServerProcess(status.ok() ? 0 : 1);
}
