// A plot as SVG: points and lines over two logarithmic axes.
#pragma once

#include <string>
#include <vector>

namespace hearth::sim {

struct Point {
  double x = 0;
  double y = 0;
  std::string label = {};
};
struct Series {
  std::string name;
  std::string colour;
  std::vector<Point> points;
  bool line = true;
};
struct Plot {
  std::string title;
  std::string x_axis;
  std::string y_axis;
  std::vector<Series> series;
};

std::string svg_of(const Plot& plot);

}  // namespace hearth::sim
