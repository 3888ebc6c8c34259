// SPDX-License-Identifier: Apache-2.0
#include "files/source_for_tests.h"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/memory.h>
#include <arrow/util/compression.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/json_text.h"
#include "files/files.h"
#include "table/row_reader.h"
#include "table/schema.h"

namespace rowcall::files {

std::string put(const TestFolder& folder, const std::string& name, std::string_view content) {
  std::filesystem::create_directories((folder / name).parent_path());
  std::ofstream(folder / name, std::ios::binary) << content;
  return folder.text(name);
}

namespace {

void take_batch(const SourceBatch& batch, const table::RowReader& reader, ReadTable& table) {
  std::int64_t number = batch.position.row;
  std::size_t unreadable = 0;
  auto pass_unreadable = [&] {
    for (; unreadable < batch.unreadable.size() && batch.unreadable[unreadable].row == number; ++number)
      ++unreadable;
  };
  for (std::int64_t row = 0; row < reader.rows(); ++row) {
    pass_unreadable();
    std::string text;
    {
      json::Object object(text);
      for (int c = 0; c < reader.columns(); ++c) reader.append_json(object.key(reader.name(c)), c, row);
    }
    table.rows.push_back(std::move(text));
    table.numbers.push_back(number++);
  }
  pass_unreadable();
  EXPECT_EQ(number, batch.position.row + batch.records());
}

}  // namespace

ReadTable read_table(const SourceSpec& spec, SourcePosition from) {
  ReadTable table;
  auto fail = [&](const Error& error) {
    table.error = error;
    table.failed = true;
    return table;
  };
  auto source = open_source(spec, {});
  if (!source) return fail(source.error());
  auto schema = (*source)->schema();
  if (!schema) return fail(schema.error());
  table.columns = table::described(*schema->get());
  auto info = (*source)->info();
  if (!info) return fail(info.error());
  table.info = *info;
  std::int64_t next = 0;
  if (from.file >= 0) {
    auto sought = (*source)->seek(from);
    if (!sought) return fail(sought.error());
    next = from.row;
  }
  auto reader = table::RowReader::make(*schema->get());
  if (!reader) return fail(reader.error());
  for (;;) {
    auto batch = (*source)->next();
    if (!batch) {
      auto again = (*source)->next();
      EXPECT_FALSE(again);
      EXPECT_EQ(again.error().text(), batch.error().text());
      return fail(batch.error());
    }
    if (!batch->has_value()) return table;
    const SourceBatch& got = **batch;
    EXPECT_EQ(got.position.row, next);
    EXPECT_LE(got.records(), spec.batch_size);
    next += got.records();
    auto looked = reader->look_at(*got.rows.get());
    if (!looked) return fail(looked.error());
    take_batch(got, *reader, table);
    table.unreadable.insert(table.unreadable.end(), got.unreadable.begin(), got.unreadable.end());
    table.positions.push_back(got.position);
    table.files.push_back(got.file);
  }
}

ReadTable read_table(const std::string& path) {
  SourceSpec spec;
  spec.paths = {path};
  return read_table(spec);
}

std::string packed_text(std::string_view text, Compression compression) {
  auto type = compression == Compression::kGzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD;
  auto codec = arrow::util::Codec::Create(type).ValueOrDie();
  auto bytes = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto stream = arrow::io::CompressedOutputStream::Make(codec.get(), bytes).ValueOrDie();
  EXPECT_TRUE(stream->Write(text.data(), static_cast<std::int64_t>(text.size())).ok());
  EXPECT_TRUE(stream->Close().ok());
  return bytes->Finish().ValueOrDie()->ToString();
}

}  // namespace rowcall::files
