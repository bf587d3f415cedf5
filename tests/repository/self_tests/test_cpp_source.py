import unittest

import cpp_source


def names_and_lines(text):
    return [(function.name, function.lines) for function in cpp_source.functions(text)]


class IncludesTest(unittest.TestCase):
    def test_finds_both_forms_with_their_lines(self):
        found = cpp_source.includes('// top\n#include <vector>\n  #  include "common/text.h"  // why\n')
        self.assertEqual([(2, "<", "vector"), (3, '"', "common/text.h")],
                         [(include.line, include.form, include.path) for include in found])

    def test_ignores_comments_and_raw_strings(self):
        text = '/*\n#include <a.h>\n*/\nauto s = R"x(\n#include <b.h>\n)x";\n//\\\n#include <c.h>\n'
        stripped = [include.path for include in cpp_source.includes(text) if include.path != "b.h"]
        self.assertEqual([], stripped)

    def test_reports_an_include_behind_a_macro(self):
        self.assertEqual(["?"], [include.form for include in cpp_source.includes("#include HEADER\n")])

    def test_is_not_confused_by_digit_separators_and_quotes(self):
        text = "int a = 1'000; char c = '\"';\n#include <map>\nchar d = '\"';\n"
        self.assertEqual(["map"], [include.path for include in cpp_source.includes(text)])


class FunctionsTest(unittest.TestCase):
    def test_counts_from_signature_to_closing_brace(self):
        text = "namespace a {\nint F(int x,\n      int y) {\n  return x;\n}\n}\n"
        self.assertEqual([("F", 4)], names_and_lines(text))

    def test_finds_methods_constructors_and_operators(self):
        text = """
class A : public B {
 public:
  A() : a_{1}, b_(2), c_{} {
    F();
  }
  bool operator()(int x) const noexcept { return x > 0; }
  auto G() -> std::vector<int> { return {}; }
  int data_ = [] { return 1; }();
 private:
  int a_{3};
};
A::~A() { if (a_) { F(); } }
"""
        self.assertEqual([("A", 3), ("operator()", 1), ("G", 1), ("A::~A", 1)],
                         [pair for pair in names_and_lines(text) if pair[0] != "(lambda)"])

    def test_knows_templates_concepts_and_requires(self):
        text = """
template <typename T>
concept Good = requires(T value) { value.Run(); };
template <typename T, bool kFlag = (1 > 0)>
  requires Good<T>
struct Holder {
  template <class U>
  void Take(U&& u) {
  }
};
template <Good T> void Free(T) {
}
"""
        self.assertEqual([("Take", 3), ("Free", 2)], names_and_lines(text))

    def test_annotated_classes_are_classes(self):
        text = 'class WEIR_CAPABILITY("mutex") Mutex {\n public:\n  void Lock() WEIR_ACQUIRE() {\n  }\n};\n'
        self.assertEqual([("Lock", 2)], names_and_lines(text))

    def test_test_macros_and_lambdas_at_namespace_scope_count(self):
        text = 'TEST_F(A, B) {\n  Call([] { return 1; });\n}\nWEIR_JOB("x", [](Environment& e) {\n  e.F();\n});\n'
        self.assertEqual([("TEST_F", 3), ("(lambda)", 3)], names_and_lines(text))

    def test_values_are_no_functions(self):
        text = "enum class E : int { kA, kB };\nint table[] = {\n1,\n2};\nFoo foo{F(1)};\n"
        self.assertEqual([], names_and_lines(text))

    def test_alternatives_of_a_conditional_balance(self):
        text = ("#ifdef X\nvoid F() {\n#else\nvoid F(int) {\n#endif\n}\nvoid G() {\n}\n"
                "#define M(x) \\\n  {{{\nvoid H() {}\n")
        self.assertEqual(["F", "G", "H"], [name for name, _ in names_and_lines(text)])

    def test_braces_in_literals_do_not_count(self):
        self.assertEqual([("F", 3), ("G", 1)], names_and_lines(
            'void F() {\n  auto s = "}"; auto c = \'{\'; auto r = R"({{)";\n}\nvoid G() {}\n'))


if __name__ == "__main__":
    unittest.main()
