// SPDX-License-Identifier: Apache-2.0
#include "files/part_writer.h"

#include <utility>

#include "base/try.h"

namespace rowcall::files {

Result<PartWriter::Encoder> PartWriter::encoder(const ArrowSchema& schema, const PartFormat& format,
                                                const OutputFile& file) {
  if (format.kind.format != FileFormat::kParquet) {
    TRY(TextWriter text, TextWriter::make(schema, format.kind.format, format.kind.compression, format.ends,
                                          file.stream(), file.place()));
    return Encoder(std::move(text));
  }
  TRY(std::shared_ptr<arrow::Schema> imported, schema_of(schema, file.place()));
  if (format.staged) {
    TRY(StagedWriter staged, StagedWriter::make(imported, file.stream(), file.place()));
    return Encoder(std::move(staged));
  }
  TRY(ParquetWriter parquet,
      ParquetWriter::make(std::move(imported), format.parquet, file.stream(), file.place()));
  return Encoder(std::move(parquet));
}

Result<PartWriter> PartWriter::begin(const ArrowSchema& schema, const PartFormat& format, const Place& place,
                                     const S3Spec& s3) {
  TRY(OutputFile file, OutputFile::create(place, s3));
  TRY(Encoder made, encoder(schema, format, file));
  return PartWriter(std::move(file), std::make_unique<Encoder>(std::move(made)));
}

Result<void> PartWriter::write(OwnedArray rows) {
  rows_ += rows->length;
  return std::visit([&](auto& encoder) { return encoder.write(std::move(rows)); }, *encoder_);
}

Result<std::int64_t> PartWriter::commit() {
  TRY_VOID(std::visit([](auto& encoder) { return encoder.close(); }, *encoder_));
  encoder_.reset();
  return file_.commit();
}

}  // namespace rowcall::files
