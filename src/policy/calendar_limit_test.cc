// SPDX-License-Identifier: Apache-2.0
#include "policy/calendar_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "policy/dice.h"
#include "policy/limiter.h"

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;
using namespace std::chrono;

constexpr Renewal kMidnight{};

WallTime utc(int year, unsigned month, unsigned day_of_month, Duration time = 0s) {
  return sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day_of_month)) +
         time;
}

RateLimit a_day(std::int64_t calls, Renewal renewal = kMidnight) {
  return {calls, 24h, renewal};
}

TEST(CalendarLimit, RenewalsOfTheDay) {
  struct Case {
    Renewal renewal;
    WallTime at, last, next;
  };
  const Case cases[] = {
      {kMidnight, utc(2026, 3, 1), utc(2026, 3, 1), utc(2026, 3, 2)},
      {kMidnight, utc(2026, 3, 1, 1ns), utc(2026, 3, 1), utc(2026, 3, 2)},
      {kMidnight, utc(2026, 2, 28, 23h), utc(2026, 2, 28), utc(2026, 3, 1)},
      {kMidnight, utc(2028, 2, 28, 23h), utc(2028, 2, 28), utc(2028, 2, 29)},
      {{.minute = 390}, utc(2026, 3, 1, 6h), utc(2026, 2, 28, 6h + 30min), utc(2026, 3, 1, 6h + 30min)},
      {{.minute = 390}, utc(2026, 3, 1, 7h), utc(2026, 3, 1, 6h + 30min), utc(2026, 3, 2, 6h + 30min)},
      // Midnight at +02:00 is 22:00 UTC of the day before.
      {{.minutes_of_utc = 120}, utc(2026, 3, 1, 21h), utc(2026, 2, 28, 22h), utc(2026, 3, 1, 22h)},
      {{.minutes_of_utc = -300}, utc(2026, 3, 1, 4h), utc(2026, 2, 28, 5h), utc(2026, 3, 1, 5h)},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(renewed_at(c.renewal, c.at), c.last);
    EXPECT_EQ(renewed_after(c.renewal, c.at), c.next);
  }
}

TEST(CalendarLimit, RenewalsOfTheMonth) {
  Renewal first{.every = Renewal::Every::kMonth};
  EXPECT_EQ(renewed_at(first, utc(2026, 2, 28, 12h)), utc(2026, 2, 1));
  EXPECT_EQ(renewed_after(first, utc(2026, 2, 28, 12h)), utc(2026, 3, 1));
  EXPECT_EQ(renewed_after(first, utc(2026, 12, 31, 12h)), utc(2027, 1, 1));
  EXPECT_EQ(renewed_at(first, utc(2027, 1, 1)), utc(2027, 1, 1));
  // In +02:00 the first of March begins on the last of February, 22:00 UTC.
  Renewal east{.every = Renewal::Every::kMonth, .minutes_of_utc = 120};
  EXPECT_EQ(renewed_at(east, utc(2026, 2, 28, 22h)), utc(2026, 2, 28, 22h));
  EXPECT_EQ(renewed_after(east, utc(2026, 2, 28, 21h)), utc(2026, 2, 28, 22h));
}

TEST(CalendarLimit, TheQuotaIsUsedUpAndRenewed) {
  CalendarLimit limit(a_day(3));
  Instant noon{1000s};
  limit.set_wall(utc(2026, 3, 1, 12h), noon);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(limit.next(noon), noon);
    limit.answered(limit.take(noon), noon);
  }
  // Midnight, and the margin: our clock may be ahead of the API's.
  EXPECT_EQ(limit.next(noon), noon + 12h + CalendarLimit::kMargin);
  EXPECT_EQ(limit.used_up_until(), noon + 12h + CalendarLimit::kMargin);
  Instant next_day = noon + 12h + CalendarLimit::kMargin;
  EXPECT_EQ(limit.next(next_day), next_day);
  EXPECT_EQ(limit.used(), 0);
}

TEST(CalendarLimit, NearARenewalACallCountsOnBothSides) {
  CalendarLimit limit(a_day(10));
  Instant midnight{100'000s};
  limit.set_wall(utc(2026, 3, 2), midnight);
  Instant just_before = midnight + 24h - 1s;
  for (int i = 0; i < 4; ++i) limit.answered(limit.take(just_before), just_before);
  Instant after = midnight + 24h + 1min;
  EXPECT_EQ(limit.next(after), after);
  EXPECT_EQ(limit.used(), 4);
}

TEST(CalendarLimit, WhatIsUnderWayAtTheRenewalCountsInTheNewPeriodToo) {
  CalendarLimit limit(a_day(10));
  Instant evening{100'000s};
  limit.set_wall(utc(2026, 3, 1, 23h), evening);
  PermitUse slow = limit.take(evening, 4);
  Instant after = evening + 2h;
  EXPECT_EQ(limit.next(after), after);
  EXPECT_EQ(limit.used(), 4);
  limit.answered(slow, after);
  EXPECT_EQ(limit.used(), 4);
}

TEST(CalendarLimit, WhatNeverLeftIsGivenBack) {
  CalendarLimit limit(a_day(1));
  Instant noon{1000s};
  limit.set_wall(utc(2026, 3, 1, 12h), noon);
  limit.unsent(limit.take(noon));
  EXPECT_EQ(limit.next(noon), noon);
}

TEST(CalendarLimit, RemembersTheSendsOfThisPeriodOnly) {
  CalendarLimit limit(a_day(10));
  Instant noon{1'000'000s};
  limit.set_wall(utc(2026, 3, 1, 12h), noon);
  limit.remember(noon - 1h, 7);
  limit.remember(noon - 13h, 3);
  EXPECT_EQ(limit.used(), 7);
  EXPECT_EQ(limit.next(noon, 3), noon);
  EXPECT_GT(limit.next(noon, 4), noon);
}

TEST(CalendarLimit, AClockThatIsSetBackGivesNoSecondQuota) {
  CalendarLimit limit(a_day(5));
  Instant start{1'000'000s};
  limit.set_wall(utc(2026, 3, 1, 23h + 59min), start);
  Instant morning = start + 10min;
  ASSERT_EQ(limit.next(morning, 5), morning);
  limit.answered(limit.take(morning, 5), morning);
  limit.set_wall(utc(2026, 3, 1, 20h), morning);
  EXPECT_GT(limit.next(morning + 4h + 1min), morning + 24h);
}

// Days of random work, seen by a server whose clock is up to two seconds off, with delays and lost calls: in
// no day of the server's are there more calls than the quota has.
TEST(CalendarLimit, NeverMoreThanTheQuotaInADayOfTheServers) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Dice dice(seed);
    LimitSpec spec;
    spec.rate = {a_day(500), {20, 1min}};
    Limiter limiter(spec);
    Instant now{1'000'000s};
    WallTime wall = utc(2026, 3, 1, 20h);
    limiter.set_wall(wall, now);
    Duration ahead = from_seconds(2 * (2 * dice.share() - 1));  // the server's clock
    std::map<WallTime, int> days;
    Instant end = now + 4 * 24h;
    Instant begin = now;
    while (now < end) {
      Instant next = limiter.next(now);
      if (next > now) {
        now = next;
        continue;
      }
      Permit permit = limiter.take(now);
      limiter.sent(permit, now);
      Duration delay = from_seconds(dice.share());
      Duration more = dice.share() < 0.01 ? from_seconds(20 * dice.share()) : Duration(0);
      // Counted at any time until its answer.
      WallTime counted = wall + (now - begin) + ahead + from_seconds(dice.share() * seconds(delay));
      ++days[floor<std::chrono::days>(counted)];
      limiter.answered(permit, now, now + delay + more);
      if (dice.share() < 0.002) now += from_seconds(3600 * dice.share());
    }
    ASSERT_GE(days.size(), 4u);
    for (const auto& [day, calls] : days) EXPECT_LE(calls, 500) << "seed " << seed;
    // And it is used: of the second and third day nearly all.
    EXPECT_GE(std::next(days.begin())->second, 440) << "seed " << seed;
  }
}

TEST(CalendarAudit, CountsFromRenewalToRenewal) {
  CalendarAudit audit(kMidnight);
  audit.add(utc(2026, 3, 1, 23h), 3);
  audit.add(utc(2026, 3, 2), 2);
  audit.add(utc(2026, 3, 2, 5h), 2);
  audit.add(utc(2026, 3, 3, 5h), 1);
  EXPECT_EQ(audit.worst(), 4);
  EXPECT_EQ(audit.worst_end(), utc(2026, 3, 3));
}

}  // namespace
}  // namespace rowcall::policy
