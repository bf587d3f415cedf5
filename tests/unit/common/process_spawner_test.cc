#include "common/process_spawner.h"

#include <csignal>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "common/process_lifetime.h"
#include "common/temporary_directory.h"
#include "common/text.h"

namespace weir {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kLongMs = 30'000;

// Reads to the end of the stream, or until nothing came for half a minute (then the text ends in a
// question mark).
std::string ReadAll(const UniqueFd& fd) {
  std::string text;
  for (;;) {
    pollfd readable{.fd = fd.get(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, kLongMs) != 1) return text + "?";
    char piece[4096];
    const ssize_t size = ::read(fd.get(), piece, sizeof piece);
    if (size <= 0) return text;
    text.append(piece, static_cast<std::size_t>(size));
  }
}

struct PipeEnds {
  PipeEnds() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
  UniqueFd read;
  UniqueFd write;
};

class ProcessSpawnerTest : public testing::Test {
 protected:
  // A shell that runs `script`, with its output captured.
  static ChildProcessOptions Shell(const std::string& script) {
    return {.program = "/bin/sh",
            .arguments = {"-c", script},
            .standard_output = StandardStream::Capture(1 << 20),
            .standard_error = StandardStream::Capture(1 << 20)};
  }
  std::unique_ptr<ChildProcess> Start(ChildProcessOptions options) {
    Result<std::unique_ptr<ChildProcess>> child = spawner_.Spawn(std::move(options));
    EXPECT_TRUE(child.ok()) << child.status().ToString();
    return child.ok() ? *std::move(child) : nullptr;
  }
  static ExitStatus Await(const ChildProcess& child) {
    const Result<ExitStatus> status = child.WaitExit(kLongMs);
    EXPECT_TRUE(status.ok()) << status.status().ToString();
    return status.ok() ? *status : ExitStatus{.exit_code = -1};
  }

  ProcessSpawner spawner_;
};

TEST_F(ProcessSpawnerTest, ReportsExitCodesAndCapturesOutput) {
  const auto child = Start(Shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(Await(*child), ExitStatus{.exit_code = 3});
  EXPECT_EQ(child->StandardOutputTail().text, "out\n");
  EXPECT_EQ(child->StandardErrorTail().text, "err\n");
  EXPECT_EQ(child->exit_status()->ToString(), "exited with code 3");
  EXPECT_TRUE(child->Kill(SIGTERM).ok()) << "a child that has ended cannot be missed";
}

TEST_F(ProcessSpawnerTest, ReportsSignals) {
  const auto child = Start(Shell("ulimit -c 0; kill -SEGV $$"));
  const ExitStatus status = Await(*child);
  EXPECT_EQ(status.signal, SIGSEGV);
  EXPECT_FALSE(status.success());
  EXPECT_THAT(status.ToString(), testing::StartsWith("killed by signal 11 (SIGSEGV)"));
  EXPECT_EQ((ExitStatus{.signal = SIGABRT, .core_dumped = true}).ToString(),
            "killed by signal 6 (SIGABRT), core dumped");
  EXPECT_EQ(SignalName(SIGRTMIN), Concat("signal ", SIGRTMIN));
}

TEST_F(ProcessSpawnerTest, KillsAChildThatIgnoresPoliteness) {
  const auto child = Start(Shell("trap '' TERM; echo ready; while :; do read x </dev/zero; done"));
  EXPECT_EQ(child->WaitExit(1).status().code(), StatusCode::kTimedOut);
  EXPECT_EQ(child->exit_status(), std::nullopt);
  ASSERT_TRUE(child->Kill(SIGKILL).ok());
  EXPECT_EQ(Await(*child).signal, SIGKILL);
}

TEST_F(ProcessSpawnerTest, CallsOnExitOnceWithEverythingComplete) {
  Mutex mutex;
  CondVar changed;
  std::vector<ExitStatus> seen;
  ChildProcessOptions options = Shell("exit 5");
  options.on_exit = [&](const ExitStatus& status) {
    MutexLock lock(mutex);
    seen.push_back(status);
    changed.SignalAll();
  };
  // The handle is gone at once: the child is watched all the same.
  Start(std::move(options));
  const std::int64_t deadline_ns = SystemClock().MonotonicNanos() + kLongMs * 1'000'000;
  MutexLock lock(mutex);
  while (seen.empty() && changed.WaitUntil(mutex, deadline_ns)) {
  }
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].exit_code, 5);
}

TEST_F(ProcessSpawnerTest, SaysWhyAProgramCannotBeStarted) {
  const TemporaryDirectory folder = *TemporaryDirectory::Create();
  const std::string file = folder.path() + "/not-executable";
  ASSERT_TRUE(LocalFileSystem().WriteFileAtomically(file, "x").ok());
  const Status missing = spawner_.Spawn({.program = "/nowhere/weir-worker"}).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_EQ(missing.message(), "cannot start '/nowhere/weir-worker': No such file or directory");
  EXPECT_THAT(spawner_.Spawn({.program = file}).status().message(), HasSubstr("Permission denied"));
  ChildProcessOptions options = Shell("true");
  options.standard_error = StandardStream::File("/nowhere/err");
  EXPECT_THAT(spawner_.Spawn(options).status().message(), HasSubstr("cannot open '/nowhere/err'"));
  options = Shell("true");
  options.standard_input = StandardStream::Capture(1);
  EXPECT_EQ(spawner_.Spawn(options).status().code(), StatusCode::kInvalidArgument);
  options = Shell("true");
  options.inherited_descriptors = {123456};
  EXPECT_THAT(spawner_.Spawn(options).status().message(), HasSubstr("descriptor 123456"));
}

TEST_F(ProcessSpawnerTest, HandsOnEnvironmentFolderAndArguments) {
  const TemporaryDirectory folder = *TemporaryDirectory::Create();
  ChildProcessOptions options = Shell("echo \"$WEIR_TEST|$PATH|$0|$1\"; pwd");
  options.arguments.insert(options.arguments.end(), {"zero", "one word"});
  options.environment = {{"WEIR_TEST", "first"}, {"WEIR_TEST", "a=b"}, {"PATH", "/somewhere"}};
  options.working_directory = folder.path();
  const auto child = Start(options);
  EXPECT_TRUE(Await(*child).success());
  EXPECT_EQ(child->StandardOutputTail().text,
            Concat("a=b|/somewhere|zero|one word\n", folder.path(), "\n"));

  ASSERT_EQ(::setenv("WEIR_TEST_INHERITED", "yes", 1), 0);
  const auto inheriting = Start(Shell("echo $WEIR_TEST_INHERITED"));
  Await(*inheriting);
  EXPECT_EQ(inheriting->StandardOutputTail().text, "yes\n");
  options = Shell("echo $WEIR_TEST_INHERITED");
  options.inherit_environment = false;
  const auto bare = Start(options);
  Await(*bare);
  EXPECT_EQ(bare->StandardOutputTail().text, "\n");
  ::unsetenv("WEIR_TEST_INHERITED");
}

TEST_F(ProcessSpawnerTest, AppendsToFilesAndTellsThisChildsTail) {
  const TemporaryDirectory folder = *TemporaryDirectory::Create();
  const std::string file = folder.path() + "/worker.err";
  ASSERT_TRUE(LocalFileSystem().WriteFileAtomically(file, "of an earlier child\n").ok());
  ChildProcessOptions options = Shell("echo one; echo two >&2");
  options.standard_output = StandardStream::File(file);
  options.standard_error = StandardStream::File(file);
  const auto child = Start(options);
  Await(*child);
  EXPECT_EQ(*LocalFileSystem().ReadFile(file), "of an earlier child\none\ntwo\n");
  EXPECT_EQ(child->StandardErrorTail().text, "one\ntwo\n");
  EXPECT_EQ(child->StandardErrorTail(4).text, "two\n");
  EXPECT_TRUE(child->StandardErrorTail(4).truncated());
}

TEST_F(ProcessSpawnerTest, KeepsOnlyTheEndOfACapture) {
  ChildProcessOptions options =
      Shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done >&2");
  options.standard_error = StandardStream::Capture(100);
  const auto child = Start(options);
  Await(*child);
  const OutputTail tail = child->StandardErrorTail();
  EXPECT_EQ(tail.text.size(), 100U);
  EXPECT_THAT(tail.text, testing::EndsWith("line 19998\nline 19999\n"));
  EXPECT_EQ(tail.total_bytes, 208'890U);
  EXPECT_TRUE(tail.truncated());
}

TEST_F(ProcessSpawnerTest, PipesCarryBothWays) {
  ChildProcessOptions options = Shell("read line; echo got $line");
  options.standard_input = StandardStream::Pipe();
  options.standard_output = StandardStream::Pipe();
  const auto child = Start(options);
  UniqueFd input = child->TakeStandardInput();
  ASSERT_TRUE(input.valid());
  EXPECT_FALSE(child->TakeStandardInput().valid());
  ASSERT_EQ(::write(input.get(), "word\n", 5), 5);
  EXPECT_EQ(ReadAll(child->TakeStandardOutput()), "got word\n");
  EXPECT_TRUE(Await(*child).success());
}

TEST_F(ProcessSpawnerTest, NoDescriptorLeaksAndGivenOnesArriveInOrder) {
  const PipeEnds leak;
  // Not even one that somebody forgot to mark close-on-exec.
  const UniqueFd forgotten(::dup(leak.read.get()));
  ChildProcessOptions options = Shell("");
  options.program = WEIR_TEST_CHILD;
  options.arguments = {"descriptors"};
  const auto child = Start(options);
  EXPECT_TRUE(Await(*child).success());
  EXPECT_EQ(Trim(child->StandardOutputTail().text), "0 1 2");

  PipeEnds first;
  PipeEnds second;
  options = Shell("echo three >&3; echo four >&4");
  options.inherited_descriptors = {second.write.get(), first.write.get()};
  const auto writer = Start(options);
  first.write.Reset();
  second.write.Reset();
  EXPECT_TRUE(Await(*writer).success());
  EXPECT_EQ(ReadAll(second.read), "three\n");
  EXPECT_EQ(ReadAll(first.read), "four\n");
}

TEST_F(ProcessSpawnerTest, AGroupGoesWithItsLeader) {
  // A grandchild holds the pipe open: its end shows as the end of the stream.
  PipeEnds alive;
  ChildProcessOptions options = Shell("(while :; do read x </dev/zero; done) & exit 0");
  options.new_process_group = true;
  options.inherited_descriptors = {alive.write.get()};
  options.standard_output = options.standard_error = StandardStream::Null();
  const auto child = Start(options);
  alive.write.Reset();
  EXPECT_TRUE(Await(*child).success());
  EXPECT_EQ(ReadAll(alive.read), "");
  EXPECT_TRUE(child->KillGroup(SIGKILL).ok());

  options = Shell("(while :; do read x </dev/zero; done) & wait");
  options.new_process_group = true;
  const auto waiting = Start(options);
  EXPECT_TRUE(waiting->KillGroup(SIGKILL).ok());
  EXPECT_EQ(Await(*waiting).signal, SIGKILL);
  const auto groupless = Start(Shell("true"));
  EXPECT_EQ(groupless->KillGroup(SIGKILL).code(), StatusCode::kFailedPrecondition);
}

TEST_F(ProcessSpawnerTest, RaisesTheOomScore) {
  ChildProcessOptions options = Shell("read go; cat /proc/self/oom_score_adj");
  options.standard_input = StandardStream::Pipe();
  options.oom_score_adjustment = 500;
  const auto child = Start(options);
  // It is set when Spawn returns, and children inherit it.
  EXPECT_EQ(::write(child->TakeStandardInput().get(), "\n", 1), 1);
  EXPECT_TRUE(Await(*child).success());
  EXPECT_EQ(child->StandardOutputTail().text, "500\n");
  EXPECT_FALSE(SetOomScoreAdjustment(::getpid(), 5000).ok());
}

TEST_F(ProcessSpawnerTest, SpawnsFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 5; ++i) {
        const auto child = Start(Shell(Concat("echo ", t, "; exit ", i)));
        EXPECT_EQ(Await(*child).exit_code, i);
        EXPECT_EQ(child->StandardOutputTail().text, Concat(t, "\n"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ProcessSpawnerEndTest, KillsReapsAndReportsWhatStillRuns) {
  std::unique_ptr<ChildProcess> child;
  int ended = 0;
  {
    ProcessSpawner spawner;
    ChildProcessOptions options{.program = "/bin/sh",
                                .arguments = {"-c", "while :; do read x </dev/zero; done"}};
    options.on_exit = [&](const ExitStatus&) { ++ended; };
    child = *spawner.Spawn(options);
  }
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(child->exit_status()->signal, SIGKILL);
  EXPECT_EQ(::kill(child->pid(), 0), -1) << "it is reaped";
}

TEST_F(ProcessSpawnerTest, AChildDiesWithItsParent) {
  PipeEnds alive;
  const auto parent = Start({.program = WEIR_TEST_CHILD,
                             .arguments = {"be-parent"},
                             .inherited_descriptors = {alive.write.get()}});
  alive.write.Reset();
  char ready = 0;
  pollfd readable{.fd = alive.read.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&readable, 1, kLongMs), 1);
  ASSERT_EQ(::read(alive.read.get(), &ready, 1), 1);
  ASSERT_EQ(ready, 'r');
  ASSERT_TRUE(parent->Kill(SIGKILL).ok());
  // The grandchild is the last to hold the writing end.
  EXPECT_EQ(ReadAll(alive.read), "");
}

TEST_F(ProcessSpawnerTest, AChildSeesThatItsParentIsAnotherOne) {
  ChildProcessOptions options = Shell("");
  options.program = WEIR_TEST_CHILD;
  options.arguments = {"die-with-parent", "1"};
  const auto child = Start(options);
  EXPECT_EQ(Await(*child).exit_code, 7);
  EXPECT_THAT(child->StandardErrorTail().text, HasSubstr("the parent process 1 has ended"));
}

}  // namespace
}  // namespace weir
