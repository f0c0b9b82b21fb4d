// The use cases of the API that fit into one answer: a Request and the parameters of its path to a Response. They run
// on threads that may block, several at once, and throw domain::Error. What streams is in streams.h.
#pragma once

#include "api/info.h"
#include "api/message.h"
#include "api/route_table.h"
#include "control/durable_calls.h"
#include "control/metering.h"
#include "control/service.h"
#include "ports/packages.h"
#include "telemetry/log_files.h"

#include <string>

namespace hearth::api {

// All outlive the handlers.
struct Parts {
  control::Service& service;
  control::Metering& metering;
  ports::Packages& packages;
  telemetry::LogFiles& logs;
  control::DurableCalls& calls;
  const Info& info;
};

Response list_functions(const Parts& parts, const Request& request, const Parameters& parameters);
Response get_function(const Parts& parts, const Request& request, const Parameters& parameters);
Response put_function(const Parts& parts, const Request& request, const Parameters& parameters);
Response delete_function(const Parts& parts, const Request& request, const Parameters& parameters);

// Blocks until the revision serves.
Response put_active(const Parts& parts, const Request& request, const Parameters& parameters);

Response list_revisions(const Parts& parts, const Request& request, const Parameters& parameters);
Response get_revision(const Parts& parts, const Request& request, const Parameters& parameters);

// With `wait`, blocks for as long, or until the status is news to the client.
Response get_status(const Parts& parts, const Request& request, const Parameters& parameters);
Response list_replicas(const Parts& parts, const Request& request, const Parameters& parameters);

// Days of usage, and what Prometheus scrapes.
Response list_usage(const Parts& parts, const Request& request, const Parameters& parameters);
Response get_metrics(const Parts& parts, const Request& request, const Parameters& parameters);

// Durable calls: a page of them, one, its end and its new beginning, and that of a page of them.
Response list_calls(const Parts& parts, const Request& request, const Parameters& parameters);
Response get_call(const Parts& parts, const Request& request, const Parameters& parameters);
Response cancel_call(const Parts& parts, const Request& request, const Parameters& parameters);
Response redrive_call(const Parts& parts, const Request& request, const Parameters& parameters);
Response redrive_calls(const Parts& parts, const Request& request, const Parameters& parameters);

Response head_package(const Parts& parts, const Request& request, const Parameters& parameters);

Response get_info(const Parts& parts, const Request& request, const Parameters& parameters);
Response get_openapi(const Parts& parts, const Request& request, const Parameters& parameters);
Response get_health(const Parts& parts, const Request& request, const Parameters& parameters);
Response get_readiness(const Parts& parts, const Request& request, const Parameters& parameters);

}  // namespace hearth::api
