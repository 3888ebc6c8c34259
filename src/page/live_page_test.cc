// SPDX-License-Identifier: Apache-2.0
#include "page/live_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

namespace rowcall::page {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

telemetry::LiveView running() {
  telemetry::LiveView view;
  view.name = "cities <b>";
  view.limits = {"5,000 per second"};
  view.began = WallTime(1'772'355'900s);
  for (int i = 1; i <= 60; ++i) {
    telemetry::SecondRecord record;
    record.at = view.began + i * 1s;
    record.length = 1s;
    record.here.attempts = 4900;
    record.so_far.attempts = 4900 * i;
    record.so_far[Ending::kOk] = 4900 * i;
    record.so_far.rows = 4900 * i;
    record.rows_expected = 1'000'000;
    record.limit_per_s = 5000;
    record.p50 = 20ms;
    record.p99 = 70ms;
    record.left = {.least = 140s, .low = 142s, .likely = 145s, .high = 200s};
    view.seconds.push_back(record);
  }
  view.statuses = {{0, 3}, {200, 293'000}};
  return view;
}

std::string html_of(const telemetry::LiveView& view, std::string_view id) {
  for (Panel& panel : panels(view)) {
    if (panel.id == id) return panel.html;
  }
  return "";
}

TEST(LivePage, IsAWholeDocumentThatFetchesNothing) {
  std::string html = live_page(running());
  EXPECT_THAT(html, AllOf(HasSubstr("<!DOCTYPE html>"), HasSubstr("lang=\"en\""),
                          HasSubstr("cities &lt;b&gt;"), HasSubstr("new EventSource('events'")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("http://")), Not(HasSubstr("https://")), Not(HasSubstr("src="))));
  for (const Panel& panel : panels(running()))
    EXPECT_THAT(html, HasSubstr(std::string("id=\"") + panel.id + "\""));
}

TEST(LivePage, SaysHowFarAndHowLong) {
  EXPECT_THAT(html_of(running(), "progress"),
              AllOf(HasSubstr("294,000 rows of 1,000,000, 29.4 %"), HasSubstr("2 min 30 s left"),
                    HasSubstr("90 %: 2 min 30 s to 3 min 20 s; at least 2 min 20 s")));
  EXPECT_THAT(html_of(running(), "tiles"), HasSubstr("98.0 % of 5,000 per second"));
  EXPECT_THAT(html_of(running(), "statuses"), HasSubstr("no answer"));
}

TEST(LivePage, StateTellsHoldsAlarmsAndTheEnd) {
  telemetry::LiveView view = running();
  EXPECT_THAT(html_of(view, "state"), HasSubstr("running"));
  view.open.emplace_back();
  view.alarms.push_back({view.began, false, "latency 50 ms"});
  EXPECT_THAT(html_of(view, "state"), HasSubstr("with alarms"));
  EXPECT_THAT(html_of(view, "alarms"), HasSubstr("latency 50 ms"));
  view.hold_why = "50 failures in a row";
  EXPECT_THAT(html_of(view, "state"), AllOf(HasSubstr("held"), HasSubstr("50 failures in a row")));
  view.ended = "stopped";
  EXPECT_THAT(html_of(view, "state"), AllOf(HasSubstr("stopped"), Not(HasSubstr("failures"))));
}

TEST(LivePage, TellsHowTheApiIsAndWhereTheTimeGoes) {
  telemetry::LiveView view = running();
  EXPECT_THAT(html_of(view, "api"), AllOf(HasSubstr("none yet"), Not(HasSubstr("certificate"))));
  view.api.address = "10.0.0.1 port 443";
  view.api.moves = 1;
  view.api.error_share = 0.125;
  view.api.minute_attempts = 294'000;
  view.api.certificate_end = view.seconds.back().at + 9 * 24h + 1h;
  view.api.checks = 3;
  view.api.checks_ill = 1;
  view.api.well = false;
  view.api.check_text = "HTTP 503 <down>";
  EXPECT_THAT(html_of(view, "api"),
              AllOf(HasSubstr("12.5 % of 294,000 attempts"), HasSubstr("10.0.0.1 port 443"),
                    HasSubstr("bad\">9 days left"), HasSubstr("bad\">HTTP 503 &lt;down&gt;"),
                    HasSubstr("not well 1 of 3 times")));
  view.seconds.back().spent[telemetry::Phase::kWait].add(30ms);
  view.seconds.front().spent[telemetry::Phase::kWait].add(10ms);
  EXPECT_THAT(html_of(view, "times"),
              HasSubstr("first byte</th><td class=\"n\">2</td><td class=\"n\">20 ms"));
}

TEST(LivePage, OnlyWhatChangedIsSent) {
  telemetry::LiveView view = running();
  std::vector<Panel> before;
  simdjson::dom::parser parser;
  std::string first = changes(panels(view), before);
  EXPECT_EQ(parser.parse(first).get_object().value().size(), before.size());
  EXPECT_EQ(changes(panels(view), before), "{}");
  view.statuses[0].second = 4;
  std::string then = changes(panels(view), before);
  simdjson::dom::object object = parser.parse(then).get_object().value();
  EXPECT_EQ(object.size(), 1u);
  EXPECT_EQ(object["statuses"].error(), simdjson::SUCCESS);
}

}  // namespace
}  // namespace rowcall::page
