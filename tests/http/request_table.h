// Requests, whole, and what becomes of each: the table that decides how strict we are. Status 0: it is accepted.
#pragma once

#include <string>
#include <vector>

namespace hearth::http {

struct RequestCase {
  const char* name;
  std::string bytes;
  int status;
};

inline std::string with(const std::string& fields, const std::string& body = "") {
  return "POST /fn/hello HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}

inline std::vector<RequestCase> request_table() {
  using std::string;
  const string nul(1, '\0');
  return {
      // What must be taken.
      {"plain", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 0},
      {"old, without Host", "GET / HTTP/1.0\r\n\r\n", 0},
      {"body by length", with("Content-Length: 3\r\n", "abc"), 0},
      {"body of no length", with("Content-Length: 0\r\n"), 0},
      {"body in chunks", with("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), 0},
      {"chunked in capitals", with("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"), 0},
      {"chunk extension", with("Transfer-Encoding: chunked\r\n", "3;a=b\r\nabc\r\n0\r\n\r\n"), 0},
      {"trailer", with("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n"), 0},
      {"space around a value", "GET / HTTP/1.1\r\nHost:\t h \t\r\n\r\n", 0},
      {"empty value", with("X-Empty:\r\n"), 0},
      {"bytes above ASCII in a value", with("X-Name: J\xc3\xbcrgen\r\n"), 0},
      {"tab in a value", with("X-Name: a\tb\r\n"), 0},
      {"URL as target", "GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n", 0},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 0},
      {"empty line before", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 0},
      {"unknown method", "PURGE / HTTP/1.1\r\nHost: h\r\n\r\n", 0},
      // Where does the body end?
      {"both lengths", with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {"both lengths, turned", with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), 400},
      {"two lengths", with("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400},
      {"two equal lengths", with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
      {"a list of lengths", with("Content-Length: 3, 3\r\n", "abc"), 400},
      {"negative length", with("Content-Length: -3\r\n"), 400},
      {"signed length", with("Content-Length: +3\r\n", "abc"), 400},
      {"hexadecimal length", with("Content-Length: 0x3\r\n", "abc"), 400},
      {"empty length", with("Content-Length:\r\n"), 400},
      {"length with a space", with("Content-Length: 1 0\r\n", "abc"), 400},
      {"length beyond counting", with("Content-Length: 99999999999999999999\r\n"), 400},
      {"two encodings", with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400},
      {"chunked twice", with("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400},
      {"chunked in two fields", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {"identity", with("Transfer-Encoding: identity\r\n"), 400},
      {"nearly chunked", with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400},
      {"chunked in quotes", with("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 400},
      {"chunked with a vertical tab",
       with("Transfer-Encoding: \x0b"
            "chunked\r\n",
            "0\r\n\r\n"),
       400},
      {"empty encoding", with("Transfer-Encoding:\r\n"), 400},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      // Where does a line, a field, the head end?
      {"folded line", with("X-A: b\r\n c\r\n"), 400},
      {"folded encoding", with("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400},
      {"folded first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"space before the colon", with("Content-Length : 3\r\n", "abc"), 400},
      {"tab before the colon", with("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"), 400},
      {"no colon", with("Content-Length 3\r\n"), 400},
      {"no name", with(": value\r\n"), 400},
      {"space in a name", with("X A: b\r\n"), 400},
      {"brackets in a name", with("X[A]: b\r\n"), 400},
      {"bare line feed after the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
      {"bare line feed after a field", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
      {"bare line feed at the end", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
      {"bare carriage return in a value", with("X-A: b\rContent-Length: 3\r\n"), 400},
      {"bare carriage return in a name", with("X\rA: b\r\n"), 400},
      {"two carriage returns", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400},
      {"NUL in a value", with("X-A: b" + nul + "c\r\n"), 400},
      {"NUL in a name", with("X-A" + nul + ": b\r\n"), 400},
      {"NUL in the target", "GET /" + nul + " HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"DEL in a value", with("X-A: b\x7f\r\n"), 400},
      {"escape in a long value", with("X-A: aaaaaaaaaaaaaaaaaaaaa\x1b[2J\r\n"), 400},
      // For whom is it?
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"two equal Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
      {"Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"a list of Hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"URL for another Host", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400},
      // Is it HTTP/1.1 at all?
      {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"tab as separator", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"space at the line's end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"no version", "GET /\r\n\r\n", 400},
      {"brackets as method", "G[T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"no slash", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"target above ASCII", "GET /\xc3\xbc HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"asterisk with GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"another scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"version in small letters", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
      {"version with two digits", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", 505},
      {"CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 405},
      {"TRACE", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", 405},
      {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"another expectation", with("Expect: 200-ok\r\n"), 417},
      // Too much of it.
      {"target too long", "GET /" + string(9000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
      {"head too large", with("X-A: " + string(40000, 'a') + "\r\n"), 431},
      {"too many fields", with([] {
         string fields;
         for (int i = 0; i < 101; ++i) fields += "X-" + std::to_string(i) + ": y\r\n";
         return fields;
       }()),
       431},
      // Chunks.
      {"chunk size not hexadecimal", with("Transfer-Encoding: chunked\r\n", "g\r\n"), 400},
      {"chunk size with 0x", with("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n"), 400},
      {"signed chunk size", with("Transfer-Encoding: chunked\r\n", "+3\r\nabc\r\n0\r\n\r\n"), 400},
      {"space before a chunk size", with("Transfer-Encoding: chunked\r\n", " 3\r\nabc\r\n0\r\n\r\n"), 400},
      {"space after a chunk size", with("Transfer-Encoding: chunked\r\n", "3 \r\nabc\r\n0\r\n\r\n"), 400},
      {"empty chunk size", with("Transfer-Encoding: chunked\r\n", "\r\nabc\r\n0\r\n\r\n"), 400},
      {"chunk size beyond counting", with("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n"), 400},
      {"chunk longer than its size", with("Transfer-Encoding: chunked\r\n", "2\r\nabc\r\n0\r\n\r\n"), 400},
      {"bare line feed after a chunk size", with("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"), 400},
      {"bare line feed after a chunk", with("Transfer-Encoding: chunked\r\n", "3\r\nabc\n0\r\n\r\n"), 400},
      {"bare line feed in an extension", with("Transfer-Encoding: chunked\r\n", "3;a\nabc\r\n0\r\n\r\n"), 400},
      {"bare carriage return in an extension", with("Transfer-Encoding: chunked\r\n", "3;a\rb\r\nabc\r\n0\r\n\r\n"),
       400},
      {"NUL in an extension", with("Transfer-Encoding: chunked\r\n", "3;" + nul + "\r\nabc\r\n0\r\n\r\n"), 400},
      {"bare line feed in a trailer", with("Transfer-Encoding: chunked\r\n", "0\r\nX: y\n\r\n"), 400},
      {"folded trailer", with("Transfer-Encoding: chunked\r\n", "0\r\nX: y\r\n z\r\n\r\n"), 400},
      {"length in a trailer", with("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 5\r\n\r\n"), 400},
      {"encoding in a trailer", with("Transfer-Encoding: chunked\r\n", "0\r\nTransfer-Encoding: gzip\r\n\r\n"), 400},
      {"trailer without end", with("Transfer-Encoding: chunked\r\n", "0\r\nX: " + string(9000, 'y')), 400},
  };
}

}  // namespace hearth::http
