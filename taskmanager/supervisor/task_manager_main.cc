// weir-taskmanager: the supervisor of one node.
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "taskmanager/supervisor/task_manager_runner.h"

int main(int argc, char** argv) {
  CLI::App app{
      "weir-taskmanager: offers slots to a Weir cluster and supervises the workers in them"};
  weir::ConfigurationSources sources;
  app.add_option("-c,--config", sources.file, "config.yaml, or the folder that holds it")
      ->type_name("PATH");
  app.add_option("-D", sources.definitions, "a setting, key=value")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  CLI11_PARSE(app, argc, argv);
  return weir::supervisor::RunTaskManager(std::move(sources));
}
