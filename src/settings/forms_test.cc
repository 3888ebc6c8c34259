// SPDX-License-Identifier: Apache-2.0
// The small languages of settings: values, rates, columns, URLs, status lists, names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "settings/column_text.h"
#include "settings/rate_text.h"
#include "settings/read.h"
#include "settings/text_form.h"
#include "settings/toml_file.h"
#include "settings/url_check.h"
#include "settings/value.h"

namespace rowcall::settings {
namespace {

using namespace std::chrono_literals;

TEST(Values, ReadBackFromTheirText) {
  for (const Value& value :
       {Value(true), Value(-5), Value(INT64_MIN), Value(0.1), Value(2.0), Value(1e300), Value(5e-324),
        Value(""), Value("a\"b\\c"), Value("it's \"quoted\""), Value("line\nbreak\ttab\x7f\x01"),
        Value("smørrebrød"), Value(List{}), Value(List{1, "a", List{2.5}}), Value(Table{}),
        Value(Table{{"plain-key_1", 1}, {"with.dot", "x"}, {"", "empty"}, {"ü\n", Table{{"a", false}}}})}) {
    auto again = parse_toml_value(toml_text(value));
    ASSERT_TRUE(again) << toml_text(value);
    EXPECT_EQ(*again, value) << toml_text(value);
  }
}

TEST(Values, AreShownShort) {
  EXPECT_EQ(shown(Value("fast")), "\"fast\"");
  EXPECT_EQ(shown(Value("a\nb")), "\"a\\nb\"");
  EXPECT_EQ(shown(Value(12)), "12");
  EXPECT_EQ(shown(Value(0.5)), "0.5");
  EXPECT_EQ(shown(Value(true)), "true");
  EXPECT_EQ(shown(Value(List{1})), "a list");
  EXPECT_EQ(shown(Value(Table{})), "a table");
  EXPECT_LT(shown(Value(std::string(1000, 'x'))).size(), 80);
}

TEST(Values, WhatIsOneTomlValue) {
  for (const char* text : {"", "a", "1 2", "1, 2", "1,", "1] \nb = [2", "1 # one", "2024-01-01", "[1", "{a=}",
                           "\"a", "[2024-01-01]"}) {
    EXPECT_FALSE(parse_toml_value(text)) << text;
  }
  EXPECT_EQ(parse_toml_value(" 1_000 "), Value(1000));
  EXPECT_EQ(parse_toml_value("[\"a\", 'b']"), Value(List{"a", "b"}));
}

TEST(Toml, KeepsWrittenOrderAndLines) {
  auto table = parse_toml(
      "z = 1\n[b]\nc = [\n 1,\n 2]\n[a]\n\"x.y\" = 2\n[b.sub]\nq = 1\n[[a.list]]\nk = 1\n[[a.list]]\nk = 2\n",
      "f");
  ASSERT_TRUE(table) << table.error().text();
  EXPECT_EQ(
      toml_text(*table),
      "{ z = 1, b = { c = [1, 2], sub = { q = 1 } }, a = { \"x.y\" = 2, list = [{ k = 1 }, { k = 2 }] } }");
  const Table& root = *table;
  EXPECT_EQ(root[1].name, "b");
  EXPECT_EQ(root[1].value.line, 2);
  const Table& b = *root[1].value.table();
  EXPECT_EQ(b[0].value.line, 3);
  EXPECT_EQ((*b[0].value.list())[1].line, 5);
  EXPECT_EQ((*b[1].value.table())[0].value.line, 9);
  const Table& a = *root[2].value.table();
  EXPECT_EQ((*(*a[1].value.list())[1].table())[0].value.line, 13);
}

TEST(Toml, AnEndlessKeyIsAnErrorAndNoCrash) {
  std::string key = "a";
  for (int i = 0; i < 100'000; ++i) key += ".a";
  for (const std::string& text : {key + " = 1\n", "[" + key + "]\n", "x = { " + key + " = 1 }\n"}) {
    auto table = parse_toml("name = \"x\"\n" + text, "f");
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().text(),
              "f line 2: a key of more than 500 parts; expected a key such as limits.rate");
  }
  EXPECT_FALSE(parse_toml_value("{" + key + "=1}"));
  EXPECT_TRUE(parse_toml_value("\"" + std::string(10'000, '.') + "\""));
  EXPECT_FALSE(parse_toml_value(std::string(10'000, '[')));
}

TEST(Rates, ReadBack) {
  for (RateLimit limit :
       {RateLimit{5000, 1s}, RateLimit{300, 1min}, RateLimit{200'000, 1h}, RateLimit{1'000'000, 24h},
        RateLimit{50, 10s}, RateLimit{1, 1500ms}, RateLimit{7, 48h}, RateLimit{3, 90min},
        RateLimit{500, 1min, std::nullopt, true}, RateLimit{200'000, 24h, Renewal{}},
        RateLimit{9, 24h, Renewal{.minute = 1439, .minutes_of_utc = -90}, true},
        RateLimit{9, 30 * 24h, Renewal{.every = Renewal::Every::kMonth, .minutes_of_utc = 345}}}) {
    auto again = parse_rate(rate_text(limit));
    ASSERT_TRUE(again) << rate_text(limit);
    EXPECT_EQ(*again, limit) << rate_text(limit);
  }
  EXPECT_EQ(rate_text({5000, 1s}), "5000/s");
  EXPECT_EQ(rate_text({1, 24h}), "1/day");
  EXPECT_EQ(rate_text({50, 10s}), "50/10s");
  EXPECT_EQ(rate_text({50, 10s, std::nullopt, true}), "50 calls/10s");
  EXPECT_EQ(rate_text({200'000, 24h, Renewal{}}), "200000/day resets 00:00 UTC");
  EXPECT_EQ(rate_text({7, 30 * 24h, Renewal{Renewal::Every::kMonth, 390, -330}}),
            "7/month resets 06:30 -05:30");
}

TEST(Rates, AsPeopleWriteThem) {
  EXPECT_EQ(parse_rate("5000/sec"), (RateLimit{5000, 1s}));
  EXPECT_EQ(parse_rate(" 5000 / second "), (RateLimit{5000, 1s}));
  EXPECT_EQ(parse_rate("60/minute"), (RateLimit{60, 1min}));
  EXPECT_EQ(parse_rate("60/m"), (RateLimit{60, 1min}));
  EXPECT_EQ(parse_rate("9/hour"), (RateLimit{9, 1h}));
  EXPECT_EQ(parse_rate("9/d"), (RateLimit{9, 24h}));
  EXPECT_EQ(parse_rate("9/0.5s"), (RateLimit{9, 500ms}));
  EXPECT_EQ(parse_rate("500 calls/min"), (RateLimit{500, 1min, std::nullopt, true}));
  EXPECT_EQ(parse_rate("9/day resets 06:30 UTC"), (RateLimit{9, 24h, Renewal{.minute = 390}}));
  EXPECT_EQ(parse_rate(" 9 / day  resets  06:30  utc "), (RateLimit{9, 24h, Renewal{.minute = 390}}));
  EXPECT_EQ(parse_rate("9/day resets 00:00 -05:30"), (RateLimit{9, 24h, Renewal{.minutes_of_utc = -330}}));
  EXPECT_EQ(parse_rate("9/month resets 00:00 +02:00"),
            (RateLimit{9, 30 * 24h, Renewal{.every = Renewal::Every::kMonth, .minutes_of_utc = 120}}));
  for (const char* text :
       {"9/month", "9/h resets 00:00 UTC", "9/day resets", "9/day resets 00:00", "9/day resets 24:00 UTC",
        "9/day resets 0:00 UTC", "9/day resets 00:60 UTC", "9/day resets 00:00 CET", "9/day resets 00:00 +2",
        "9/day resets 00:00 UTC now", "calls/s", "5 call/s"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
  for (const char* text :
       {"", "/", "5/", "/s", "-5/s", "5/-1s", "5/s/s", "5 per s", "5/0s", "1e3/s", "5/s 6/s"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
}

TEST(Shares, ReadBackExactly) {
  for (double share : {0.0, 0.07, 0.1, 0.125, 1.0 / 3, 0.95, 1.0, 1e-9, 0.29, 0.57}) {
    EXPECT_EQ(read_share(share_value(share), ""), share);
  }
  EXPECT_EQ(toml_text(share_value(0.07)), "\"7%\"");
  EXPECT_EQ(toml_text(share_value(0.125)), "\"12.5%\"");
  EXPECT_EQ(read_share(Value(std::numeric_limits<double>::infinity()), "").has_value(), false);
}

TEST(Caps, ReadBack) {
  for (Caps caps : {Caps{0, 0}, Caps{100, 0}, Caps{0, 0.02}, Caps{5, 1.0 / 3}, Caps{0, 1.0 / 3}}) {
    auto again = read_caps(caps_value(caps), "");
    ASSERT_TRUE(again) << toml_text(caps_value(caps));
    EXPECT_EQ(again->count, caps.count);
    EXPECT_EQ(again->share, caps.share);
  }
  for (const Value& value : {Value(-1), Value("x"), Value("200%"), Value(List{1, 2}), Value(List{"1%", "2%"}),
                             Value(1.5), Value(true)}) {
    EXPECT_FALSE(read_caps(value, "")) << toml_text(value);
  }
}

TEST(Columns, ReadBack) {
  for (const ResponseColumn& column :
       {ResponseColumn{"a", "/score", "double", true}, ResponseColumn{"a", "", "json", false},
        ResponseColumn{"a", "/dc:title", "string", false}, ResponseColumn{"a", "/wow!", "string", true},
        ResponseColumn{"a", "/a~1b/0", "decimal(10,2)", false}}) {
    EXPECT_EQ(parse_column("a", column_text(column)), column) << column_text(column);
  }
  EXPECT_EQ(parse_column("a", "/label"), (ResponseColumn{"a", "/label", "string", false}));
  EXPECT_EQ(parse_column("a", "/label!"), (ResponseColumn{"a", "/label", "string", true}));
  EXPECT_EQ(parse_column("a", " /x : int64 ! "), (ResponseColumn{"a", "/x", "int64", true}));
}

TEST(Columns, Types) {
  for (const char* type :
       {"bool", "int64", "double", "string", "date", "timestamp", "json", "decimal(10,2)", "decimal(38, 0)",
        "decimal(10)", "binary", "timestamp[ms]", "timestamp[us, UTC]"}) {
    EXPECT_FALSE(check_type(type)) << type;
  }
  for (const char* type :
       {"", "text", "Int64", "decimal", "decimal()", "timestamp[]x", "timestamp[min]", "timestamp(ms)",
        "decimal[1]", "decimal(39,2)", "decimal(5,6)", "decimal(1,2,3)", "decimal(a,b)"}) {
    EXPECT_TRUE(check_type(type)) << type;
  }
}

TEST(Columns, Pointers) {
  for (const char* pointer : {"", "/", "/a/0/b", "/a~0b~1c", "/ "})
    EXPECT_FALSE(check_pointer(pointer)) << pointer;
  for (const char* pointer : {"a", "$.a", "/a~", "/a~2b", "#/a"})
    EXPECT_TRUE(check_pointer(pointer)) << pointer;
}

TEST(Urls, ThatAreRight) {
  for (const char* url :
       {"http://127.0.0.1:8080/score", "https://api.example.com", "HTTPS://API.example.com/",
        "http://[::1]:8080/a?b=c", "http://[::1]", "https://h/a/{{ b c }}/d?e={{f/g?#}}",
        "http://under_score.local/?q=1&token={{t}}", "http://h/?next=http://other/a@b"}) {
    auto wrong = check_url(url);
    EXPECT_FALSE(wrong) << url << ": " << wrong->found;
  }
}

TEST(Urls, ThatAreNot) {
  for (const char* url : {"",
                          "host",
                          "//host/",
                          "http:/host",
                          "http://",
                          "http://:80/",
                          "http://h:/",
                          "http://h:0/",
                          "http://h:65536/",
                          "http://h:8a/",
                          "http://[::1/",
                          "http://[]/",
                          "http://a b/",
                          "http://h/a b",
                          "http://h/\n",
                          "http://h/#",
                          "https://u@h/",
                          "ws://h/",
                          "http://h{{x}}/",
                          "{{u}}",
                          "http{{s}}://h/",
                          "http://h/?key=1",
                          "http://h/{{a b"}) {
    EXPECT_TRUE(check_url(url)) << url;
  }
}

TEST(Urls, PathsOfTables) {
  for (const char* path :
       {"a.csv", "-", "dir/", "s3://b/k", "S3://b/k?x=@:", "s3://b", "in/*.csv", "a@b.csv", "C:/x"}) {
    EXPECT_FALSE(check_table_path(path)) << path;
  }
  for (const char* path : {"", "s3://", "s3:///k", "s3://k:s@b/k", "gs://b/k", "file:///a", "a\nb"}) {
    EXPECT_TRUE(check_table_path(path)) << path;
  }
}

TEST(StatusLists, Forms) {
  for (const char* text : {"", "429", "5XX,!501", " 404 , 410", "500-503", "2xx", "! 501"}) {
    EXPECT_FALSE(kStatusText.check(text)) << text;
  }
  for (const char* text : {"42", "6XX", "600", "099", "5X", "404,", "503-500", "a", "5XX;501", "-404", "!"}) {
    EXPECT_TRUE(kStatusText.check(text)) << text;
  }
}

TEST(JobNames, MadeFromAnything) {
  EXPECT_EQ(job_name_from("cities1000"), "cities1000");
  EXPECT_EQ(job_name_from("my cities (2)"), "my-cities-2");
  EXPECT_EQ(job_name_from("..hidden.."), "hidden");
  EXPECT_EQ(job_name_from("***"), "");
  EXPECT_EQ(job_name_from("a/b\\c"), "a-b-c");
  for (const char* text : {"a", "A.b_c-9"}) EXPECT_FALSE(kJobNameText.check(text)) << text;
  for (const char* text : {"", ".", "..", "-a", "a/b", "a b", "ä"})
    EXPECT_TRUE(kJobNameText.check(text)) << text;
  EXPECT_TRUE(kJobNameText.check(std::string(101, 'a')));
}

TEST(Texts, MustBeUtf8) {
  EXPECT_FALSE(read_text(Value("a\xff"), ""));
  EXPECT_FALSE(read_text(Value(std::string("a\0b", 3)), ""));
  EXPECT_TRUE(read_text(Value("ä"), ""));
}

}  // namespace
}  // namespace rowcall::settings
