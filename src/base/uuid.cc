// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/assert.h"
#include "base/encode.h"

namespace rowcall {

// uuid5 of the DNS namespace and the name "rowcall".
const Uuid kRowcallSpace = {0x4c, 0x2c, 0x86, 0x77, 0xee, 0x1a, 0x54, 0x9b,
                            0xa9, 0x25, 0x3a, 0xc7, 0x1c, 0x33, 0xe2, 0x2b};

Uuid uuid5(const Uuid& space, std::string_view name) {
  // Fetching the algorithm costs more than hashing a short name: once per thread.
  thread_local std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                               &EVP_MD_CTX_free);
  static const EVP_MD* sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  bool done = EVP_DigestInit_ex2(context.get(), sha1, nullptr) == 1 &&
              EVP_DigestUpdate(context.get(), space.data(), space.size()) == 1 &&
              EVP_DigestUpdate(context.get(), name.data(), name.size()) == 1 &&
              EVP_DigestFinal_ex(context.get(), digest, &length) == 1;
  ROWCALL_ASSERT(done && length >= 16, "SHA-1 is part of every OpenSSL build");
  Uuid uuid;
  std::copy_n(digest, uuid.size(), uuid.begin());
  uuid[6] = static_cast<unsigned char>((uuid[6] & 0x0f) | 0x50);
  uuid[8] = static_cast<unsigned char>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

void append_uuid(std::string& out, const Uuid& uuid) {
  std::string_view bytes(reinterpret_cast<const char*>(uuid.data()), uuid.size());
  std::size_t from = 0;
  for (std::size_t length : {4u, 2u, 2u, 2u, 6u}) {
    if (from != 0) out += '-';
    append_hex(out, bytes.substr(from, length));
    from += length;
  }
}

}  // namespace rowcall
