// CSV files in parts, read by whoever is free, and text files out: a folder for each shop.
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/connectors/files.h>
#include <weir/formats/csv.h>

#include "tests/jobs/golden_job.h"

namespace weir::golden::files_in_and_out {
namespace {

struct Sale {
  std::string shop;
  std::int64_t cents = 0;
  std::int64_t time_ms = 0;
  std::string note;
};
WEIR_FIELDS(Sale, shop, cents, time_ms, note)

struct Total {
  std::int64_t sales = 0;
  std::int64_t cents = 0;
};
WEIR_FIELDS(Total, sales, cents)

struct AddUp {
  Total CreateAccumulator() const { return {}; }
  void Add(const Sale& sale, Total& total) const {
    ++total.sales;
    total.cents += sale.cents;
  }
  void Merge(Total& into, const Total& from) const {
    into.sales += from.sales;
    into.cents += from.cents;
  }
  Total GetResult(const Total& total) const { return total; }
};

struct ByShop {
  std::string_view operator()(const std::string& line, const files::BucketContext&) const {
    return std::string_view(line).substr(0, line.find(' '));
  }
};

void Files(GoldenJob& golden) {
  // All times are within 3 s: whichever part is read first, nothing is late.
  const auto times =
      WatermarkStrategy<Sale>::ForBoundedOutOfOrderness(10'000).WithTimestampAssigner(
          [](const Sale& sale) { return sale.time_ms; });
  const csv::CsvFormat<Sale> format({.header = true, .line_breaks_in_fields = false});
  const auto sales = golden.env()
                         .FromSource(files::FileSource(format)
                                         .Path(golden.folder() + "/sales")
                                         .SplitBytes(200)
                                         .From(golden.file_system()),
                                     times, "sales")
                         .Uid("sales");
  const auto windows =
      sales.KeyBy(&Sale::shop)
          .Window(TumblingEventTimeWindows::Of(1'000))
          .Aggregate(AddUp(),
                     [](const std::string& shop, WindowContext<std::string>& context,
                        const WindowElements<Total>& total, Collector<std::string>& out) {
                       out.Collect(shop + " window " + std::to_string(context.window().start_ms) +
                                   " " + std::to_string(total[0].sales) + " " +
                                   std::to_string(total[0].cents));
                     })
          .Uid("windows");
  const auto large =
      sales.Filter([](const Sale& sale) { return sale.cents >= 400; }).Map([](const Sale& sale) {
        return sale.shop + " large " + std::to_string(sale.cents) + " " + sale.note;
      });
  golden.ExpectFiles(windows.Union(large), files::FileSink(TextFormat(), golden.output())
                                               .RollAtBytes(100)
                                               .PartSuffix(".txt")
                                               .Assigner(ByShop()));
}

}  // namespace

GOLDEN_JOB(Files)

}  // namespace weir::golden::files_in_and_out
