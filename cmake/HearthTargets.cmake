# One function a kind of target, so that a layer's CMakeLists.txt says only what it may depend on.

find_package(Threads REQUIRED)
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(hearth_flags INTERFACE)
target_compile_options(hearth_flags INTERFACE -Wall -Wextra $<$<BOOL:${HEARTH_WERROR}>:-Werror>)
# GCC 12 warns falsely of mismatched new and delete on coroutine frames, and of overlap when text is joined (105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(hearth_flags INTERFACE -Wno-mismatched-new-delete -Wno-restrict)
endif()
target_link_libraries(hearth_flags INTERFACE Threads::Threads)
if(NOT HEARTH_SANITIZE)
  # What Ubuntu's compiler does by itself, so that Debian's complains of the same.
  target_compile_options(hearth_flags INTERFACE
                         "$<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
endif()
if(HEARTH_SANITIZE)
  add_compile_options(-fsanitize=${HEARTH_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HEARTH_SANITIZE})
  if(HEARTH_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  # GCC warns falsely of uninitialised and out-of-bounds reads once sanitizers have rewritten the code.
  target_compile_options(
    hearth_flags INTERFACE
    "$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-array-bounds;-Wno-stringop-overflow;-Wno-tsan>")
endif()

# hearth_layer(<name> [USES <layers and libraries a header of it shows>] [HIDES <libraries only its sources see>])
# makes hearth_<name> of the sources in the current folder.
function(hearth_layer NAME)
  cmake_parse_arguments(LAYER "" "" "USES;HIDES" ${ARGN})
  file(GLOB SOURCES CONFIGURE_DEPENDS "*.cpp")
  if(SOURCES)
    add_library(hearth_${NAME} STATIC ${SOURCES})
    set(SCOPE PUBLIC)
    target_link_libraries(hearth_${NAME} PRIVATE hearth_flags ${LAYER_HIDES})
  else()
    add_library(hearth_${NAME} INTERFACE)
    set(SCOPE INTERFACE)
  endif()
  target_include_directories(hearth_${NAME} ${SCOPE} "${PROJECT_SOURCE_DIR}/controller")
  target_link_libraries(hearth_${NAME} ${SCOPE} ${LAYER_USES})
endfunction()

# hearth_test(<name> SUITE <suite> USES <targets>) makes one program of the *_test.cpp files in the current folder and
# gives each of its tests the suite's label. `tests-<suite>` builds all programs of a suite.
function(hearth_test NAME)
  cmake_parse_arguments(TEST "" "SUITE;TIMEOUT" "USES" ${ARGN})
  file(GLOB SOURCES CONFIGURE_DEPENDS "*.cpp")
  add_executable(${NAME} ${SOURCES})
  target_include_directories(${NAME} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${NAME} PRIVATE hearth_flags ${TEST_USES} GTest::gmock GTest::gtest_main)
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 60)
  endif()
  if(NOT TARGET tests-${TEST_SUITE})
    add_custom_target(tests-${TEST_SUITE})
  endif()
  add_dependencies(tests-${TEST_SUITE} ${NAME})
  math(EXPR TEST_TIMEOUT "${TEST_TIMEOUT} * ${HEARTH_TEST_TIME_FACTOR}")
  add_test(NAME ${NAME} COMMAND ${NAME})
  set_tests_properties(${NAME} PROPERTIES LABELS "${TEST_SUITE}" TIMEOUT ${TEST_TIMEOUT})
endfunction()
