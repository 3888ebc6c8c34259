// SPDX-License-Identifier: Apache-2.0
#include "files/customers.h"

#include <array>

#include "base/json_text.h"
#include "table/calendar.h"

namespace rowcall::files {
namespace {

using namespace std::string_view_literals;

constexpr std::array kFirst = {
    "Anna"sv,  "Ben"sv,    "Chloé"sv, "David"sv, "Elif"sv,  "Farid"sv,   "Grace"sv, "Hanna"sv,
    "Iván"sv,  "Jürgen"sv, "Kofi"sv,  "Lucía"sv, "Maria"sv, "Noah"sv,    "Olga"sv,  "Pedro"sv,
    "Qing"sv,  "Rosa"sv,   "Søren"sv, "Tamar"sv, "Uma"sv,   "Viktor"sv,  "Wei"sv,   "Xenia"sv,
    "Yusuf"sv, "Zoë"sv,    "Amina"sv, "Bruno"sv, "Clara"sv, "Dimitri"sv, "Edith"sv, "花子"sv};
constexpr std::array kLast = {
    "Adams"sv,  "Berg"sv,   "Çelik"sv,    "Dubois"sv,    "Eriksson"sv, "Fischer"sv, "García"sv,   "Hughes"sv,
    "Ito"sv,    "Jensen"sv, "Kowalski"sv, "Lindqvist"sv, "Müller"sv,   "Nguyen"sv,  "O'Brien"sv,  "Petrov"sv,
    "Quist"sv,  "Rossi"sv,  "Schmidt"sv,  "Tanaka"sv,    "Ueda"sv,     "Vargas"sv,  "Weiß"sv,     "Yılmaz"sv,
    "Zimmer"sv, "Abbott"sv, "Brandt"sv,   "Costa"sv,     "Dietrich"sv, "Ekström"sv, "Fontaine"sv, "山田"sv};
constexpr std::array kMailNames = {"anna"sv,  "ben"sv,   "cleo"sv, "david"sv, "elif"sv, "farid"sv,
                                   "grace"sv, "hanna"sv, "ivan"sv, "jo"sv,    "kofi"sv, "lucia"sv,
                                   "maria"sv, "noah"sv,  "olga"sv, "pedro"sv};
constexpr std::array kMailHosts = {"example.com"sv, "example.org"sv, "mail.example.net"sv, "shop.example"sv};
constexpr std::array kCountries = {"AT"sv, "BR"sv, "CH"sv, "DE"sv, "ES"sv, "FR"sv, "GB"sv, "IN"sv,
                                   "IT"sv, "JP"sv, "KE"sv, "MX"sv, "PL"sv, "SE"sv, "TR"sv, "US"sv};
constexpr std::array kWords = {
    "account"sv, "address"sv, "after"sv,   "agreed"sv,  "again"sv,    "always"sv,  "asked"sv,   "before"sv,
    "billing"sv, "called"sv,  "changed"sv, "contact"sv, "contract"sv, "credit"sv,  "daily"sv,   "delivery"sv,
    "details"sv, "early"sv,   "email"sv,   "evening"sv, "extra"sv,    "first"sv,   "friend"sv,  "garden"sv,
    "goods"sv,   "happy"sv,   "invoice"sv, "later"sv,   "letter"sv,   "loyal"sv,   "mailing"sv, "member"sv,
    "monday"sv,  "monthly"sv, "morning"sv, "moved"sv,   "needs"sv,    "never"sv,   "number"sv,  "office"sv,
    "order"sv,   "paid"sv,    "parcel"sv,  "phone"sv,   "please"sv,   "premium"sv, "quiet"sv,   "quick"sv,
    "refund"sv,  "regular"sv, "request"sv, "second"sv,  "service"sv,  "shipped"sv, "spring"sv,  "street"sv,
    "summer"sv,  "support"sv, "twice"sv,   "update"sv,  "visit"sv,    "waiting"sv, "weekly"sv,  "winter"sv};

// Records from which a reader may take the types of columns.
constexpr std::int64_t kSampled = 20'000;

// splitmix64 (Steele, Lea, Flood 2014): every number gives another one, well mixed.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

// Takes the next few bits of a number.
class Bits {
 public:
  explicit Bits(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t below(std::uint64_t limit) {
    std::uint64_t value = bits_ % limit;
    bits_ /= limit;
    return value;
  }
  template <class Words>
  std::string_view one_of(const Words& words) {
    return words[below(words.size())];
  }

 private:
  std::uint64_t bits_;
};

void append_cents(std::string& out, std::int64_t cents) {
  json::append_int(out, cents / 100);
  out += '.';
  out += static_cast<char>('0' + cents / 10 % 10);
  out += static_cast<char>('0' + cents % 10);
}

void append_moment(std::string& out, std::int64_t seconds) {
  constexpr std::int64_t kDay = 86'400;
  table::append_date(out, seconds / kDay);
  out += 'T';
  table::append_time(out, seconds % kDay * 1'000'000'000);
  out += 'Z';
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

std::uint64_t Customers::dice(std::int64_t number, std::uint64_t use) const {
  return mixed(mixed(seed_ * 8 + use) + static_cast<std::uint64_t>(number));
}

void Customers::make(std::int64_t number, Customer& customer) const {
  Bits person(dice(number, 0));
  Bits data(dice(number, 1));
  Bits words(dice(number, 2));
  customer.id = number + 1;
  customer.email = person.one_of(kMailNames);
  customer.email += '.';
  json::append_int(customer.email, number + 1);
  customer.email += '@';
  customer.email += person.one_of(kMailHosts);
  std::string_view first = person.one_of(kFirst);
  std::string_view last = person.one_of(kLast);
  std::uint64_t style = person.below(8);
  customer.name.clear();
  if (style == 0) {
    customer.name.append(last).append(", ").append(first);
  } else if (style == 1) {
    customer.name.append(first).append(" \"").append(person.one_of(kFirst)).append("\" ").append(last);
  } else {
    customer.name.append(first).append(" ").append(last);
  }
  customer.amount_cents = static_cast<std::int64_t>(data.below(1'000'000));
  customer.signup = 1'262'304'000 + static_cast<std::int64_t>(data.below(500'000'000));
  customer.active = data.below(10) < 7;
  customer.country = data.one_of(kCountries);
  customer.note.clear();
  std::uint64_t count = 8 + data.below(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) customer.note += ' ';
    customer.note += words.one_of(kWords);
  }
}

bool Customers::is_broken(std::int64_t number) const {
  constexpr double kAll = 18446744073709551616.0;  // 2^64
  return static_cast<double>(dice(number, 3)) < error_rate_ * kAll;
}

Breakage Customers::in_csv(std::int64_t number) const {
  if (!is_broken(number)) return Breakage::kNone;
  constexpr std::array kKinds = {Breakage::kTooFewFields, Breakage::kTooManyFields, Breakage::kBadUtf8,
                                 Breakage::kBadNumber};
  return kKinds[dice(number, 4) % (number < kSampled ? kKinds.size() - 1 : kKinds.size())];
}

Breakage Customers::in_ndjson(std::int64_t number) const {
  if (!is_broken(number)) return Breakage::kNone;
  constexpr std::array kKinds = {Breakage::kCutOff, Breakage::kNoObject, Breakage::kBadUtf8};
  return kKinds[dice(number, 4) % kKinds.size()];
}

std::string with_bad_utf8(std::string_view text) {
  std::string bad(text.substr(0, text.size() / 2));
  bad += '\xFF';
  return bad.append(text.substr(text.size() / 2));
}

void append_csv(std::string& out, const Customer& customer, Breakage breakage) {
  json::append_int(out, customer.id);
  out.append(",").append(customer.email).append(",");
  append_quoted(out, customer.name);
  out += ',';
  if (breakage == Breakage::kBadNumber) {
    out += "12.5O";  // the letter
  } else {
    append_cents(out, customer.amount_cents);
  }
  out += ',';
  append_moment(out, customer.signup);
  out += customer.active ? ",true," : ",false,";
  out += customer.country;
  if (breakage == Breakage::kTooManyFields) out += ",one,more";
  if (breakage != Breakage::kTooFewFields) {
    out += ',';
    out += breakage == Breakage::kBadUtf8 ? with_bad_utf8(customer.note) : customer.note;
  }
  out += '\n';
}

void append_ndjson(std::string& out, const Customer& customer, Breakage breakage) {
  if (breakage == Breakage::kNoObject) {
    out += "#N/A\n";
    return;
  }
  out += "{\"customer_id\":";
  json::append_int(out, customer.id);
  out.append(",\"email\":\"").append(customer.email).append("\",\"name\":");
  json::append_string(out, customer.name);
  out += ",\"amount\":";
  append_cents(out, customer.amount_cents);
  if (breakage == Breakage::kCutOff) {
    out += '\n';
    return;
  }
  out += ",\"signup\":\"";
  append_moment(out, customer.signup);
  out += customer.active ? "\",\"active\":true" : "\",\"active\":false";
  out.append(",\"country\":\"").append(customer.country).append("\",\"note\":\"");
  out += breakage == Breakage::kBadUtf8 ? with_bad_utf8(customer.note) : customer.note;
  out += "\"}\n";
}

}  // namespace rowcall::files
