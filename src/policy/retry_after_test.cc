// SPDX-License-Identifier: Apache-2.0
#include "policy/retry_after.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

std::optional<Duration> asked(std::string_view value, std::string_view date = kDate) {
  return retry_after(value, date, 300s);
}

/// A system time as an HTTP date.
std::string as_date(std::time_t at) {
  char text[64];
  std::tm parts{};
  ::gmtime_r(&at, &parts);
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

TEST(RetryAfter, Seconds) {
  EXPECT_EQ(asked("120"), Duration(120s));
  EXPECT_EQ(asked("0"), Duration(0));
  EXPECT_EQ(asked(" 7 "), Duration(7s));
  EXPECT_EQ(asked("1.5"), Duration(1500ms));
  EXPECT_EQ(asked("0.001"), Duration(1ms));
}

TEST(RetryAfter, IsCapped) {
  EXPECT_EQ(asked("301"), Duration(300s));
  EXPECT_EQ(asked("1000000000"), Duration(300s));
  EXPECT_EQ(asked("1e300"), Duration(300s));
  EXPECT_EQ(asked("Sun, 06 Nov 2094 08:49:37 GMT"), Duration(300s));
  EXPECT_EQ(retry_after("10", "", Duration(0)), Duration(0));
}

TEST(RetryAfter, NeitherFormIsNothing) {
  for (const char* value :
       {"", "soon", "-1", "-0.5", "1 s", "1,5", "nan", "inf", "0x10", "12:00", "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT+1", "Sun, 46 Nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(asked(value), std::nullopt) << value;
  }
}

TEST(RetryAfter, ADateCountsFromTheAnswersOwnDate) {
  EXPECT_EQ(asked("Sun, 06 Nov 1994 08:50:00 GMT"), Duration(23s));
  EXPECT_EQ(asked("Sunday, 06-Nov-94 08:50:00 GMT"), Duration(23s));
  EXPECT_EQ(asked("Sun Nov  6 08:50:00 1994"), Duration(23s));
  EXPECT_EQ(asked("Sun, 06 Nov 1994 08:50:00 GMT", "Sun Nov  6 08:49:00 1994"), Duration(60s));
}

TEST(RetryAfter, ADateThatHasPassedMeansZero) {
  EXPECT_EQ(asked(kDate), Duration(0));
  EXPECT_EQ(asked("Sun, 06 Nov 1994 08:49:36 GMT"), Duration(0));
  EXPECT_EQ(asked("Thu, 01 Jan 1970 00:00:00 GMT"), Duration(0));
}

TEST(RetryAfter, WithoutADateHeaderTheSystemClockCounts) {
  for (std::string_view date : {"", "yesterday"}) {
    EXPECT_EQ(asked(kDate, date), Duration(0));
    EXPECT_EQ(asked("Sun, 06 Nov 2094 08:49:37 GMT", date), Duration(300s));
    auto in_200_s = asked(as_date(std::time(nullptr) + 200), date);
    ASSERT_TRUE(in_200_s);
    EXPECT_LE(*in_200_s, 200s);
    EXPECT_GT(*in_200_s, 100s);
  }
}

TEST(HttpDate, AllThreeForms) {
  constexpr std::int64_t kSeconds = 784'111'777;  // the example of RFC 9110
  EXPECT_EQ(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kSeconds);
  EXPECT_EQ(http_date("Sunday, 06-Nov-94 08:49:37 GMT"), kSeconds);
  EXPECT_EQ(http_date("Sun Nov  6 08:49:37 1994"), kSeconds);
  EXPECT_EQ(http_date("  Sun, 06 Nov 1994 08:49:37 GMT "), kSeconds);
  EXPECT_EQ(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  EXPECT_EQ(http_date("Thu, 29 Feb 2024 23:59:60 GMT"), 1'709'251'200);  // a leap second
  EXPECT_EQ(http_date("784111777"), std::nullopt);
}

}  // namespace
}  // namespace rowcall::policy
