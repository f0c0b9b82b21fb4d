# For a function's own CMakeLists.txt: find_package(hearth REQUIRED), then link the program `function` to hearth::hearth.
find_package(Threads REQUIRED)
if(NOT TARGET hearth::hearth)
  add_library(hearth::hearth STATIC IMPORTED)
  set_target_properties(
    hearth::hearth
    PROPERTIES IMPORTED_LOCATION "${CMAKE_CURRENT_LIST_DIR}/../lib/libhearth.a"
               INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_CURRENT_LIST_DIR}/../include"
               INTERFACE_LINK_LIBRARIES "Threads::Threads;dl"
               INTERFACE_LINK_OPTIONS "-rdynamic;-s"
               INTERFACE_COMPILE_FEATURES cxx_std_20)
endif()
