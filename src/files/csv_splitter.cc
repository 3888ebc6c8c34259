// SPDX-License-Identifier: Apache-2.0
#include "files/csv_splitter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace rowcall::files {
namespace {

std::size_t find(const char* data, char c, std::size_t from, std::size_t size) {
  if (from >= size) return size;
  const void* at = std::memchr(data + from, c, size - from);
  return at == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(at) - data);
}

}  // namespace

// The first delimiter or line end from `from` on, or `size`.
std::size_t CsvSplitter::unquoted_end(const char* data, std::size_t from, std::size_t size) const {
  std::size_t at = from;
#ifdef __SSE2__
  const __m128i delimiters = _mm_set1_epi8(delimiter_);
  const __m128i feeds = _mm_set1_epi8('\n');
  const __m128i returns = _mm_set1_epi8('\r');
  for (; at + 16 <= size; at += 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + at));
    __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, delimiters),
                                _mm_or_si128(_mm_cmpeq_epi8(bytes, feeds), _mm_cmpeq_epi8(bytes, returns)));
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(ends));
    if (mask != 0) return at + static_cast<std::size_t>(std::countr_zero(mask));
  }
#endif
  while (at < size && data[at] != delimiter_ && data[at] != '\n' && data[at] != '\r') ++at;
  return at;
}

CsvSplit CsvSplitter::split(std::string_view text, bool whole, CsvRecord& record) const {
  const char* data = text.data();
  const std::size_t size = text.size();
  record.cells.clear();
  record.lines = 0;
  std::size_t at = 0;
  for (;;) {
    CsvCell cell;
    if (at < size && data[at] == quote_) {
      cell.quoted = true;
      std::size_t begin = ++at;
      for (;;) {
        at = find(data, quote_, at, size);
        // A quote at the very end may be the first of two.
        if (at >= size || (at + 1 == size && !whole)) return whole ? CsvSplit::kOpenQuote : CsvSplit::kMore;
        if (at + 1 == size || data[at + 1] != quote_) break;
        cell.doubled = true;
        at += 2;
      }
      cell.text = text.substr(begin, at - begin);
      ++at;
      if (std::memchr(cell.text.data(), '\n', cell.text.size()) != nullptr) {
        record.lines += std::count(cell.text.begin(), cell.text.end(), '\n');
      }
      if (at < size && data[at] != delimiter_ && data[at] != '\n' && data[at] != '\r') {
        record.bytes = at;
        return CsvSplit::kStrayQuote;
      }
    } else {
      std::size_t begin = at;
      at = unquoted_end(data, at, size);
      cell.text = text.substr(begin, at - begin);
    }
    if (at >= size && !whole) return CsvSplit::kMore;
    record.cells.push_back(cell);
    if (at >= size) break;
    if (data[at] == delimiter_) {
      ++at;
      continue;
    }
    if (data[at] == '\r' && at + 1 == size && !whole) return CsvSplit::kMore;
    at += data[at] == '\r' && at + 1 < size && data[at + 1] == '\n' ? 2 : 1;
    ++record.lines;
    break;
  }
  record.bytes = at;
  const CsvCell& first = record.cells.front();
  return record.cells.size() == 1 && first.text.empty() && !first.quoted ? CsvSplit::kBlank
                                                                         : CsvSplit::kRecord;
}

std::size_t line_bytes(std::string_view text) {
  std::size_t end = text.find_first_of("\r\n");
  if (end == std::string_view::npos) return text.size();
  return end + (text.substr(end).starts_with("\r\n") ? 2 : 1);
}

std::string_view unquoted(const CsvCell& cell, char quote, std::string& scratch) {
  if (!cell.doubled) return cell.text;
  scratch.clear();
  for (std::size_t i = 0; i < cell.text.size(); ++i) {
    scratch += cell.text[i];
    if (cell.text[i] == quote) ++i;
  }
  return scratch;
}

}  // namespace rowcall::files
