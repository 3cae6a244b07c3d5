import Testing

import Formats

@Suite("JSON of a session")
struct JSONValueTests {
  @Test("A value reads back as it was written, members in order")
  func roundTrip() throws {
    let value: JSONValue = [
      "b": 1, "a": [true, false, .null, -7, 0.1, 1e300, .number(.leastNonzeroMagnitude), "ä\u{0}\n\"\\\u{1F600}"],
      "": ["nested": [:] as JSONValue],
    ]
    #expect(try JSONValue(parsing: value.text.utf8) == value)
    #expect(value.text.hasPrefix(#"{"b":1,"a":[true"#))
    #expect(value.text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
  }

  @Test(
    "Text that the standard allows is read",
    arguments: [
      (" { \"a\" : [ 1 , 2.5e1 ] } ", ["a": [1, 25.0]] as JSONValue), (#""\u00e4\ud83d\ude00\/""#, "ä😀/"),
      ("-0", 0), ("1E+2", 100.0), ("9223372036854775807", 9_223_372_036_854_775_807),
      ("9223372036854775808", 9223372036854775808.0),
    ])
  func allowed(text: String, expected: JSONValue) throws {
    #expect(try JSONValue(parsing: text.utf8) == expected)
  }

  @Test(
    "Text that is not JSON, or that two readers could read differently, is refused",
    arguments: [
      "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{a:1}", "01", "1.", ".5", "+1", "1e", "1e999", "nul",
      "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\x\"", "\"\\u+123\"", "\"\n\"", "\"open", "1 2", "[1 2]", "NaN", "'a'",
      "\"\\u12",
    ])
  func refused(text: String) {
    #expect(throws: JSONProblem.self) { try JSONValue(parsing: text.utf8) }
  }

  @Test("Deep nesting is refused without using up the stack")
  func deepNesting() {
    let text = String(repeating: "[", count: 1_000_000)
    #expect(throws: JSONProblem.self) { try JSONValue(parsing: text.utf8) }
    #expect(throws: JSONProblem.self) { try JSONValue(parsing: String(repeating: #"{"a":"#, count: 100_000).utf8) }
  }

  @Test("Bytes that are not UTF-8 are refused")
  func invalidUTF8() {
    #expect(throws: JSONProblem.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
    #expect(throws: JSONProblem.self) { try JSONValue(parsing: [0x22, 0xED, 0xA0, 0x80, 0x22]) }
  }

  @Test("Settings are the same whatever the order of their members")
  func equivalence() {
    let settings: JSONValue = ["step": 1, "rules": "canalis", "axes": [1, 2]]
    #expect(settings.isEquivalent(to: ["rules": "canalis", "axes": [1, 2], "step": 1.0]))
    #expect(!settings.isEquivalent(to: ["rules": "canalis", "axes": [2, 1], "step": 1.0]))
    #expect(!settings.isEquivalent(to: ["rules": "canalis", "axes": [1, 2]]))
  }
}
