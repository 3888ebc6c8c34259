// SPDX-License-Identifier: Apache-2.0
#include "files/json_reader.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/parse.h"
#include "base/try.h"
#include "base/utf8.h"
#include "files/json_guess.h"

namespace rowcall::files {
namespace {

using table::TypeId;

constexpr std::size_t kValueShown = 60;  // bytes of a value in a reason

}  // namespace

JsonReader::JsonReader(const ListedFile& file, const SourceSpec& spec, const S3Spec& s3, TextWindow window)
    : file_(file), spec_(&spec), s3_(&s3), window_(std::move(window)) {}

Result<JsonReader> JsonReader::open(const ListedFile& file, const SourceSpec& spec, const S3Spec& s3) {
  TRY(ByteStream stream, ByteStream::open(file, s3, 0));
  JsonReader reader(file, spec, s3, TextWindow(std::move(stream), 0));
  TRY_VOID(reader.window_.read_more());
  std::string_view start = reader.window_.rest();
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) {
    return failure({ErrorCode::kInput, file.place.shown, "UTF-16 text", "UTF-8",
                    "Convert it, for instance with: iconv -f UTF-16 -t UTF-8"});
  }
  if (start.starts_with("\xEF\xBB\xBF")) reader.window_.pass(3);
  TRY_VOID(reader.find_kind());
  return reader;
}

// Many call a file of one object a line .json.
Result<void> JsonReader::find_kind() {
  if (file_.format != FileFormat::kJson) return {};
  for (;;) {
    std::size_t first = window_.rest().find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos && !window_.ended()) {
      pass(window_.rest().size());
      TRY_VOID(window_.read_more());
      continue;
    }
    if (first != std::string_view::npos && window_.rest()[first] != '{') break;
    // Nothing at all is an empty table.
    if (first == std::string_view::npos) return {};
    JsonFrame frame;
    JsonFramer lines(JsonFramer::Kind::kLines);
    if (lines.next(window_.rest(), window_.ended(), frame) == JsonStep::kMore &&
        !too_long(window_.rest().size())) {
      TRY_VOID(window_.read_more());
      continue;
    }
    if (parser_.parse(window_.rest().substr(frame.begin, frame.end - frame.begin), members_).empty())
      return {};
    break;
  }
  kind_ = JsonFramer::Kind::kArray;
  framer_ = JsonFramer(kind_);
  return {};
}

Result<TextColumns> JsonReader::find_columns() {
  std::vector<std::string> names;
  std::vector<JsonGuess> guesses;
  std::unordered_map<std::string, std::size_t> places;
  JsonFramer framer = framer_;
  std::size_t at = 0;
  while (sample_.records < spec_->infer_rows && at < kSampleBytes) {
    JsonFrame frame;
    JsonStep step = framer.next(window_.rest().substr(at), window_.ended(), frame);
    if (step == JsonStep::kMore) {
      std::size_t looked = window_.rest().size() - at;
      if (too_long(looked) || at + looked > kSampleBytes || !window_.read_more()) break;
      continue;
    }
    if (step != JsonStep::kRecord) break;
    std::string_view record = window_.rest().substr(at + frame.begin, frame.end - frame.begin);
    at += frame.next;
    ++sample_.records;
    if (!parser_.parse(record, members_).empty()) continue;
    for (const JsonMember& member : members_) {
      auto [place, is_new] = places.emplace(member.name, names.size());
      if (is_new) {
        names.emplace_back(member.name);
        guesses.emplace_back();
      }
      guesses[place->second].see(member);
    }
  }
  sample_.bytes = static_cast<std::int64_t>(at);
  sample_.bytes_read = window_.offset() + static_cast<std::int64_t>(window_.rest().size());
  sample_.file_bytes = window_.file_bytes();
  sample_.whole =
      window_.ended() && window_.rest().find_first_not_of(" \t\r\n]", at) == std::string_view::npos;
  TRY(auto declared, declared_types(*spec_, names, true));
  TextColumns found;
  for (std::size_t c = 0; c < names.size(); ++c) {
    table::ColumnType guess = spec_->infer_types ? guesses[c].type() : table::ColumnType{TypeId::kJson, 0, 0};
    found.add(names[c], declared[c].value_or(guess), !declared[c].has_value());
  }
  // Keys that only come later can be declared.
  for (const auto& [name, type] : spec_->types) {
    if (!places.contains(name)) found.add(name, *table::ColumnType::parse(type), false);
  }
  return found;
}

void JsonReader::set_columns(const TextColumns* columns) {
  columns_ = columns;
  places_.clear();
  for (std::size_t c = 0; c < columns->columns.size(); ++c) places_.emplace(columns->columns[c].name, c);
  seen_in_.assign(columns->columns.size(), -1);
}

Result<void> JsonReader::seek(const SourcePosition& to) {
  TRY(ByteStream stream, ByteStream::open(file_, *s3_, to.byte_offset));
  window_ = TextWindow(std::move(stream), to.byte_offset);
  framer_ = JsonFramer(kind_, /*at_start=*/false);
  row_ = to.row_in_file;
  line_ = to.line;
  batch_.reset();
  error_.reset();
  return {};
}

Result<std::optional<SourceBatch>> JsonReader::next(std::int64_t records_max) {
  ROWCALL_ASSERT(columns_ != nullptr, "rows are read as columns");
  if (!batch_) batch_.emplace(columns_->columns, row_, line_);
  batch_->begin(window_.offset());
  return batch_->fill(records_max, error_, [this] { return read_record(); });
}

void JsonReader::pass(std::size_t bytes) {
  std::string_view text = window_.rest().substr(0, bytes);
  std::int64_t lines = std::count(text.begin(), text.end(), '\n');
  window_.pass(bytes);
  if (batch_) {
    batch_->pass_lines(lines);
  } else {
    line_ += lines;
  }
}

// Puts one record more into the batch; false at the end.
Result<bool> JsonReader::read_record() {
  for (;;) {
    JsonFrame frame;
    JsonStep step = framer_.next(window_.rest(), window_.ended(), frame);
    // What lies before the record is done with, whatever comes.
    pass(frame.begin);
    if (step == JsonStep::kEnd) return false;
    if (step == JsonStep::kBroken) return failure(broken_array());
    std::size_t size = step == JsonStep::kRecord ? frame.end - frame.begin : window_.rest().size();
    if (too_long(size)) {
      TRY_VOID(give_up_long_record());
      return true;
    }
    if (step == JsonStep::kRecord) {
      frame = {0, size, frame.next - frame.begin};
      take_record(frame);
      pass(frame.next);
      return true;
    }
    TRY_VOID(window_.read_more());
  }
}

void JsonReader::take_record(const JsonFrame& frame) {
  std::string_view raw = window_.rest().substr(0, frame.end);
  std::string wrong = parser_.parse(raw, members_);
  if (wrong.empty()) wrong = put_members();
  if (wrong.empty()) {
    batch_->add_row(frame.end);
  } else {
    batch_->add_unreadable(std::move(wrong), raw);
  }
}

// Sets the cells of a row; returns "" or what does not fit.
std::string JsonReader::put_members() {
  expected_ = 0;
  for (const JsonMember& member : members_) {
    auto column = find_column(member.name);
    if (!column) {
      return "key \"" + excerpt(member.name, kValueShown) +
             "\" is no column: none of the first records has it; declare it in source.types, or raise "
             "source.infer_rows";
    }
    if (std::exchange(seen_in_[*column], batch_->row()) == batch_->row()) {
      return "key \"" + excerpt(member.name, kValueShown) + "\" is there twice";
    }
    std::string wrong = put_member(member, *column);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::optional<std::size_t> JsonReader::find_column(std::string_view name) {
  // Records tend to have their keys in one order.
  if (expected_ < columns_->columns.size() && columns_->columns[expected_].name == name) return expected_++;
  auto place = places_.find(name);
  if (place == places_.end()) return std::nullopt;
  expected_ = place->second + 1;
  return place->second;
}

std::string JsonReader::put_member(const JsonMember& member, std::size_t column) {
  const table::ColumnType& type = columns_->columns[column].type;
  CellValue& cell = batch_->cell(column);
  if (member.kind == JsonKind::kNull) return "";
  bool fits = false;
  switch (type.id) {
    case TypeId::kJson: fits = read_cell(member.raw, type, true, cell); break;
    case TypeId::kString:
      fits = member.kind == JsonKind::kString && read_cell(member.text, type, true, cell);
      break;
    case TypeId::kBool:
      fits = member.kind == JsonKind::kBool && read_cell(member.raw, type, true, cell);
      break;
    case TypeId::kDate:
    case TypeId::kTimestamp:
      fits = member.kind == JsonKind::kString && read_cell(member.text, type, false, cell);
      break;
    case TypeId::kDecimal:
      fits = member.kind == JsonKind::kString
                 ? read_cell(member.text, type, false, cell)
                 : is_json_number(member.raw) && read_cell(member.raw, type, false, cell);
      break;
    case TypeId::kFloat:
    case TypeId::kDouble:
      fits = (member.kind == JsonKind::kInteger || member.kind == JsonKind::kReal) &&
             (columns_->exact[column] ? exact_json_double(member.raw, cell.real)
                                      : read_cell(member.raw, type, false, cell));
      cell.null = !fits;
      break;
    default:
      fits = member.kind == JsonKind::kInteger && read_cell(member.raw, type, columns_->exact[column], cell);
      break;
  }
  if (fits) return "";
  std::string reason = quoted_column(columns_->columns[column].name) + ": found " + described(member.kind) +
                       " " + excerpt(member.raw, kValueShown) + ", expected " + with_article(type);
  if (columns_->exact[column])
    reason += ", the type of the first records; source.types sets another (json takes anything)";
  return reason;
}

Result<void> JsonReader::give_up_long_record() {
  batch_->add_unreadable(
      "the record is longer than " + bytes_text(spec_->line_bytes_max) + " (source.line_bytes_max)",
      window_.rest().substr(0, 2000));
  framer_.begin_skip();
  for (;;) {
    std::size_t bytes = 0;
    bool ended = framer_.skip(window_.rest(), bytes);
    pass(bytes);
    if (ended || window_.ended()) return {};
    TRY_VOID(window_.read_more());
  }
}

Error JsonReader::broken_array() const {
  std::string_view text = window_.rest();
  std::string found = text.empty()
                          ? "the file ends after " + grouped(batch_->row()) + " records, its array not closed"
                          : "\"" + excerpt(text.substr(0, 20), kValueShown) + "\"";
  return {ErrorCode::kInput, file_.place.shown + " line " + std::to_string(batch_->line()), std::move(found),
          framer_.expected(),
          text.empty() ? "The file was cut off, or is still written."
                       : "For one object a line, set source.format to ndjson."};
}

}  // namespace rowcall::files
