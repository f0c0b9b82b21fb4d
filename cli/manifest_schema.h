// The keys of fn.yaml: one table that the reader, its suggestions and its complaints go by.
#pragma once

#include "domain/function.h"

#include <span>
#include <string_view>
#include <variant>

namespace hearth::cli {

// What a key's value is, and where it goes.
struct Text {
  std::string& (*in)(domain::FunctionSpec&);
};
struct Size {
  domain::Bytes& (*in)(domain::FunctionSpec&);
};
struct Time {
  std::chrono::milliseconds& (*in)(domain::FunctionSpec&);
};
struct Frost {
  domain::Freeze& (*in)(domain::FunctionSpec&);
};  // auto, never or a time
struct Keep {
  domain::KeepAlive& (*in)(domain::FunctionSpec&);
};  // auto, fixed or hybrid
struct Cpu {
  std::uint32_t& (*in)(domain::FunctionSpec&);
};
struct Count {
  std::uint32_t& (*in)(domain::FunctionSpec&);
};
struct Choice {
  bool& (*in)(domain::FunctionSpec&);
};  // allow or deny
struct Flag {
  bool& (*in)(domain::FunctionSpec&);
};  // true or false
struct Texts {
  std::vector<std::string>& (*in)(domain::FunctionSpec&);
};
struct Pairs {
  std::map<std::string, std::string>& (*in)(domain::FunctionSpec&);
};
struct Section {  // its keys stand in the table beside it
  void (*begin)(domain::FunctionSpec&) = nullptr;
};
struct List {};   // of sections of this name
struct Later {};  // a key of the whole design that this version does not carry out
using Kind = std::variant<Text, Size, Time, Frost, Keep, Cpu, Count, Choice, Flag, Texts, Pairs, Section, List, Later>;

struct Key {
  std::string_view section;  // empty at the top; "triggers.http" for what is nested
  std::string_view name;
  Kind kind;
  std::string_view example;
  std::string_view help;  // what it is, in a line
};

std::span<const Key> manifest_keys();

}  // namespace hearth::cli
