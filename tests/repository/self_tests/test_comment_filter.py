"""Tests of the filter through which Doxygen reads the public headers."""

import pathlib
import sys
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "docs" / "reference"))

# pylint: disable=wrong-import-position
import comment_filter

HEADER = """// What is here, of type A<B>.
//
//   A a;  // like this
//
// `A<B>` again.
#pragma once

namespace a {

// A class.
class A {
 public:
  // --- a heading ---

  // A method. ::Make(size) or std::move, and `::Make`.
  void Do() {
    // Why.
    int i = 0;  // the first
  }
  int size = 0;  // in bytes
};

}  // namespace a
"""

DOXYGEN = """/// \\file
/// What is here, of type A\\<B\\>.
/// \\code{.cpp}
/// A a;  // like this
/// \\endcode
/// `A<B>` again.
#pragma once

namespace a {

/// A class.
class A {
 public:
  // --- a heading ---

  /// A method. \\::Make(size) or std::move, and `::Make`.
  void Do() {
    // Why.
    int i = 0;  // the first
  }
  int size = 0;  ///< in bytes
};

}  // namespace a
"""


class CommentFilterTest(unittest.TestCase):
    def test_comments_of_declarations_become_documentation(self):
        self.assertEqual(DOXYGEN, comment_filter.filtered(HEADER))


if __name__ == "__main__":
    unittest.main()
