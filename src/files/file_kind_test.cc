// SPDX-License-Identifier: Apache-2.0
#include "files/file_kind.h"

#include <gtest/gtest.h>

namespace rowcall::files {
namespace {

TEST(FileKind, NameSaysFormatAndCompression) {
  EXPECT_EQ(kind_of_name("a/b.csv"), (FileKind{FileFormat::kCsv, Compression::kNone}));
  EXPECT_EQ(kind_of_name("B.CSV.GZ"), (FileKind{FileFormat::kCsv, Compression::kGzip}));
  EXPECT_EQ(kind_of_name("x.jsonl.zst"), (FileKind{FileFormat::kNdjson, Compression::kZstd}));
  EXPECT_EQ(kind_of_name("x.ndjson"), (FileKind{FileFormat::kNdjson, Compression::kNone}));
  EXPECT_EQ(kind_of_name("x.json"), (FileKind{FileFormat::kJson, Compression::kNone}));
  EXPECT_EQ(kind_of_name("x.pq"), (FileKind{FileFormat::kParquet, Compression::kNone}));
  EXPECT_EQ(kind_of_name("x.gz"), (FileKind{FileFormat::kAuto, Compression::kGzip}));
  EXPECT_EQ(kind_of_name("csv"), FileKind{});
  EXPECT_EQ(kind_of_name(""), FileKind{});
}

TEST(FileKind, EndingIsReadBack) {
  for (FileFormat format : {FileFormat::kCsv, FileFormat::kNdjson, FileFormat::kJson, FileFormat::kParquet}) {
    for (Compression compression : {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
      FileKind kind{format, compression};
      EXPECT_EQ(kind_of_name("part" + ending_of(kind)), kind) << ending_of(kind);
    }
  }
}

}  // namespace
}  // namespace rowcall::files
