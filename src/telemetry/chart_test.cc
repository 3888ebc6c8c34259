// SPDX-License-Identifier: Apache-2.0
#include "telemetry/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace rowcall::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Chart rising(std::size_t points) {
  Chart chart;
  chart.title = "Rate";
  chart.unit = "per second";
  chart.lines = {{"attempts", "--c1", {}, true}};
  for (std::size_t i = 0; i < points; ++i) {
    chart.x.push_back(static_cast<double>(i));
    chart.lines[0].values.push_back(static_cast<double>(i));
  }
  return chart;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(Chart, SaysInWordsWhatItShows) {
  Chart chart = rising(101);
  chart.limit = {"limit", 5000};
  chart.holds = {{10, 20}};
  std::string html = chart_html(chart);
  EXPECT_THAT(
      html, HasSubstr("aria-label=\"Rate, per second, over 100 s. attempts: at last 100, at most 100. limit: "
                      "5,000. Held 1 times.\""));
  EXPECT_THAT(html, HasSubstr("class=\"limit\""));
  EXPECT_THAT(html, HasSubstr("class=\"hold\""));
}

TEST(Chart, ManyPointsBecomeFew) {
  std::string html = chart_html(rising(10'000), 100);
  EXPECT_LE(count(html, "L"), 220u);
  EXPECT_THAT(html, HasSubstr("at most 9,999"));  // said of all of them
}

TEST(Chart, AWorstCaseSurvivesBeingPutTogether) {
  Chart chart = rising(1000);
  chart.lines[0].name = "p99";
  for (double& value : chart.lines[0].values) value = 1;
  chart.lines[0].values[500] = 1000;
  std::string high = chart_html(chart, 10);
  chart.lines[0].name = "p50";
  EXPECT_NE(high, chart_html(chart, 10));
}

TEST(Chart, GapsBreakTheLine) {
  Chart chart = rising(10);
  chart.lines[0].filled = false;
  chart.lines[0].values[5] = std::nan("");
  EXPECT_EQ(count(chart_html(chart), "M"), 2u);
}

TEST(Chart, NothingAtAllIsStillAChart) {
  Chart chart = rising(0);
  EXPECT_THAT(chart_html(chart), HasSubstr("no data yet"));
  chart.log_scale = true;
  EXPECT_THAT(chart_html(chart), Not(HasSubstr("nan")));
  EXPECT_THAT(chart_html(rising(1)), Not(HasSubstr("nan")));
}

TEST(Chart, TextIsEscaped) {
  EXPECT_EQ(html_escaped("<b a=\"1\" c='&'>"), "&lt;b a=&quot;1&quot; c=&#39;&amp;&#39;&gt;");
  EXPECT_THAT(bars_html({"<t>", "u", {{"<x>", 1}}}), HasSubstr("&lt;x&gt;"));
}

}  // namespace
}  // namespace rowcall::telemetry
