// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace datong::catalog {

// Where something stands in a text. Lines and columns count from 1, columns in characters (not bytes).
struct Place {
  int line = 0;  // 0 = no place
  int column = 0;
  int length = 1;  // characters to underline, at least 1
};

// A mistake in a catalog file, with its place. Rendered by the command line as file:line:col with the line and a caret.
// The codes are listed in docs/catalog.md.
struct Finding {
  std::string code;     // stable: "unknown_key", "duplicate_key", "wrong_type", "breaking_change", ...
  std::string message;  // what
  std::string why;      // may be empty
  std::string next;     // what to do; may be empty ("did you mean ...")
  int line = 0;         // 1-based; 0 = no place
  int column = 0;       // 1-based, in characters
  int length = 1;       // of the caret run
};

// Findings in the order they were made. One place to add, so that none is made without a place.
class Findings {
 public:
  void Add(Place place, std::string code, std::string message, std::string next = {}, std::string why = {}) {
    all_.push_back(
        {std::move(code), std::move(message), std::move(why), std::move(next), place.line, place.column, place.length});
  }
  size_t size() const { return all_.size(); }
  bool empty() const { return all_.empty(); }
  std::vector<Finding> TakeInTextOrder();

 private:
  std::vector<Finding> all_;
};

}  // namespace datong::catalog
