// SPDX-License-Identifier: Apache-2.0
#include "table/calendar.h"

#include <chrono>
#include <cstdio>

namespace rowcall::table {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;

// Division that rounds towards the past, so that times before 1970 come out right.
struct Divided {
  std::int64_t whole;
  std::int64_t rest;
};
Divided divide(std::int64_t value, std::int64_t by) {
  std::int64_t whole = value / by;
  std::int64_t rest = value % by;
  if (rest < 0) {
    --whole;
    rest += by;
  }
  return {whole, rest};
}

template <class... Args>
void append_format(std::string& out, const char* format, Args... args) {
  char buffer[48];
  int n = std::snprintf(buffer, sizeof buffer, format, args...);
  out.append(buffer, static_cast<std::size_t>(n));
}

void append_fraction(std::string& out, std::int64_t nanos) {
  if (nanos == 0) return;
  if (nanos % 1'000'000 == 0) {
    append_format(out, ".%03d", static_cast<int>(nanos / 1'000'000));
  } else if (nanos % 1'000 == 0) {
    append_format(out, ".%06d", static_cast<int>(nanos / 1'000));
  } else {
    append_format(out, ".%09d", static_cast<int>(nanos));
  }
}

// Reads exactly `digits` digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(*year),
                                   std::chrono::month(static_cast<unsigned>(*month)),
                                   std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// "13:05", "13:05:07", "13:05:07.25" in microseconds.
std::optional<std::int64_t> take_time(std::string_view& text) {
  auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t micros = (*hour * 3600LL + *minute * 60LL) * 1'000'000;
  if (!take(text, ':')) return micros;
  auto second = take_number(text, 2);
  if (!second || *second > 59) return std::nullopt;
  micros += *second * 1'000'000LL;
  if (!take(text, '.') && !take(text, ',')) return micros;
  std::int64_t unit = 100'000;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits, unit /= 10) {
    micros += (text[digits] - '0') * unit;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return micros;
}

// "Z", "+01:00", "-0530", "+01" or nothing, as seconds east of UTC.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (text.empty() || take(text, 'Z') || take(text, 'z')) return 0;
  int sign = text[0] == '+' ? 1 : text[0] == '-' ? -1 : 0;
  if (sign == 0) return std::nullopt;
  text.remove_prefix(1);
  auto hour = take_number(text, 2);
  if (!hour || *hour > 23) return std::nullopt;
  int minute = 0;
  take(text, ':');
  if (!text.empty()) {
    auto read = take_number(text, 2);
    if (!read || *read > 59) return std::nullopt;
    minute = *read;
  }
  return sign * (*hour * 3600LL + minute * 60LL);
}

}  // namespace

void append_date(std::string& out, std::int64_t days) {
  // Beyond what the calendar library covers, a plain number says more than a wrong date.
  if (days < -12'687'428 || days > 11'248'737) {
    append_format(out, "%lld days since 1970-01-01", static_cast<long long>(days));
    return;
  }
  std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  append_format(out, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
}

void append_time(std::string& out, std::int64_t nanos_of_day) {
  auto [second, nanos] = divide(nanos_of_day, 1'000'000'000);
  append_format(out, "%02d:%02d:%02d", static_cast<int>(second / 3600), static_cast<int>(second / 60 % 60),
                static_cast<int>(second % 60));
  append_fraction(out, nanos);
}

void append_timestamp(std::string& out, std::int64_t count, std::int64_t per_second, bool utc) {
  auto [second, part] = divide(count, per_second);
  auto [day, second_of_day] = divide(second, kDaySeconds);
  append_date(out, day);
  out += 'T';
  append_time(out, second_of_day * 1'000'000'000 + part * (1'000'000'000 / per_second));
  if (utc) out += 'Z';
}

void append_duration(std::string& out, std::int64_t count, std::int64_t per_second) {
  if (count < 0) out += '-';
  auto size = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  auto per = static_cast<std::uint64_t>(per_second);
  append_format(out, "PT%llu", static_cast<unsigned long long>(size / per));
  append_fraction(out, static_cast<std::int64_t>(size % per * (1'000'000'000 / per)));
  out += 'S';
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  auto days = take_date(text);
  return text.empty() ? days : std::nullopt;
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  auto days = take_date(text);
  if (!days) return std::nullopt;
  std::int64_t micros = *days * kDaySeconds * 1'000'000;
  if (text.empty()) return micros;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  auto time = take_time(text);
  if (!time) return std::nullopt;
  auto zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;
  return micros + *time - *zone * 1'000'000;
}

}  // namespace rowcall::table
