// Specs as the API takes them: refused with complaints, or read to what writes itself the same.
#include "control/spec_codec.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  try {
    const auto spec = control::decode_spec(fuzz::text(data, size));
    if (!domain::check(spec).empty()) return 0;
    must(control::decode_spec(control::encode_spec(spec)) == spec);
  } catch (const control::InvalidDocument& refused) {
    must(!refused.complaints().empty() || !refused.fault().message.empty());
  }
  return 0;
}
