// SPDX-License-Identifier: Apache-2.0
// The non-template code of Asio and Beast, compiled once for the whole product.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
