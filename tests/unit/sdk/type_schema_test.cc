#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/internal/state/heap_table.h>
#include <weir/internal/type_schema.h>
#include <weir/internal/windows/window_contents.h>

namespace weir {
namespace {

using internal::SchemaOf;

enum class SchemaColor : std::uint8_t { kRed };
struct Order {
  std::int64_t id = 0;
  std::string name;
  SchemaColor colors[2] = {};
};
WEIR_FIELDS(Order, id, name, colors)
struct Position {
  double x = 0;
  std::optional<Order> order;
};
struct Empty {};
struct Tree {
  std::int32_t value = 0;
  std::vector<Tree> children;
};
struct Forest {
  std::map<std::string, Tree> trees;
  std::vector<Forest> more;
};
struct Money {
  std::int64_t cents = 0;
};
struct Weight {
  std::int64_t grams = 0;
};
// Of the same bytes as Small; what is not a field only takes room in memory.
struct Small {
  std::int64_t id = 0;
};
WEIR_FIELDS(Small, id)
struct Roomy {
  std::int64_t id = 0;
  std::int64_t cache[40] = {};
};
WEIR_FIELDS(Roomy, id)
struct FakeMessage {
  static std::string GetTypeName() { return "shop.Item"; }
  std::size_t ByteSizeLong() const { return 0; }
  bool SerializeToArray(void*, int) const { return true; }
  bool ParseFromArray(const void*, int) { return true; }
  bool IsInitialized() const { return true; }
};

}  // namespace

template <>
struct Serializer<Money> {
  static void Write(ByteWriter& out, const Money& value) { out.WriteFixed(value.cents); }
  static bool Read(ByteReader& in, Money& value) { return in.ReadFixed(value.cents); }
  static std::string Schema() { return "money/1"; }
};
template <>
struct Serializer<Weight> {
  static void Write(ByteWriter& out, const Weight& value) { out.WriteFixed(value.grams); }
  static bool Read(ByteReader& in, Weight& value) { return in.ReadFixed(value.grams); }
};

namespace {

TEST(TypeSchema, OfWhatIsBuiltIn) {
  EXPECT_EQ(SchemaOf<std::int64_t>(), "i64");
  EXPECT_EQ(SchemaOf<unsigned char>(), "u8");
  EXPECT_EQ(SchemaOf<bool>(), "bool");
  EXPECT_EQ(SchemaOf<float>(), "f32");
  EXPECT_EQ(SchemaOf<SchemaColor>(), "u8");
  EXPECT_EQ(SchemaOf<std::string>(), "string");
  EXPECT_EQ((SchemaOf<std::vector<std::optional<double>>>()), "list<optional<f64>>");
  EXPECT_EQ((SchemaOf<std::array<std::int16_t, 3>>()), "i16[3]");
  EXPECT_EQ((SchemaOf<std::unordered_map<std::string, std::set<std::int32_t>>>()),
            "map<string,set<i32>>");
  EXPECT_EQ((SchemaOf<std::variant<bool, std::string>>()), "variant<bool,string>");
  EXPECT_EQ((SchemaOf<std::chrono::duration<std::int64_t, std::milli>>()), "i64 of 1/1000 s");
  EXPECT_EQ((SchemaOf<std::chrono::sys_time<std::chrono::duration<std::int64_t>>>()),
            "i64 of 1/1 s");
}

TEST(TypeSchema, OfStructs) {
  EXPECT_EQ(SchemaOf<Order>(), "{id:i64,name:string,colors:u8[2]}");
  EXPECT_EQ(SchemaOf<Position>(), "{f64,optional<{id:i64,name:string,colors:u8[2]}>}");
  EXPECT_EQ((SchemaOf<std::tuple<double, std::optional<Order>>>()), SchemaOf<Position>())
      << "which are the same bytes";
  EXPECT_EQ((SchemaOf<std::pair<bool, SchemaColor>>()), "{bool,u8}");
  EXPECT_EQ(SchemaOf<Empty>(), "{}");
}

TEST(TypeSchema, OfTypesWithinThemselves) {
  EXPECT_EQ(SchemaOf<Tree>(), "{i32,list<^1>}");
  EXPECT_EQ(SchemaOf<Forest>(), "{map<string,{i32,list<^1>}>,list<^1>}");
  EXPECT_EQ((SchemaOf<std::pair<Tree, Tree>>()), "{{i32,list<^1>},{i32,list<^1>}}");
}

TEST(TypeSchema, OfTypesThatWriteThemselves) {
  EXPECT_EQ(SchemaOf<std::vector<Money>>(), "list<money/1>");
  const std::string weight = SchemaOf<Weight>();
  EXPECT_EQ(weight.front(), '\'');
  EXPECT_NE(weight.find("Weight"), std::string::npos) << weight;
  EXPECT_EQ(SchemaOf<FakeMessage>(), "protobuf<shop.Item>");
}

TEST(TypeSchema, OfTables) {
  using internal::HeapTable;
  using internal::NoMapKey;
  using internal::NoNamespace;
  const internal::KeyGroupRange range{0, 128, 128};
  EXPECT_EQ((HeapTable<std::int64_t, NoNamespace, NoMapKey, Order>(range).schema()),
            "key=i64 value={id:i64,name:string,colors:u8[2]}");
  EXPECT_EQ((HeapTable<std::string, TimeWindow, std::uint32_t, bool>(range).schema()),
            "key=string namespace={start_ms:i64,end_ms:i64} map-key=u32 value=bool");
}

// How many records lie in an entry follows from their size: entries of another compile would be cut
// elsewhere, and read as if records were missing.
TEST(TypeSchema, TellsHowManyRecordsLieInAnEntry) {
  using internal::ListChunk;
  using internal::WindowChunk;
  ASSERT_EQ(SchemaOf<Small>(), SchemaOf<Roomy>());
  ASSERT_NE(WindowChunk<Small>::kCapacity, WindowChunk<Roomy>::kCapacity);
  EXPECT_EQ(SchemaOf<WindowChunk<Small>>(), "{u32,{i64,{id:i64}}[8]}");
  EXPECT_EQ(SchemaOf<WindowChunk<Roomy>>(), "{u32,{i64,{id:i64}}[1]}");
  ASSERT_NE(ListChunk<Small>::kCapacity, ListChunk<Roomy>::kCapacity);
  EXPECT_EQ(SchemaOf<ListChunk<Small>>(), "{{id:i64}[8]}");
  EXPECT_EQ(SchemaOf<ListChunk<Roomy>>(), "{{id:i64}[4]}");
}

}  // namespace
}  // namespace weir
