// SPDX-License-Identifier: Apache-2.0
#include "mockapi/call_rows.h"

#include <simdjson.h>

namespace rowcall::mockapi {
namespace {

/// Reads JSON (RFC 8259) from front to back. Each function leaves the place behind what it read and returns
/// false where the text breaks the grammar.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : place_(text.data()), end_(text.data() + text.size()) {}

  bool rows(CallRows& found) {
    blanks();
    if (peek() != '[') {
      found.kind = CallRows::Kind::kOne;
      return row(found.rows.emplace_back()) && at_end();
    }
    found.kind = CallRows::Kind::kArray;
    return list(']', [&] { return row(found.rows.emplace_back()); }) && at_end();
  }

 private:
  static constexpr int kDepthMax = 200;

  char peek() const { return place_ == end_ ? '\0' : *place_; }
  bool take(char c) {
    if (place_ == end_ || *place_ != c) return false;
    ++place_;
    return true;
  }
  void blanks() {
    while (place_ != end_ && (*place_ == ' ' || *place_ == '\n' || *place_ == '\t' || *place_ == '\r'))
      ++place_;
  }
  bool at_end() {
    blanks();
    return place_ == end_;
  }
  std::string_view since(const char* begin) const {
    return {begin, static_cast<std::size_t>(place_ - begin)};
  }

  /// From the opening bracket to the closing one; `element` reads one element.
  template <class Element>
  bool list(char closing, Element element) {
    ++place_;
    blanks();
    if (take(closing)) return true;
    do {
      blanks();
      if (!element()) return false;
      blanks();
    } while (take(','));
    return take(closing);
  }

  template <class Each>
  bool members(Each each) {
    return list('}', [&] {
      const char* begin = place_;
      if (!text()) return false;
      std::string_view name = since(begin);
      blanks();
      if (!take(':')) return false;
      blanks();
      begin = place_;
      if (!value()) return false;
      each(name, since(begin));
      return true;
    });
  }

  bool row(CallRow& row) {
    const char* begin = place_;
    bool good = peek() != '{' ? value() : members([&](std::string_view name, std::string_view value) {
      if (name == "\"id\"" && value.front() != '{' && value.front() != '[') row.id = value;
      if (name == "\"refuse\"") row.refuse = value == "true";
    });
    row.text = since(begin);
    return good;
  }

  bool value() {
    if (depth_ >= kDepthMax) return false;
    ++depth_;
    bool good = false;
    switch (peek()) {
      case '{': good = members([](std::string_view, std::string_view) {}); break;
      case '[': good = list(']', [this] { return value(); }); break;
      case '"': good = text(); break;
      case 't': good = word("true"); break;
      case 'f': good = word("false"); break;
      case 'n': good = word("null"); break;
      default: good = number();
    }
    --depth_;
    return good;
  }

  bool word(std::string_view expected) {
    if (std::string_view(place_, static_cast<std::size_t>(end_ - place_)).starts_with(expected)) {
      place_ += expected.size();
      return true;
    }
    return false;
  }

  bool text() {
    if (!take('"')) return false;
    for (; place_ != end_ && *place_ != '"'; ++place_) {
      if (static_cast<unsigned char>(*place_) < 0x20) return false;
      if (*place_ == '\\' && !escape()) return false;
    }
    return take('"');
  }

  /// Leaves the place on the last character of the escape.
  bool escape() {
    ++place_;
    if (peek() != 'u') return place_ != end_ && std::string_view("\"\\/bfnrt").contains(*place_);
    for (int i = 0; i < 4; ++i) {
      ++place_;
      if (place_ == end_ || !std::string_view("0123456789abcdefABCDEF").contains(*place_)) return false;
    }
    return true;
  }

  bool digits() {
    const char* begin = place_;
    while (place_ != end_ && *place_ >= '0' && *place_ <= '9') ++place_;
    return place_ != begin;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  const char* place_;
  const char* end_;
  int depth_ = 0;
};

}  // namespace

void find_rows(std::string_view body, CallRows& found) {
  found.rows.clear();
  if (Scanner(body).rows(found) && simdjson::validate_utf8(body.data(), body.size())) return;
  found.kind = CallRows::Kind::kOther;
  found.rows.assign(1, CallRow{body, {}, false});
}

}  // namespace rowcall::mockapi
