// SPDX-License-Identifier: Apache-2.0
#include "ledger/segment.h"

#include <gtest/gtest.h>

namespace rowcall::ledger {
namespace {

TEST(Segment, RecordsComeBackInOrder) {
  SegmentWriter writer;
  EXPECT_TRUE(writer.empty());
  writer.add({1'000'000, Ending::kOk, "one"});
  writer.add({7, Ending::kFailed, ""});
  writer.add({1'000'001, Ending::kNoMatch, std::string_view("a\0b", 3)});
  EXPECT_GT(writer.bytes(), 0);
  std::vector<Segment> segments = writer.take();
  EXPECT_TRUE(writer.empty());
  EXPECT_EQ(writer.bytes(), 0);
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(segments[0].first_row, 7);
  EXPECT_EQ(segments[0].last_row, 1'000'001);
  EXPECT_EQ(segments[0].rows, 3);
  SegmentReader reader(segments[0]);
  auto first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->row, 1'000'000);
  EXPECT_EQ(first->values, "one");
  auto second = reader.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->row, 7);
  EXPECT_EQ(second->ending, Ending::kFailed);
  auto third = reader.next();
  ASSERT_TRUE(third);
  EXPECT_EQ(third->row, 1'000'001);
  EXPECT_EQ(third->values, std::string_view("a\0b", 3));
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.damaged());
}

TEST(Segment, ALongOneIsCut) {
  SegmentWriter writer;
  std::string megabyte(1 << 20, 'x');
  for (int row = 0; row < 20; ++row) writer.add({row, Ending::kOk, megabyte});
  std::vector<Segment> segments = writer.take();
  ASSERT_EQ(segments.size(), 3u);
  int row = 0;
  for (const Segment& segment : segments) {
    EXPECT_LE(segment.data.size(), 8u << 20);
    SegmentReader reader(segment);
    while (auto record = reader.next()) EXPECT_EQ(record->row, row++);
  }
  EXPECT_EQ(row, 20);
}

TEST(Segment, WhatIsCutOffIsDamaged) {
  SegmentWriter writer;
  writer.add({3, Ending::kOk, "value"});
  Segment whole = writer.take()[0];
  for (std::size_t length = 1; length < whole.data.size(); ++length) {
    Segment part = whole;
    part.data.resize(length);
    SegmentReader reader(part);
    EXPECT_FALSE(reader.next()) << length;
    EXPECT_TRUE(reader.damaged()) << length;
    EXPECT_FALSE(reader.next());
  }
  Segment wrong = whole;
  wrong.data[1] = 9;  // no such ending
  SegmentReader reader(wrong);
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.damaged());
}

}  // namespace
}  // namespace rowcall::ledger
