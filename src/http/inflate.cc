// SPDX-License-Identifier: Apache-2.0
#include "http/inflate.h"

#include <zlib.h>

#include <memory>

namespace rowcall::http {

Result<std::string> inflated(std::string_view packed, std::size_t bytes_max) {
  z_stream stream{};
  constexpr int kAnyHeader = 15 + 32;  // largest window, gzip or zlib told by the header
  if (inflateInit2(&stream, kAnyHeader) != Z_OK) {
    return failure({ErrorCode::kInternal, "", "zlib could not be started", "", ""});
  }
  std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  char buffer[16384];
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    int code = ::inflate(&stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) {
      return failure({ErrorCode::kInput, "", "the compressed body is damaged", "", ""});
    }
    out.append(buffer, sizeof buffer - stream.avail_out);
    if (out.size() > bytes_max)
      return failure({ErrorCode::kStorage, "", "the unpacked body is too long", "", ""});
    if (code == Z_STREAM_END) return out;
    if (stream.avail_in == 0 && stream.avail_out != 0) {
      return failure({ErrorCode::kInput, "", "the compressed body is cut off", "", ""});
    }
  }
}

}  // namespace rowcall::http
