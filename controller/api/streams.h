// What streams in or out and so never passes through the inner listener: uploads, builds, logs. Each blocks its
// thread for as long as the stream lasts, and ends soon after the client left.
#pragma once

#include "api/handlers.h"
#include "http/blocking.h"

namespace hearth::api {

// A tar of any length, straight into its file.
void put_package(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
                 const Parameters& parameters);
// NDJSON, until the build is settled.
void get_build(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
               const Parameters& parameters);
// Its calls as they end, NDJSON; with `follow`, until the client leaves, `wait` is over or `limit` of them were told.
void get_calls(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
               const Parameters& parameters);
// What a durable call was sent with, and what it was answered, as bytes.
void get_call_body(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
                   const Parameters& parameters);
void get_call_result(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
                     const Parameters& parameters);
// NDJSON; with `follow`, until the client leaves, `wait` is over or the function is removed.
void get_logs(const Parts& parts, http::BlockingExchange& exchange, const Request& request,
              const Parameters& parameters);

}  // namespace hearth::api
