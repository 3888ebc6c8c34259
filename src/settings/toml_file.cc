// SPDX-License-Identifier: Apache-2.0
#include "settings/toml_file.h"

// toml++ 3.3 asserts that a table header such as "[:x]" does not come, and with clang and NDEBUG even assumes
// so, although it goes on to report it. Without the assertion the user gets that report.
#undef NDEBUG
#define TOML_ASSERT(claim) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1  // no shared library in the Python wheel
#include <toml++/toml.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/parse.h"

namespace rowcall::settings {
namespace {

int line_of(const toml::source_region& region) {
  return static_cast<int>(region.begin.line);
}

// A value that no setting takes: where it stands.
struct Misfit {
  int line = 0;
  std::string key;
};

class Converter {
 public:
  Value value(const toml::node& node) {
    Value out;
    if (const auto* table = node.as_table()) {
      out = Value(entries(*table));
    } else if (const auto* array = node.as_array()) {
      out = Value(items(*array));
    } else if (const auto* text = node.as_string()) {
      out = Value(text->get());
    } else if (const auto* whole = node.as_integer()) {
      out = Value(whole->get());
    } else if (const auto* real = node.as_floating_point()) {
      out = Value(real->get());
    } else if (const auto* truth = node.as_boolean()) {
      out = Value(truth->get());
    } else if (!misfit_) {
      misfit_ = Misfit{line_of(node.source()), path_};
    }
    out.line = line_of(node.source());
    return out;
  }

  // toml++ keeps a table sorted by name; the order in which columns and headers were written matters.
  Table entries(const toml::table& table) {
    std::vector<std::pair<const toml::key*, const toml::node*>> written;
    for (auto&& [key, node] : table) written.emplace_back(&key, &node);
    std::ranges::sort(written, [](const auto& a, const auto& b) {
      return a.first->source().begin < b.first->source().begin;
    });
    Table out;
    for (const auto& [key, node] : written) {
      std::string outer = path_;
      path_ += (path_.empty() ? "" : ".") + std::string(key->str());
      Entry entry{std::string(key->str()), value(*node)};
      entry.value.line = line_of(key->source());
      out.push_back(std::move(entry));
      path_ = std::move(outer);
    }
    return out;
  }

  const std::optional<Misfit>& misfit() const { return misfit_; }

 private:
  List items(const toml::array& array) {
    List out;
    for (const toml::node& item : array) out.push_back(value(item));
    return out;
  }

  std::string path_;
  std::optional<Misfit> misfit_;
};

// The line of a dotted key (a.b.c) with very many parts, or 0. toml++ builds a table for each part and
// takes them down by recursion: some ten thousand exhaust the stack.
int line_of_endless_key(std::string_view text) {
  constexpr int parts_max = 500;
  int line = 1;
  int parts = 0;
  bool part_empty = true;
  for (char c : text) {
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                c == '-' || c == '"' || c == '\'';
    if (word) {
      part_empty = false;
    } else if (c == '.' && !part_empty) {
      part_empty = true;
      if (++parts > parts_max) return line;
    } else if (c != ' ' && c != '\t') {
      parts = 0;
      part_empty = true;
    }
    if (c == '\n') ++line;
  }
  return 0;
}

// toml++ repeats parts of values it cannot read, and a value may be a secret. Single characters and names
// of keys are left.
std::string without_values(std::string_view description) {
  if (auto saw = description.rfind(", saw '"); saw != std::string_view::npos) {
    std::string_view seen = description.substr(saw + 7);
    bool one_character = seen.size() == 2 || seen.starts_with('\\');
    if (!one_character) description = description.substr(0, saw);
  }
  std::string out(description);
  if (auto number = out.find("' is not representable"); number != std::string::npos) {
    auto from = out.find('\'');
    if (from < number) out.replace(from, number - from + 1, "the number");
  }
  if (out.contains("could not be interpreted") || out.contains("trying to interpret"))
    out = "Error while parsing number: unreadable";
  return out;
}

// "Error while parsing inline table: expected ..." is "in an inline table: expected ...".
Error parse_failure(const toml::parse_error& error, std::string_view name) {
  Error out;
  out.code = ErrorCode::kSetting;
  out.place = std::string(name) + " line " + std::to_string(line_of(error.source()));
  std::string description = without_values(error.description());
  constexpr std::string_view start = "Error while parsing ";
  if (!description.starts_with(start)) {
    out.found = "not TOML (" + description + ")";
    return out;
  }
  std::string_view rest = std::string_view(description).substr(start.size());
  bool vowel = !rest.empty() && std::string_view("aeiou").contains(rest.front());
  out.found = "not TOML (in " + std::string(vowel ? "an " : "a ") + std::string(rest) + ")";
  bool structure = description.contains("not representable");
  for (std::string_view scope : {"string", "table header", "key", "array", "inline table", "comment"}) {
    structure = structure || rest.starts_with(scope);
  }
  if (!structure || rest.contains("value, saw")) out.mend = "Text needs quotes, as in rate = \"5000/s\".";
  return out;
}

}  // namespace

Result<Table> parse_toml(std::string_view text, std::string_view name) {
  if (int line = line_of_endless_key(text); line > 0) {
    return failure({ErrorCode::kSetting, std::string(name) + " line " + std::to_string(line),
                    "a key of more than 500 parts", "a key such as limits.rate", ""});
  }
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) return failure(parse_failure(parsed.error(), name));
  Converter converter;
  Table table = converter.entries(parsed.table());
  if (const auto& misfit = converter.misfit()) {
    return failure({ErrorCode::kSetting,
                    std::string(name) + " line " + std::to_string(misfit->line) + ": " + misfit->key,
                    "a date or time without quotes", "text, a number, true or false",
                    "Put quotes around it."});
  }
  return table;
}

std::optional<Value> parse_toml_value(std::string_view text) {
  // Inside brackets a comment at the end would swallow the closing one, so it is refused with the rest.
  if (trimmed(text).ends_with(',') || line_of_endless_key(text) > 0) return std::nullopt;
  toml::parse_result parsed = toml::parse("value = [" + std::string(text) + "]");
  if (!parsed || parsed.table().size() != 1) return std::nullopt;
  const toml::array* list = parsed.table()["value"].as_array();
  if (list == nullptr || list->size() != 1) return std::nullopt;
  Converter converter;
  Value value = converter.value(list->front());
  if (converter.misfit()) return std::nullopt;
  value.line = 0;
  return value;
}

}  // namespace rowcall::settings
