// SPDX-License-Identifier: Apache-2.0
// The anomaly watch of a run (src/policy/anomaly.h) on series of any figure, for bench/nab.py.
//
//   rowcall_nab_alarms FACTOR,FACTOR,... FILE.csv...
//
// A file has a header and lines "time,value". Each value stands for a second's median latency: the series is
// laid evenly on the logarithmic scale of latencies, so that its charts see it as it is. For every file and
// factor a line comes out: the file, the factor by which the limits of the charts are multiplied, and the
// numbers (from 0) of the values at which an alarm began.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/disk.h"
#include "base/parse.h"
#include "policy/anomaly.h"

namespace {

using namespace rowcall;

std::vector<double> values_of(std::string_view text) {
  std::vector<double> values;
  std::size_t at = text.find('\n') + 1;
  while (at < text.size()) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line(text.substr(at, end - at));
    if (std::size_t comma = line.find(','); comma != std::string::npos)
      values.push_back(std::strtod(line.c_str() + comma + 1, nullptr));
    at = end + 1;
  }
  return values;
}

// The spread that the watch believes at least is 1 %: here a thousandth of the range.
double latency_for(double value, double least, double most) {
  constexpr double kRange = 10;
  return std::exp(most > least ? kRange * (value - least) / (most - least) : 0);
}

void play(const char* file, const std::vector<double>& values, double factor) {
  policy::Chart::Options options;
  options.quick_limit *= factor;
  options.slow_limit *= factor;
  policy::AnomalyWatch watch({}, options);
  auto [least, most] = std::ranges::minmax(values);
  std::printf("%s\t%.17g\t", file, factor);
  const char* between = "";
  for (std::size_t i = 0; i < values.size(); ++i) {
    policy::Second second;
    second.at = Instant(std::chrono::seconds(i + 1));
    second.length = std::chrono::seconds(1);
    second.answers = 1000;
    second.latency_p50 = from_seconds(latency_for(values[i], least, most));
    for (const policy::Anomaly& anomaly : watch.observe(second)) {
      if (anomaly.over) continue;
      std::printf("%s%zu", between, i);
      between = ",";
    }
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("use: rowcall_nab_alarms FACTOR,FACTOR,... FILE.csv...\n", stderr);
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    auto text = read_file(argv[i]);
    if (!text) {
      std::fprintf(stderr, "%s\n", text.error().text().c_str());
      return 1;
    }
    std::vector<double> values = values_of(*text);
    if (values.empty()) continue;
    for (std::string_view factor : split(argv[1], ',')) play(argv[i], values, std::stod(std::string(factor)));
  }
  return 0;
}
