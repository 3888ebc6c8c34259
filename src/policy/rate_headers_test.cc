// SPDX-License-Identifier: Apache-2.0
#include "policy/rate_headers.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;

constexpr const char* kDate = "Sun, 06 Nov 1994 08:49:37 GMT";  // 784111777

// A quota as one line of text: "name limit/window remaining@reset", "-" for what is missing.
std::string text_of(const Quota& quota) {
  auto number = [](const std::optional<std::int64_t>& n) { return n ? std::to_string(*n) : "-"; };
  auto span = [](const std::optional<Duration>& d) { return d ? std::to_string(*d / 1ms) + "ms" : "-"; };
  return quota.name + " " + number(quota.limit) + "/" + span(quota.window) + " " + number(quota.remaining) +
         "@" + span(quota.reset) + (quota.reset && !quota.whole_seconds ? " exact" : "") +
         (quota.of_calls ? "" : " other");
}

std::string text_of(const std::vector<Quota>& quotas) {
  std::string out;
  for (const Quota& quota : quotas) out += (out.empty() ? "" : "; ") + text_of(quota);
  return out;
}

struct Case {
  const char* lines;
  const char* expected;
};

TEST(RateHeaders, EveryDialect) {
  const Case cases[] = {
      // The draft as it is now.
      {"RateLimit: \"default\";r=50;t=30\n", "default -/- 50@30000ms"},
      {"RateLimit-Policy: \"default\";q=100;w=60\n", "default 100/60000ms -@-"},
      {"RateLimit-Policy: \"a\";q=100;w=60, \"b\";q=5000;w=3600\nRateLimit: \"b\";r=0;t=7\n",
       "a 100/60000ms -@-; b 5000/3600000ms 0@7000ms"},
      {"RateLimit-Policy: \"x\";q=65535;w=10;qu=\"content-bytes\"\n", "x 65535/10000ms -@- other"},
      {"RateLimit-Policy: \"x\";q=10;w=1;qu=\"requests\";pk=:dsadfhg:\n", "x 10/1000ms -@-"},
      {"RateLimit: \"default\"; r=50 ; t=30\n", "default -/- 50@30000ms"},
      // Draft 7, and the three headers before it.
      {"RateLimit: limit=100, remaining=50, reset=5\n", " 100/- 50@5000ms"},
      {"RateLimit-Limit: 100\nRateLimit-Remaining: 3\nRateLimit-Reset: 9\n", " 100/- 3@9000ms"},
      {"RateLimit-Limit: 100, 100;w=60\nRateLimit-Remaining: 3\nRateLimit-Reset: 9\n",
       " 100/60000ms 3@9000ms"},
      {"RateLimit-Limit: 10, 10;w=1, 50;w=60\n", " 10/1000ms -@-; 50 50/60000ms -@-"},
      {"RateLimit-Policy: 100;w=60\n", " 100/60000ms -@-"},
      // X-RateLimit: seconds, a time since 1970 in seconds or milliseconds, a date, a fraction.
      {"X-RateLimit-Limit: 100\nX-RateLimit-Remaining: 99\nX-RateLimit-Reset: 12\n", " 100/- 99@12000ms"},
      {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1784111787\n", " -/- 0@-"},
      {"x-ratelimit-remaining: 7\nx-ratelimit-reset: 784111787000\n", " -/- 7@-"},
      {"X-RateLimit-Reset: Sun, 06 Nov 1994 08:50:07 GMT\n", " -/- -@30000ms"},
      {"X-RateLimit-Reset: Sun, 06 Nov 1994 08:49:07 GMT\n", " -/- -@0ms"},
      {"X-RateLimit-Reset-After: 1.25\nX-RateLimit-Remaining: 1\n", " -/- 1@1250ms exact"},
      {"X-Rate-Limit-Limit: 15\nX-Rate-Limit-Remaining: 14\nX-Rate-Limit-Reset: 900\n", " 15/- 14@900000ms"},
      {"X-Rate-Limit: 700\nX-Rate-Limit-Remaining: 699\n", " 700/- 699@-"},
      {"X-RateLimit-Limit-Second: 20\nX-RateLimit-Remaining-Second: 19\nX-RateLimit-Limit-Hour: 500\n",
       "second 20/1000ms 19@-; hour 500/3600000ms -@-"},
      {"x-ratelimit-limit-requests: 60\nx-ratelimit-remaining-requests: 59\nx-ratelimit-reset-requests: "
       "1m0s\n"
       "x-ratelimit-remaining-tokens: 149984\nx-ratelimit-reset-tokens: 6ms\n",
       "requests 60/- 59@60000ms exact; tokens -/- 149984@6ms exact other"},
      {"x-ratelimit-reset-requests: 6m0s\n", "requests -/- -@360000ms exact"},
      // What makes no sense is ignored.
      {"RateLimit: \n", ""},
      {"RateLimit: ,;,\n", ""},
      {"RateLimit: \"default\";r=many;t=soon\n", "default -/- -@-"},
      {"X-RateLimit-Remaining: -1\n", " -/- -@-"},
      {"X-RateLimit-Used: 5\n", ""},
      {"RateLimit-Remaining\n", ""},
      {"Content-Type: text/plain\n", ""},
      {"", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(text_of(read_rate_headers(c.lines, kDate)), c.expected) << c.lines;
}

TEST(RateHeaders, ATimeSince1970CountsFromTheServersDate) {
  auto quotas = read_rate_headers("X-RateLimit-Reset: 1700000030\n", "Tue, 14 Nov 2023 22:13:20 GMT");
  ASSERT_EQ(quotas.size(), 1u);
  EXPECT_EQ(quotas[0].reset, 30s);
  quotas = read_rate_headers("X-RateLimit-Reset: 1700000030500\n", "Tue, 14 Nov 2023 22:13:20 GMT");
  ASSERT_EQ(quotas.size(), 1u);
  EXPECT_EQ(quotas[0].reset, 30500ms);
}

TEST(RateHeaders, AThousandQuotasAreNot) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "X-RateLimit-Remaining-q" + std::to_string(i) + ": 5\n";
  EXPECT_EQ(read_rate_headers(lines, kDate).size(), 16u);
}

}  // namespace
}  // namespace rowcall::policy
