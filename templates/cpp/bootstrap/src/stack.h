#pragma once

#include <exception>
#include <string>

namespace hearth::server {

// Where the exception that this thread threw last was thrown: a line a frame. C++ keeps no stack with an exception, so
// throwing itself is overheard (stack.cpp).
std::string stack_of_last_throw();

// "std::out_of_range"
std::string type_of(const std::exception& error);

}  // namespace hearth::server
