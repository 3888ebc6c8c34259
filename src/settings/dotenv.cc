// SPDX-License-Identifier: Apache-2.0
#include "settings/dotenv.h"

#include <algorithm>
#include <expected>

#include "base/parse.h"
#include "base/utf8.h"
#include "settings/complaint.h"

namespace rowcall::settings {
namespace {

constexpr const char* kLineForm = "NAME=VALUE, a comment or an empty line";

bool is_name(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && letter(text.front()) && std::ranges::all_of(text, fits);
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string bare_value(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#' && (i == 0 || is_blank(text[i - 1]))) {
      text = text.substr(0, i);
      break;
    }
  }
  return std::string(trimmed(text));
}

char unescaped(char c) {
  constexpr std::string_view letters = "nrt";
  constexpr std::string_view meanings = "\n\r\t";
  auto at = letters.find(c);
  return at == std::string_view::npos ? c : meanings[at];
}

Read<std::string> quoted_value(std::string_view text) {
  char quote = text.front();
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    bool escape = quote == '"' && text[i] == '\\' && i + 1 < text.size() &&
                  std::string_view("nrt\"\\").contains(text[i + 1]);
    if (escape) {
      value += unescaped(text[++i]);
    } else if (text[i] != quote) {
      value += text[i];
    } else {
      std::string_view rest = text.substr(i + 1);
      std::string_view after = trimmed(rest);
      if (after.empty() || (after.front() == '#' && is_blank(rest.front()))) return value;
      return complain({.found = "text behind the closing quote",
                       .expected = "the end of the line, or \" #\" and a comment"});
    }
  }
  return complain({.found = "a quote that is not closed on its line",
                   .expected = "a value on one line",
                   .mend =
                       "Write line breaks as \\n in double quotes, or put the value into a file and write "
                       "file:PATH where it is used."});
}

Read<EnvLine> parse_line(std::string_view text) {
  if (text.starts_with("export ") || text.starts_with("export\t")) text = trimmed(text.substr(7));
  auto equals = text.find('=');
  if (equals == std::string_view::npos)
    return complain({.found = "a line without \"=\"", .expected = kLineForm});
  std::string_view name = trimmed(text.substr(0, equals));
  if (!is_name(name)) {
    return complain(
        {.found = "a name with other characters than letters, digits and \"_\"", .expected = kLineForm});
  }
  EnvLine out{.name = std::string(name), .value = {}, .line = 0};
  std::string_view value = trimmed(text.substr(equals + 1));
  if (value.starts_with('"') || value.starts_with('\'')) {
    auto inside = quoted_value(value);
    if (!inside) return complain(std::move(inside).error());
    out.value = *std::move(inside);
  } else {
    out.value = bare_value(value);
  }
  return out;
}

}  // namespace

Result<std::vector<EnvLine>> parse_dotenv(std::string_view text, std::string_view file) {
  std::vector<EnvLine> lines;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int number = 1; !text.empty(); ++number) {
    auto end = std::min(text.find('\n'), text.size());
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    Read<EnvLine> parsed =
        complain({.found = "text that is not valid UTF-8, or holds a zero byte", .expected = kLineForm});
    if (is_utf8(line) && !line.contains('\0')) parsed = parse_line(line);
    if (!parsed)
      return failure(error_of(std::move(parsed).error(), Place{std::string(file), true}, "", number));
    parsed->line = number;
    std::erase_if(lines, [&](const EnvLine& before) { return before.name == parsed->name; });
    lines.push_back(*std::move(parsed));
  }
  return lines;
}

}  // namespace rowcall::settings
