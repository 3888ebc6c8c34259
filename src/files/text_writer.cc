// SPDX-License-Identifier: Apache-2.0
#include "files/text_writer.h"

#include <arrow/io/interfaces.h>

#include <utility>

#include "base/json_text.h"
#include "base/try.h"
#include "files/checked.h"
#include "files/packed_stream.h"

namespace rowcall::files {
namespace {

constexpr std::size_t kBufferBytes = 256 << 10;

}  // namespace

Result<TextWriter> TextWriter::make(const ArrowSchema& schema, FileFormat format, Compression compression,
                                    TableEnds ends, std::shared_ptr<arrow::io::OutputStream> out,
                                    Place place) {
  TRY(table::RowReader reader, table::RowReader::make(schema));
  TextWriter writer(std::move(reader));
  writer.format_ = format;
  writer.ends_ = ends;
  writer.place_ = std::move(place);
  writer.out_ = std::move(out);
  if (compression != Compression::kNone) {
    TRY(writer.out_, packed(writer.out_, compression, writer.place_));
    writer.packed_ = true;
  }
  for (int c = 0; c < writer.reader_.columns(); ++c) {
    std::string key(c == 0 ? "{" : ",");
    json::append_string(key, writer.reader_.name(c));
    writer.keys_.push_back(key + ":");
  }
  if (format == FileFormat::kCsv && ends.begin) writer.append_header();
  return writer;
}

// A compressing stream that is destroyed open would still write, perhaps to a file that is gone.
TextWriter::~TextWriter() {
  if (packed_ && out_) static_cast<void>(out_->Abort());
}

void TextWriter::append_header() {
  for (int c = 0; c < reader_.columns(); ++c) {
    if (c > 0) buffer_ += ',';
    append_csv_cell(reader_.name(c));
  }
  buffer_ += '\n';
}

Result<void> TextWriter::write(OwnedArray rows) {
  TRY_VOID(reader_.look_at(*rows.get()));
  for (std::int64_t row = 0; row < reader_.rows(); ++row) {
    if (format_ == FileFormat::kCsv) {
      append_csv(row);
    } else {
      append_object(row);
    }
    if (buffer_.size() >= kBufferBytes) TRY_VOID(flush());
  }
  return {};
}

void TextWriter::append_csv(std::int64_t row) {
  for (int c = 0; c < reader_.columns(); ++c) {
    if (c > 0) buffer_ += ',';
    if (reader_.is_null(c, row)) {
      if (reader_.columns() == 1) buffer_ += "\"\"";
      continue;
    }
    cell_.clear();
    reader_.append_text(cell_, c, row);
    append_csv_cell(cell_);
  }
  buffer_ += '\n';
}

void TextWriter::append_csv_cell(std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    buffer_ += text;
    return;
  }
  buffer_ += '"';
  for (std::size_t from = 0;;) {
    std::size_t quote = text.find('"', from);
    buffer_ += text.substr(from, quote == std::string_view::npos ? quote : quote - from + 1);
    if (quote == std::string_view::npos) break;
    buffer_ += '"';
    from = quote + 1;
  }
  buffer_ += '"';
}

void TextWriter::append_object(std::int64_t row) {
  if (format_ == FileFormat::kJson) buffer_ += empty_ && ends_.begin ? "[\n" : ",\n";
  empty_ = false;
  if (keys_.empty()) buffer_ += '{';
  for (int c = 0; c < reader_.columns(); ++c) {
    buffer_ += keys_[static_cast<std::size_t>(c)];
    reader_.append_json(buffer_, c, row);
  }
  buffer_ += '}';
  if (format_ == FileFormat::kNdjson) buffer_ += '\n';
}

Result<void> TextWriter::flush() {
  auto status = out_->Write(buffer_.data(), static_cast<std::int64_t>(buffer_.size()));
  buffer_.clear();
  return checked(status, place_, "write");
}

Result<void> TextWriter::close() {
  if (format_ == FileFormat::kJson && ends_.end) buffer_ += empty_ && ends_.begin ? "[]\n" : "\n]\n";
  TRY_VOID(flush());
  if (packed_) return checked(out_->Close(), place_, "write");
  return {};
}

}  // namespace rowcall::files
