// Specs, revisions and functions as JSON documents: what the store keeps and what the API speaks.
// Pure; any thread. Decoding is strict: an unknown key, a wrong type or a size without meaning is a complaint, and all
// complaints of a document are told at once.
#pragma once

#include "domain/function.h"

#include <string>
#include <string_view>
#include <vector>

namespace hearth::control {

// A document that was refused, with everything that is wrong with it (the API's `errors`): `invalid` where it cannot be
// read, `unprocessable` where it can, and breaks a rule.
class InvalidDocument : public domain::Error {
 public:
  InvalidDocument(std::string message, std::vector<domain::Complaint> complaints,
                  domain::Code code = domain::Code::invalid);
  const std::vector<domain::Complaint>& complaints() const noexcept { return complaints_; }

 private:
  std::vector<domain::Complaint> complaints_;
};

// Every decode throws InvalidDocument. A spec's `name` and `namespace` may be left out; they stay as they are by
// default then.
std::string encode_spec(const domain::FunctionSpec& spec);
domain::FunctionSpec decode_spec(std::string_view json);

std::string encode_revision(const domain::Revision& revision);
domain::Revision decode_revision(std::string_view json);

std::string encode_function(const domain::Function& function);
domain::Function decode_function(std::string_view json);

// "2026-01-31T09:05:00.250Z" (RFC 3339, always UTC, always milliseconds).
std::string format_time(domain::WallTime time);

}  // namespace hearth::control
