# A package without a CMakeLists.txt: every source in it but tests and build folders.
bootstrap := /usr/lib/hearth
sources := $(shell find . -type f \( -name '*.cpp' -o -name '*.cc' -o -name '*.cxx' \) \
  ! -name '*_test.*' ! -path './test/*' ! -path './tests/*' ! -path './build/*' ! -path './.*/*' | sort)
objects := $(patsubst ./%,/tmp/build/%.o,$(sources))

ifeq ($(sources),)
$(error there is no C++ source in the package)
endif

/out/.hearth/function: $(objects)
	g++ -rdynamic -s -o $@ $^ -L$(bootstrap)/lib -lhearth -pthread -ldl

/tmp/build/%.o: %
	@mkdir -p $(@D)
	ccache g++ -std=c++20 -O2 -Wall -I. -I$(bootstrap)/include -c -o $@ $<
