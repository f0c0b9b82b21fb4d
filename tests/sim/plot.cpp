#include "sim/plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace hearth::sim {
namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 480;
constexpr double kLeft = 72;
constexpr double kRight = 200;  // the names of the series
constexpr double kTop = 44;
constexpr double kBottom = 60;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string{c};
  return safe;
}

std::string text_at(double x, double y, const std::string& text, const std::string& more = "") {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + more + ">" + escaped(text) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& colour) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
         "\" stroke=\"" + colour + "\"/>\n";
}

// Where values come to lie.
struct Range {
  double least = std::numeric_limits<double>::max();
  double most = 0;

  void take(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  void widen() {
    if (most <= 0) least = most = 1;
    least /= 1.2;
    most *= 1.2;
  }
  double share(double value) const { return (std::log(value) - std::log(least)) / (std::log(most) - std::log(least)); }
  // 1, 2 and 5 times powers of ten.
  std::vector<double> ticks() const {
    std::vector<double> ticks;
    for (auto power = std::floor(std::log10(least)); power <= std::log10(most); ++power) {
      for (const double times : {1.0, 2.0, 5.0}) {
        const auto value = times * std::pow(10, power);
        if (value >= least && value <= most) ticks.push_back(value);
      }
    }
    return ticks;
  }
};

bool fits(const Point& point) { return point.x > 0 && point.y > 0; }

struct Frame {
  Range across;
  Range up;

  explicit Frame(const Plot& plot) {
    for (const auto& series : plot.series) {
      for (const auto& point : series.points) {
        if (!fits(point)) continue;
        across.take(point.x);
        up.take(point.y);
      }
    }
    across.widen();
    up.widen();
  }
  double x(double value) const { return kLeft + across.share(value) * (kWidth - kLeft - kRight); }
  double y(double value) const { return kHeight - kBottom - up.share(value) * (kHeight - kTop - kBottom); }
};

std::string axes(const Plot& plot, const Frame& frame) {
  const auto right = kWidth - kRight;
  const auto bottom = kHeight - kBottom;
  std::string out;
  for (const auto value : frame.up.ticks()) {
    out += line(kLeft, frame.y(value), right, frame.y(value), "#e4e4e4");
    out += text_at(kLeft - 8, frame.y(value) + 4, number(value), "text-anchor=\"end\"");
  }
  for (const auto value : frame.across.ticks()) {
    out += line(frame.x(value), kTop, frame.x(value), bottom, "#e4e4e4");
    out += text_at(frame.x(value), bottom + 18, number(value), "text-anchor=\"middle\"");
  }
  out += line(kLeft, bottom, right, bottom, "#444");
  out += line(kLeft, kTop, kLeft, bottom, "#444");
  out += text_at((kLeft + right) / 2, kHeight - 16, plot.x_axis, "text-anchor=\"middle\"");
  out += text_at(kLeft - 52, (kTop + bottom) / 2, plot.y_axis,
                 "text-anchor=\"middle\" transform=\"rotate(-90 " + number(kLeft - 52) + " " +
                     number((kTop + bottom) / 2) + ")\"");
  return out + text_at(kLeft, 24, plot.title, "font-size=\"16\" font-weight=\"bold\"");
}

std::string drawn(const Series& series, const Frame& frame) {
  std::string path;
  std::string marks;
  for (const auto& point : series.points) {
    if (!fits(point)) continue;
    const auto x = frame.x(point.x);
    const auto y = frame.y(point.y);
    path += (path.empty() ? "" : " ") + number(x) + "," + number(y);
    marks += "<circle cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"4\" fill=\"" + series.colour + "\"/>\n";
    if (!point.label.empty()) marks += text_at(x + 7, y - 6, point.label, "font-size=\"11\" fill=\"#555\"");
  }
  if (!series.line) return marks;
  return "<polyline points=\"" + path + "\" fill=\"none\" stroke=\"" + series.colour + "\" stroke-width=\"2\"/>\n" +
         marks;
}

}  // namespace

std::string svg_of(const Plot& plot) {
  const Frame frame{plot};
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(kWidth) + "\" height=\"" +
                    number(kHeight) + "\" viewBox=\"0 0 " + number(kWidth) + " " + number(kHeight) +
                    "\" font-family=\"DejaVu Sans, sans-serif\" font-size=\"13\">\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  out += axes(plot, frame);
  auto legend = kTop + 12;
  for (const auto& series : plot.series) {
    out += drawn(series, frame);
    out += "<circle cx=\"" + number(kWidth - kRight + 20) + "\" cy=\"" + number(legend - 4) + "\" r=\"5\" fill=\"" +
           series.colour + "\"/>\n";
    out += text_at(kWidth - kRight + 32, legend, series.name);
    legend += 22;
  }
  return out + "</svg>\n";
}

}  // namespace hearth::sim
