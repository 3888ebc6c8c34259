// SPDX-License-Identifier: Apache-2.0
#include "telemetry/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/parse.h"

namespace rowcall::telemetry {
namespace {

constexpr double kWidth = 640, kHeight = 220;
constexpr double kLeft = 66, kRight = 10, kTop = 10, kBottom = 26;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

template <class... Args>
std::string formatted(const char* format, Args... args) {
  char buffer[160];
  int n = std::snprintf(buffer, sizeof buffer, format, args...);
  return std::string(buffer, static_cast<std::size_t>(std::max(0, n)));
}

// "1,200", "0.25", "3.4k" would be guesswork for the reader: plain figures only.
std::string figure(double value) {
  if (value != 0 && std::abs(value) < 10) return formatted("%.3g", value);
  return grouped(std::llround(value));
}

std::string clock(double s) {
  auto whole = std::llround(s);
  if (whole < 120) return formatted("%lld s", whole);
  if (whole < 7200) return formatted("%lld:%02lld min", whole / 60, whole % 60);
  return formatted("%lld:%02lld h", whole / 3600, whole / 60 % 60);
}

// Round steps: 1, 2 or 5 times a power of ten.
double step_for(double range, int about) {
  double raw = std::max(range, 1e-12) / about;
  double power = std::pow(10, std::floor(std::log10(raw)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

// Steps of time that people count in.
double time_step_for(double range) {
  for (double step :
       {1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0}) {
    if (range / step <= 7) return step;
  }
  return step_for(range, 6);
}

bool takes_the_worst(const ChartLine& line) {
  return line.name.starts_with("p99") || line.name.starts_with("max");
}

double together(const ChartLine& line, std::size_t from, std::size_t to) {
  double sum = 0, most = -std::numeric_limits<double>::infinity();
  int n = 0;
  for (std::size_t i = from; i < to; ++i) {
    double value = line.values[i];
    if (std::isnan(value)) continue;
    sum += value;
    most = std::max(most, value);
    ++n;
  }
  if (n == 0) return kNone;
  return takes_the_worst(line) ? most : sum / n;
}

Chart thinned(const Chart& chart, std::size_t points_max) {
  std::size_t n = chart.x.size();
  if (n <= points_max) return chart;
  Chart out = chart;
  out.x.clear();
  for (ChartLine& line : out.lines) line.values.clear();
  for (std::size_t i = 0; i < points_max; ++i) {
    std::size_t from = i * n / points_max, to = (i + 1) * n / points_max;
    out.x.push_back(chart.x[to - 1]);
    for (std::size_t l = 0; l < chart.lines.size(); ++l)
      out.lines[l].values.push_back(together(chart.lines[l], from, to));
  }
  return out;
}

// Where values stand on the paper.
class Paper {
 public:
  explicit Paper(const Chart& chart) : log_(chart.log_scale) {
    x0_ = chart.x.empty() ? 0 : std::min(0.0, chart.x.front());
    x1_ = chart.x.empty() ? 1 : std::max(chart.x.back(), x0_ + 1);
    if (!chart.x.empty() && chart.x.front() > 60) x0_ = chart.x.front();
    double most = 0, least = std::numeric_limits<double>::infinity();
    for (const ChartLine& line : chart.lines) {
      for (double value : line.values) {
        if (std::isnan(value)) continue;
        most = std::max(most, value);
        if (value > 0) least = std::min(least, value);
      }
    }
    if (chart.limit) most = std::max(most, chart.limit->second);
    if (log_) {
      if (!(least < most)) least = most > 0 ? most / 2 : 0.5;
      y0_ = std::floor(std::log10(std::max(least, 1e-9)) * 3) / 3;
      y1_ = std::max(y0_ + 0.1, std::ceil(std::log10(std::max(most, 1e-9)) * 3) / 3);
    } else {
      y1_ = most > 0 ? most * 1.06 : 1;
    }
  }
  double x(double at) const { return kLeft + (at - x0_) / (x1_ - x0_) * (kWidth - kLeft - kRight); }
  double y(double value) const {
    double place = log_ ? std::log10(std::max(value, 1e-9)) : value;
    double share = std::clamp((place - y0_) / (y1_ - y0_), 0.0, 1.0);
    return kHeight - kBottom - share * (kHeight - kTop - kBottom);
  }
  std::vector<double> y_ticks() const {
    std::vector<double> out;
    if (log_) {
      for (double power = std::floor(y0_); power <= y1_; ++power) {
        for (double factor : {1.0, 2.0, 5.0}) {
          double at = std::log10(factor) + power;
          if (at >= y0_ - 1e-9 && at <= y1_ + 1e-9) out.push_back(factor * std::pow(10, power));
        }
      }
      while (out.size() > 7) {
        for (std::size_t i = 1; i < out.size(); ++i) out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
      }
    } else {
      double step = step_for(y1_, 5);
      for (double at = 0; at <= y1_; at += step) out.push_back(at);
    }
    return out;
  }
  std::vector<double> x_ticks() const {
    std::vector<double> out;
    double step = time_step_for(x1_ - x0_);
    for (double at = std::ceil(x0_ / step) * step; at <= x1_; at += step) out.push_back(at);
    return out;
  }

 private:
  bool log_;
  double x0_ = 0, x1_ = 1, y0_ = 0, y1_ = 1;
};

void add_axes(std::string& out, const Paper& paper) {
  for (double value : paper.y_ticks()) {
    double y = paper.y(value);
    out += formatted(R"(<line class="grid" x1="%.0f" y1="%.1f" x2="%.0f" y2="%.1f"/>)", kLeft, y,
                     kWidth - kRight, y);
    out += formatted(R"(<text class="tick" x="%.0f" y="%.1f" text-anchor="end">%s</text>)", kLeft - 6, y + 4,
                     figure(value).c_str());
  }
  for (double at : paper.x_ticks()) {
    double x = paper.x(at);
    const char* anchor = x > kWidth - 40 ? "end" : "middle";
    out += formatted(R"(<text class="tick" x="%.1f" y="%.0f" text-anchor="%s">%s</text>)", x, kHeight - 8,
                     anchor, clock(at).c_str());
  }
}

// The line as one path, broken where there is no value; with the area below it, if so.
void add_line(std::string& out, const Chart& chart, const ChartLine& line, const Paper& paper) {
  std::string path, area;
  double first_x = 0, last_x = 0;
  bool open = false;
  auto close = [&] {
    if (open && line.filled)
      area += formatted("L%.1f %.1fL%.1f %.1fZ", last_x, paper.y(0), first_x, paper.y(0));
    open = false;
  };
  for (std::size_t i = 0; i < chart.x.size(); ++i) {
    double value = line.values[i];
    if (std::isnan(value) || (chart.log_scale && value <= 0)) {
      close();
      continue;
    }
    double x = paper.x(chart.x[i]);
    std::string point = formatted("%c%.1f %.1f", open ? 'L' : 'M', x, paper.y(value));
    if (!open) first_x = x;
    open = true;
    last_x = x;
    path += point;
    area += point;
  }
  close();
  if (line.filled && !area.empty()) {
    out += "<path class=\"area\" style=\"fill:var(" + line.colour + ")\" d=\"" + area + "\"/>";
  }
  out += "<path class=\"line\" style=\"stroke:var(" + line.colour + ")\" d=\"" + path + "\"/>";
}

double last_value(const ChartLine& line) {
  for (std::size_t i = line.values.size(); i > 0; --i) {
    if (!std::isnan(line.values[i - 1])) return line.values[i - 1];
  }
  return 0;
}
double largest_value(const ChartLine& line) {
  double most = 0;
  for (double value : line.values) most = std::isnan(value) ? most : std::max(most, value);
  return most;
}

// What a plot shows, in words.
std::string described(const Chart& chart) {
  std::string out = chart.title;
  if (chart.x.empty()) return out + ": no data yet";
  out += ", " + chart.unit + ", over " + clock(chart.x.back() - chart.x.front()) + ".";
  for (const ChartLine& line : chart.lines) {
    out += " " + line.name + ": at last " + figure(last_value(line)) + ", at most " +
           figure(largest_value(line)) + ".";
  }
  if (chart.limit) out += " " + chart.limit->first + ": " + figure(chart.limit->second) + ".";
  if (!chart.holds.empty()) out += " Held " + std::to_string(chart.holds.size()) + " times.";
  if (!chart.marks.empty()) out += " Alarms: " + std::to_string(chart.marks.size()) + ".";
  return out;
}

std::string legend(const Chart& chart) {
  std::string out = "<p class=\"legend\" aria-hidden=\"true\">";
  auto entry = [&](const std::string& name, const std::string& colour) {
    out += "<span><i style=\"background:var(" + colour + ")\"></i>" + html_escaped(name) + "</span>";
  };
  for (const ChartLine& line : chart.lines) entry(line.name, line.colour);
  if (chart.limit) entry(chart.limit->first, "--limit");
  if (!chart.holds.empty()) entry("held", "--hold");
  if (!chart.marks.empty()) entry("alarm", "--bad");
  return out + "</p>";
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string chart_html(const Chart& whole, std::size_t points_max) {
  Chart chart = thinned(whole, points_max);
  Paper paper(chart);
  std::string out = "<figure class=\"chart\"><figcaption>" + html_escaped(chart.title) + " <small>" +
                    html_escaped(chart.unit) + "</small></figcaption>";
  out += formatted(R"(<svg viewBox="0 0 %.0f %.0f" role="img" aria-label=")", kWidth, kHeight) +
         html_escaped(described(whole)) + "\">";
  for (auto [from, until] : chart.holds) {
    double x = paper.x(from), width = std::max(1.0, paper.x(until) - x);
    out += formatted(R"(<rect class="hold" x="%.1f" y="%.0f" width="%.1f" height="%.0f"/>)", x, kTop, width,
                     kHeight - kTop - kBottom);
  }
  add_axes(out, paper);
  for (const ChartLine& line : chart.lines) add_line(out, chart, line, paper);
  if (chart.limit) {
    double y = paper.y(chart.limit->second);
    out += formatted(R"(<line class="limit" x1="%.0f" y1="%.1f" x2="%.0f" y2="%.1f"/>)", kLeft, y,
                     kWidth - kRight, y);
  }
  for (double at : chart.marks) {
    double x = paper.x(at);
    out += formatted(R"(<path class="mark" d="M%.1f %.0fl-5 -8h10z"/>)", x, kTop + 8);
  }
  return out + "</svg>" + legend(chart) + "</figure>";
}

std::string bars_html(const Bars& bars) {
  double most = 0, all = 0;
  for (const auto& [label, value] : bars.bars) {
    most = std::max(most, value);
    all += value;
  }
  std::string out = "<figure class=\"chart\"><figcaption>" + html_escaped(bars.title) + " <small>" +
                    html_escaped(bars.unit) + "</small></figcaption><table class=\"bars\"><tbody>";
  for (const auto& [label, value] : bars.bars) {
    out += "<tr><th scope=\"row\">" + html_escaped(label) +
           "</th><td><i style=\"width:" + formatted("%.1f", most > 0 ? 100 * value / most : 0) +
           "%\"></i></td><td class=\"n\">" + figure(value) + "</td><td class=\"n\">" +
           formatted("%.1f %%", all > 0 ? 100 * value / all : 0) + "</td></tr>";
  }
  return out + "</tbody></table></figure>";
}

}  // namespace rowcall::telemetry
