#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/internal/job_compiler.h>
#include <weir/internal/type_name.h>

namespace weir {
namespace {

using Environment = StreamExecutionEnvironment;
using internal::JobGraph;
using internal::JobInputs;
using internal::Partitioning;

std::int64_t Same(const std::int64_t& i) {
  return i;
}
bool All(const std::int64_t&) {
  return true;
}

Result<JobGraph> GraphOf(const std::function<void(Environment&)>& program,
                         std::uint32_t parallelism = 2) {
  JobInputs inputs;
  inputs.default_parallelism = parallelism;
  Environment env(inputs);
  program(env);
  auto job = env.Compile();
  if (!job.ok()) return job.status();
  return (*job)->graph();
}

std::vector<std::string> VertexNames(const std::function<void(Environment&)>& program,
                                     std::uint32_t parallelism = 2) {
  const auto graph = GraphOf(program, parallelism);
  EXPECT_TRUE(graph.ok()) << graph.status().ToString();
  std::vector<std::string> names;
  if (graph.ok()) {
    for (const auto& vertex : graph->vertices) names.push_back(vertex.name);
  }
  return names;
}

constexpr char kSource[] = "Source: Sequence Source";
constexpr char kPrint[] = "Sink: Print to Std. Out";

struct ChainingCase {
  const char* what;
  std::function<void(Environment&)> program;
  std::vector<std::string> vertices;
  std::uint32_t parallelism = 2;
};

void CheckChaining(const std::vector<ChainingCase>& cases) {
  for (const ChainingCase& each : cases) {
    EXPECT_EQ(VertexNames(each.program, each.parallelism), each.vertices) << each.what;
  }
}

TEST(JobCompiler, EdgesAndParallelismDecideOnChaining) {
  const std::string source = kSource;
  const std::string print = kPrint;
  CheckChaining({
      {"forward",
       [](Environment& e) { e.FromSequence(1, 2).Map(Same).Print(); },
       {source + " -> Map -> " + print}},
      {"explicit forward",
       [](Environment& e) { e.FromSequence(1, 2).Forward().Map(Same); },
       {source + " -> Map"}},
      {"other parallelism",
       [](Environment& e) { e.FromSequence(1, 2).Map(Same).SetParallelism(3); },
       {source, "Map"}},
      {"rebalance",
       [](Environment& e) { e.FromSequence(1, 2).Rebalance().Map(Same); },
       {source, "Map"}},
      {"keyBy",
       [](Environment& e) { e.FromSequence(1, 2).KeyBy(Same).Map(Same); },
       {source, "Map"}},
      {"keyBy from one to one",
       [](Environment& e) { e.FromSequence(1, 2).KeyBy(Same).Map(Same); },
       {source + " -> Map"},
       1},
      {"rebalance from one to one",
       [](Environment& e) { e.FromSequence(1, 2).Rebalance().Map(Same); },
       {source, "Map"},
       1},
  });
}

TEST(JobCompiler, OptionsAndShapeDecideOnChaining) {
  const std::string source = kSource;
  const std::string print = kPrint;
  CheckChaining({
      {"start new chain",
       [](Environment& e) { e.FromSequence(1, 2).Map(Same).StartNewChain().Filter(All); },
       {source, "Map -> Filter"}},
      {"disable chaining",
       [](Environment& e) { e.FromSequence(1, 2).Map(Same).DisableChaining().Filter(All); },
       {source, "Map", "Filter"}},
      {"slot sharing group",
       [](Environment& e) { e.FromSequence(1, 2).Map(Same).SlotSharingGroup("g").Filter(All); },
       {source, "Map -> Filter"}},
      {"max parallelism",
       [](Environment& e) { e.FromSequence(1, 2).Map(Same).SetMaxParallelism(256); },
       {source, "Map"}},
      {"blocking",
       [](Environment& e) { e.FromSequence(1, 2).Map(Same).Blocking().Filter(All); },
       {source, "Map", "Filter"}},
      {"fork within a chain",
       [](Environment& e) {
         auto mapped = e.FromSequence(1, 2).Map(Same);
         mapped.Filter(All).Name("a");
         mapped.Filter(All).Name("b");
       },
       {source + " -> Map -> (a, b)"}},
      {"union",
       [](Environment& e) {
         auto first = e.FromSequence(1, 2);
         first.Union(e.FromSequence(3, 4)).Map(Same);
       },
       {source, source, "Map"}},
      {"connect",
       [](Environment& e) {
         auto first = e.FromSequence(1, 2);
         first.Connect(first).Map(Same, Same).Print();
       },
       {source, "Co-Map -> " + print}},
      {"names",
       [](Environment& e) { e.FromSequence(1, 2).Name("n").Map(Same).Name("m").Print(); },
       {"Source: n -> m -> " + print}},
  });
}

TEST(JobCompiler, ASettingForbidsChaining) {
  const auto program = [](Environment& env) { env.FromSequence(1, 9).Map(Same).Print(); };
  const auto forbids = [&](Environment& env) {
    env.Set("pipeline.operator-chaining.enabled", "false");
    program(env);
  };
  EXPECT_EQ(VertexNames(forbids), (std::vector<std::string>{kSource, "Map", kPrint}));
  // The cluster's default, which the program may overrule.
  JobInputs inputs;
  inputs.configuration["pipeline.operator-chaining.enabled"] = "false";
  Environment of_cluster(inputs);
  program(of_cluster);
  EXPECT_EQ((*of_cluster.Compile())->graph().vertices.size(), 3u);
  of_cluster.Set("pipeline.operator-chaining.enabled", "true");
  EXPECT_EQ((*of_cluster.Compile())->graph().vertices.size(), 1u);
}

TEST(JobCompiler, ASettingSaysTheMaxParallelismOfWhoSaysNone) {
  JobInputs inputs;
  inputs.configuration["pipeline.max-parallelism"] = "64";
  Environment env(inputs);
  env.FromSequence(1, 9).Map(Same).SetMaxParallelism(256).Print();
  const auto maximums = [&env] {
    std::vector<std::uint32_t> found;
    const auto job = *env.Compile();
    for (const auto& vertex : job->graph().vertices) {
      found.push_back(vertex.max_parallelism);
    }
    return found;
  };
  EXPECT_EQ(maximums(), (std::vector<std::uint32_t>{64, 256, 64}));
  env.Set("pipeline.max-parallelism", "-1");
  EXPECT_EQ(maximums(), (std::vector<std::uint32_t>{128, 256, 128}));
  env.SetMaxParallelism(32);
  EXPECT_EQ(maximums(), (std::vector<std::uint32_t>{32, 256, 32}));
}

TEST(JobCompiler, EdgesSayHowRecordsAreDistributed) {
  const auto graph = GraphOf([](Environment& env) {
    auto source = env.FromSequence(1, 2);
    source.Rescale().Map(Same).Name("0");
    source.Shuffle().Map(Same);
    source.Broadcast().Map(Same);
    source.Global().Map(Same);
    source.KeyBy(Same).Map(Same);
    source.PartitionCustom([](std::int64_t, std::uint32_t) { return 0; }).Map(Same);
    source.Map(Same).SetParallelism(1);
    source.Map(Same).DisableChaining();
  });
  ASSERT_TRUE(graph.ok());
  std::vector<Partitioning> kinds;
  for (const auto& edge : graph->edges) {
    kinds.push_back(edge.partitioning);
    EXPECT_EQ(edge.source_vertex, 0u);
    EXPECT_EQ(edge.type_name, internal::TypeName<std::int64_t>());
  }
  EXPECT_EQ(kinds,
            (std::vector{Partitioning::kRescale, Partitioning::kShuffle, Partitioning::kBroadcast,
                         Partitioning::kGlobal, Partitioning::kKeyGroup, Partitioning::kCustom,
                         Partitioning::kRebalance, Partitioning::kForward}));
}

TEST(JobCompiler, VerticesCarryWhatTheProgramSaid) {
  const auto graph = GraphOf([](Environment& env) {
    env.SetJobName("the job");
    env.SetFixedDelayRestart(3, 1500);
    env.EnableCheckpointing(250, CheckpointingMode::kAtLeastOnce);
    env.FromSequence(1, 2)
        .Uid("source")
        .Description("counts")
        .SlotSharingGroup("left")
        .Map(Same)
        .SetParallelism(100)
        .Filter(All)
        .SetParallelism(100)
        .Blocking()
        .SlotSharingGroup("right");
  });
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->name, "the job");
  EXPECT_EQ(graph->configuration.at("restart-strategy.fixed-delay.delay"), "1500 ms");
  EXPECT_EQ(graph->configuration.at("execution.checkpointing.interval"), "250 ms");
  EXPECT_EQ(graph->configuration.at("execution.checkpointing.mode"), "AT_LEAST_ONCE");
  ASSERT_EQ(graph->vertices.size(), 3u);
  EXPECT_TRUE(graph->vertices[0].is_source);
  EXPECT_TRUE(graph->vertices[0].operators[0].has_coordinator);
  EXPECT_EQ(graph->vertices[0].operators[0].uid, "source");
  EXPECT_EQ(graph->vertices[0].operators[0].description, "counts");
  EXPECT_EQ(graph->vertices[0].id.size(), 32u);
  EXPECT_EQ(graph->vertices[1].slot_sharing_group, "left");
  EXPECT_EQ(graph->vertices[1].parallelism, 100u);
  EXPECT_EQ(graph->vertices[1].max_parallelism, 256u);
  EXPECT_EQ(graph->vertices[2].slot_sharing_group, "right");
  EXPECT_TRUE(graph->vertices[2].blocking);
}

TEST(JobCompiler, IdFollowsTheUidNotThePlace) {
  const auto id_of = [](bool other_first, const char* uid) {
    const auto graph = GraphOf([&](Environment& env) {
      if (other_first) env.FromSequence(1, 2).Name("other");
      env.FromSequence(1, 2).Name("this").Uid(uid);
    });
    for (const auto& vertex : graph->vertices) {
      if (vertex.name == "Source: this") return vertex.id;
    }
    return std::string();
  };
  EXPECT_EQ(id_of(false, "u"), id_of(true, "u"));
  EXPECT_NE(id_of(false, "u"), id_of(false, "v"));
  EXPECT_NE(id_of(false, ""), id_of(true, ""));
}

TEST(JobCompiler, StructuralHashSeesTheGraphAndNothingElse) {
  const auto hash_of = [](const std::function<void(Environment&)>& program) {
    return StructuralHash(*GraphOf(program));
  };
  const auto job = [](Environment& env) { env.FromSequence(1, 2).Map(Same).Print(); };
  // Golden: the hash travels between processes built at different times.
  EXPECT_EQ(hash_of(job), "29a1d864ab4430dd7561ae440d331553");
  EXPECT_EQ(hash_of([](Environment& env) {
              env.Set("any.key", "value");
              env.FromSequence(7, 9).Map(Same).Print();
            }),
            hash_of(job));
  const std::vector<std::function<void(Environment&)>> others = {
      [](Environment& env) { env.FromSequence(1, 2).Map(Same); },
      [](Environment& env) { env.FromSequence(1, 2).Map(Same).Name("x").Print(); },
      [](Environment& env) { env.FromSequence(1, 2).Map(Same).Uid("x").Print(); },
      [](Environment& env) { env.FromSequence(1, 2).Rebalance().Map(Same).Print(); },
      [](Environment& env) { env.FromSequence(1, 2).Shuffle().Map(Same).Print(); },
      [](Environment& env) {
        env.SetParallelism(3);
        env.FromSequence(1, 2).Map(Same).Print();
      },
      [](Environment& env) {
        env.SetMaxParallelism(512);
        env.FromSequence(1, 2).Map(Same).Print();
      }};
  std::vector<std::string> hashes = {hash_of(job)};
  for (const auto& other : others) hashes.push_back(hash_of(other));
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) EXPECT_NE(hashes[i], hashes[k]) << i << ' ' << k;
  }
}

TEST(JobCompiler, ErrorsNameTheOperator) {
  struct Case {
    std::function<void(Environment&)> program;
    std::string text;
  };
  const std::vector<Case> cases = {
      {[](Environment&) {}, "the job has no sources"},
      {[](Environment& e) { e.FromSequence(1, 2).Uid("u").Map(Same).Name("twin").Uid("u"); },
       "operator 'twin' (uid 'u'): operator 'Source: Sequence Source' has the same uid"},
      {[](Environment& e) {
         e.FromSequence(1, 2).Map(Same).Name("m").SetParallelism(5).SetMaxParallelism(4);
       },
       "operator 'm': parallelism 5 is above max parallelism 4"},
      {[](Environment& e) { e.FromSequence(1, 2).Map(Same).SetMaxParallelism(100); },
       "operator 'Map': max parallelism 100 is not a power of two"},
      {[](Environment& e) { e.FromSequence(1, 2).Map(Same).Name("m").SetParallelism(0); },
       "operator 'm': the parallelism must be at least 1"},
      {[](Environment& e) { e.FromSequence(1, 2).Forward().Map(Same).Name("m").SetParallelism(3); },
       "operator 'm': a forward edge needs equal parallelism"},
      {[](Environment& e) { e.FromSequence(1, std::numeric_limits<std::int64_t>::max()); },
       "FromSequence"},
  };
  for (const Case& each : cases) {
    const auto graph = GraphOf(each.program);
    ASSERT_FALSE(graph.ok()) << each.text;
    EXPECT_EQ(graph.status().domain(), ErrorDomain::kUser);
    EXPECT_NE(graph.status().message().find(each.text), std::string::npos)
        << graph.status().ToString();
  }
}

TEST(JobCompiler, DefaultMaxParallelismAsFlink) {
  EXPECT_EQ(internal::DefaultMaxParallelism(1), 128u);
  EXPECT_EQ(internal::DefaultMaxParallelism(85), 128u);
  EXPECT_EQ(internal::DefaultMaxParallelism(86), 256u);
  EXPECT_EQ(internal::DefaultMaxParallelism(30'000), 32768u);
}

}  // namespace
}  // namespace weir
