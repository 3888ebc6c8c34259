// SPDX-License-Identifier: Apache-2.0
// `generate`: a table of made-up customers, into any of the formats.
#include <arrow/builder.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/stdio.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/parse.h"
#include "base/try.h"
#include "files/checked.h"
#include "files/customers.h"
#include "files/file_kind.h"
#include "files/files.h"
#include "files/output_file.h"
#include "files/packed_stream.h"
#include "files/parquet_writer.h"
#include "files/storage.h"

namespace rowcall::files {
namespace {

using Stream = std::shared_ptr<arrow::io::OutputStream>;

Result<FileKind> kind_of(const GenerateSpec& spec) {
  if (spec.records < 0) {
    return failure({ErrorCode::kSetting, "--records", std::to_string(spec.records), "0 or more", ""});
  }
  if (!(spec.error_rate >= 0 && spec.error_rate <= 1)) {
    return failure({ErrorCode::kSetting, "--error-rate", std::to_string(spec.error_rate), "0 to 1", ""});
  }
  if (spec.row_group_rows < 1) {
    return failure(
        {ErrorCode::kSetting, "--batch-size", std::to_string(spec.row_group_rows), "1 or more", ""});
  }
  FileKind kind = kind_of_name(spec.path);
  if (spec.format != FileFormat::kAuto) kind.format = spec.format;
  if (kind.format == FileFormat::kAuto || kind.format == FileFormat::kJson) {
    return failure({ErrorCode::kSetting, "--format", "the name \"" + spec.path + "\" does not say it",
                    "csv, ndjson or parquet", ""});
  }
  if (kind.format == FileFormat::kParquet && (spec.path == "-" || kind.compression != Compression::kNone)) {
    return failure({ErrorCode::kSetting, "--out", "Parquet to \"" + spec.path + "\"",
                    "a file without .gz or .zst: Parquet ends in an index and compresses inside", ""});
  }
  return kind;
}

Result<std::int64_t> write_text(const GenerateSpec& spec, const FileKind& kind, const Stream& out,
                                const Place& place) {
  constexpr std::size_t kPiece = 256 << 10;
  Customers customers(spec.seed, spec.error_rate);
  Customer customer;
  bool csv = kind.format == FileFormat::kCsv;
  std::string text(csv ? kCustomerCsvHeader : std::string_view());
  std::int64_t broken = 0;
  for (std::int64_t number = 0; number < spec.records; ++number) {
    customers.make(number, customer);
    Breakage breakage = csv ? customers.in_csv(number) : customers.in_ndjson(number);
    broken += breakage != Breakage::kNone ? 1 : 0;
    csv ? append_csv(text, customer, breakage) : append_ndjson(text, customer, breakage);
    if (text.size() < kPiece) continue;
    TRY_VOID(checked(out->Write(text.data(), static_cast<std::int64_t>(text.size())), place, "write"));
    text.clear();
  }
  TRY_VOID(checked(out->Write(text.data(), static_cast<std::int64_t>(text.size())), place, "write"));
  return broken;
}

std::shared_ptr<arrow::Schema> customer_schema() {
  return arrow::schema({arrow::field("customer_id", arrow::int64()), arrow::field("email", arrow::utf8()),
                        arrow::field("name", arrow::utf8()), arrow::field("amount", arrow::float64()),
                        arrow::field("signup", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                        arrow::field("active", arrow::boolean()), arrow::field("country", arrow::utf8()),
                        arrow::field("note", arrow::utf8())});
}

// Columns of customers under way.
struct Columns {
  arrow::Int64Builder id;
  arrow::StringBuilder email;
  arrow::StringBuilder name;
  arrow::DoubleBuilder amount;
  arrow::TimestampBuilder signup{arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                                 arrow::default_memory_pool()};
  arrow::BooleanBuilder active;
  arrow::StringBuilder country;
  arrow::StringBuilder note;

  arrow::Status add(const Customer& customer, bool broken) {
    ARROW_RETURN_NOT_OK(id.Append(customer.id));
    ARROW_RETURN_NOT_OK(email.Append(customer.email));
    ARROW_RETURN_NOT_OK(name.Append(customer.name));
    ARROW_RETURN_NOT_OK(amount.Append(static_cast<double>(customer.amount_cents) / 100));
    ARROW_RETURN_NOT_OK(signup.Append(customer.signup * 1'000'000));
    ARROW_RETURN_NOT_OK(active.Append(customer.active));
    ARROW_RETURN_NOT_OK(country.Append(customer.country));
    return note.Append(broken ? with_bad_utf8(customer.note) : customer.note);
  }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> take() {
    std::int64_t rows = id.length();
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (arrow::ArrayBuilder* builder : std::initializer_list<arrow::ArrayBuilder*>{
             &id, &email, &name, &amount, &signup, &active, &country, &note}) {
      ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), builder->Finish());
    }
    return arrow::RecordBatch::Make(customer_schema(), rows, std::move(columns));
  }
};

Result<std::int64_t> write_parquet(const GenerateSpec& spec, const Stream& out, const Place& place) {
  constexpr std::int64_t kBatchRows = 8192;
  ParquetOptions options;
  options.row_group_rows = spec.row_group_rows;
  TRY(ParquetWriter writer, ParquetWriter::make(customer_schema(), options, out, place));
  Customers customers(spec.seed, spec.error_rate);
  Customer customer;
  Columns columns;
  std::int64_t broken = 0;
  for (std::int64_t number = 0; number < spec.records; ++number) {
    customers.make(number, customer);
    bool is_broken = customers.is_broken(number);
    broken += is_broken ? 1 : 0;
    TRY_VOID(checked(columns.add(customer, is_broken), place, "write"));
    if (columns.id.length() < kBatchRows && number + 1 < spec.records) continue;
    TRY(auto batch, checked(columns.take(), place, "write"));
    TRY_VOID(writer.write(batch));
  }
  TRY_VOID(writer.close());
  return broken;
}

Result<std::int64_t> write_table(const GenerateSpec& spec, const FileKind& kind, const Stream& out,
                                 const Place& place) {
  if (kind.format == FileFormat::kParquet) return write_parquet(spec, out, place);
  if (kind.compression == Compression::kNone) return write_text(spec, kind, out, place);
  TRY(Stream packing, packed(out, kind.compression, place));
  auto broken = write_text(spec, kind, packing, place);
  if (!broken) static_cast<void>(packing->Abort());
  if (broken) TRY_VOID(checked(packing->Close(), place, "write"));
  return broken;
}

}  // namespace

Result<Generated> generate(const GenerateSpec& spec) {
  TRY(FileKind kind, kind_of(spec));
  TRY(Place place, place_of(spec.path));
  Generated made;
  made.records = spec.records;
  if (spec.path == "-") {
    auto out = std::make_shared<arrow::io::StdoutStream>();
    TRY(made.broken, write_table(spec, kind, out, place));
    TRY(made.bytes, checked(out->Tell(), place, "write"));
    return made;
  }
  TRY(OutputFile file, OutputFile::create(place, spec.s3));
  TRY(made.broken, write_table(spec, kind, file.stream(), place));
  TRY(made.bytes, file.commit());
  return made;
}

}  // namespace rowcall::files
