// SPDX-License-Identifier: Apache-2.0
#include "table/calendar.h"

#include <gtest/gtest.h>

namespace rowcall::table {
namespace {

std::string date(std::int64_t days) {
  std::string out;
  append_date(out, days);
  return out;
}

std::string timestamp(std::int64_t count, std::int64_t per_second, bool utc = true) {
  std::string out;
  append_timestamp(out, count, per_second, utc);
  return out;
}

TEST(Calendar, Dates) {
  EXPECT_EQ(date(0), "1970-01-01");
  EXPECT_EQ(date(-1), "1969-12-31");
  EXPECT_EQ(date(11016), "2000-02-29");
  EXPECT_EQ(date(-719528), "0000-01-01");
  EXPECT_EQ(date(100'000'000'000), "100000000000 days since 1970-01-01");
}

TEST(Calendar, TimestampsShowAsFewDigitsAsAreExact) {
  EXPECT_EQ(timestamp(0, 1), "1970-01-01T00:00:00Z");
  EXPECT_EQ(timestamp(1'709'211'907'250, 1'000), "2024-02-29T13:05:07.250Z");
  EXPECT_EQ(timestamp(1'709'211'907'000'001, 1'000'000), "2024-02-29T13:05:07.000001Z");
  EXPECT_EQ(timestamp(1'709'211'907'000'000'001, 1'000'000'000, false), "2024-02-29T13:05:07.000000001");
  EXPECT_EQ(timestamp(-1, 1'000), "1969-12-31T23:59:59.999Z");
}

TEST(Calendar, Durations) {
  std::string out;
  append_duration(out, 1'500, 1'000);
  append_duration(out, -2, 1);
  EXPECT_EQ(out, "PT1.500S-PT2S");
}

TEST(Calendar, ParsesWhatItWrites) {
  for (std::int64_t micros : {0L, 1'709'211'907'250'000L, -1L, -62'135'596'800'000'000L}) {
    EXPECT_EQ(parse_timestamp(timestamp(micros, 1'000'000)), micros);
  }
  for (std::int64_t days : {0L, 19'782L, -25'000L}) EXPECT_EQ(parse_date(date(days)), days);
}

TEST(Calendar, UnderstandsTheUsualForms) {
  std::int64_t expected = 1'709'211'907'000'000;
  EXPECT_EQ(parse_timestamp("2024-02-29T13:05:07Z"), expected);
  EXPECT_EQ(parse_timestamp("2024-02-29 13:05:07"), expected);
  EXPECT_EQ(parse_timestamp("2024-02-29T14:05:07+01:00"), expected);
  EXPECT_EQ(parse_timestamp("2024-02-29T08:35:07-0430"), expected);
  EXPECT_EQ(parse_timestamp("2024-02-29T14:05:07+01"), expected);
  EXPECT_EQ(parse_timestamp("2024-02-29T13:05"), expected - 7'000'000);
  EXPECT_EQ(parse_timestamp("2024-02-29"), expected - (13 * 3600 + 5 * 60 + 7) * 1'000'000LL);
  EXPECT_EQ(parse_timestamp("2024-02-29T13:05:07.1234567Z"), expected + 123'456);
}

TEST(Calendar, RefusesWhatIsNoDate) {
  for (const char* text : {"", "2024-02-30", "2023-02-29", "24-02-28", "2024-2-8", "2024-02-29x", "noon"}) {
    EXPECT_EQ(parse_date(text), std::nullopt) << text;
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
  for (const char* text : {"2024-02-29T25:00:00", "2024-02-29T13:60", "2024-02-29T13:05:07+", "2024-02-29T",
                           "2024-02-29T13:05:07.", "2024-02-29T13:05:07 UTC"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace rowcall::table
