#include "launcher/handover.h"

#include <string_view>

namespace hearth::launcher {
namespace {

constexpr std::uint32_t kFirstHigh = 0xd800, kFirstLow = 0xdc00, kAfterLow = 0xe000;  // surrogates

// JSON (RFC 8259) as far as a handover has it. Each function takes what it is named for and says whether it was there.
class Reader {
 public:
  Reader(char* begin, char* end) : at_(begin), end_(end) {}

  bool handover(Handover& handover) {
    const auto member = [&](const char* name) {
      if (name == std::string_view{"env"}) return object([&](const char* key) { return variable(key, handover); });
      if (name == std::string_view{"folder"}) return string(handover.folder);
      if (name == std::string_view{"package"}) return number(handover.package);
      const char* handler = nullptr;  // the environment has it, too
      return name == std::string_view{"handler"} && string(handler);
    };
    return object(member) && at_ == end_ && handover.folder != nullptr;
  }

 private:
  bool object(const auto& take_member) {
    if (!sign('{')) return false;
    if (sign('}')) return true;
    do {
      const char* name = nullptr;
      if (!string(name) || !sign(':') || !take_member(name)) return false;
    } while (sign(','));
    return sign('}');
  }

  bool variable(const char* name, Handover& handover) {
    if (*name == '\0' || std::string_view{name}.find('=') != std::string_view::npos) return false;
    if (handover.variable_count == Handover::kMostVariables) return false;
    auto& variable = handover.variables[handover.variable_count++];
    variable.name = name;
    return string(variable.value);
  }

  bool number(std::uint64_t& value) {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 53;
    skip_space();
    const char* first = at_;
    for (value = 0; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_) {
      value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
      if (value > kMost) return false;
    }
    const bool is_padded = *first == '0' && at_ - first > 1;
    return at_ != first && !is_padded && skip_space();
  }

  // It ends by a zero, where its quote was at the latest.
  bool string(const char*& value) {
    if (at_ == end_ || *at_ != '"') return false;
    ++at_;
    char* to = at_;
    value = to;
    while (at_ != end_ && *at_ != '"') {
      if (static_cast<unsigned char>(*at_) < ' ') return false;
      if (*at_ != '\\') {
        *to++ = *at_++;
      } else if (!escape(to)) {
        return false;
      }
    }
    if (at_ == end_) return false;
    ++at_;
    *to = '\0';
    return skip_space();
  }

  bool escape(char*& to) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    if (++at_ == end_) return false;
    const char escaped = *at_++;
    if (escaped == 'u') return code_point(to);
    const auto which = kEscapes.find(escaped);
    if (which == std::string_view::npos) return false;
    *to++ = kMeant[which];
    return true;
  }

  // As UTF-8, which is shorter than what it stands for.
  bool code_point(char*& to) {
    std::uint32_t code = 0;
    if (!hex_digits(code) || code == 0) return false;
    if (code >= kFirstHigh && code < kAfterLow) {
      std::uint32_t low = 0;
      if (code >= kFirstLow || end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return false;
      at_ += 2;
      if (!hex_digits(low) || low < kFirstLow || low >= kAfterLow) return false;
      code = 0x10000 + ((code - kFirstHigh) << 10) + (low - kFirstLow);
    }
    const auto rest = [&](unsigned shift) { *to++ = static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
    if (code < 0x80) {
      *to++ = static_cast<char>(code);
    } else if (code < 0x800) {
      *to++ = static_cast<char>(0xc0 | (code >> 6));
      rest(0);
    } else if (code < 0x10000) {
      *to++ = static_cast<char>(0xe0 | (code >> 12));
      rest(6), rest(0);
    } else {
      *to++ = static_cast<char>(0xf0 | (code >> 18));
      rest(12), rest(6), rest(0);
    }
    return true;
  }

  bool hex_digits(std::uint32_t& code) {
    if (end_ - at_ < 4) return false;
    for (const char* last = at_ + 4; at_ != last; ++at_) {
      const char low = static_cast<char>(*at_ | 0x20);
      const bool is_digit = *at_ >= '0' && *at_ <= '9';
      if (!is_digit && (low < 'a' || low > 'f')) return false;
      code = code << 4 | static_cast<std::uint32_t>(is_digit ? *at_ - '0' : low - 'a' + 10);
    }
    return true;
  }

  bool sign(char wanted) {
    skip_space();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return skip_space();
  }

  bool skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
    return true;
  }

  char* at_;
  char* end_;
};

}  // namespace

bool read_handover(char* begin, char* end, Handover& handover) { return Reader{begin, end}.handover(handover); }

}  // namespace hearth::launcher
