import Foundation
import Layers
import Testing

@testable import Checkpoint

@Suite("A plan that cannot be honoured is refused with its path")
struct PlanTests {
  /// Replaces texts of equal length in a sound checkpoint's pickle and returns the error.
  private func failure(replacing old: String, by new: String) throws -> String {
    try #require(old.utf8.count == new.utf8.count)
    var builder = ZipBuilder()
    for entry in try HostileArchiveTests.smallEntries("checkpoint/variants.pth") {
      var content = entry.content
      if entry.name.hasSuffix("data.pkl") {
        var data = Data(content)
        let range = try #require(data.range(of: Data(old.utf8)), "\(old) is in the pickle")
        data.replaceSubrange(range, with: Data(new.utf8))
        content = Array(data)
      }
      builder.add(entry.name, content)
    }
    return try Fixtures.withTemporaryFolder { folder in
      do {
        _ = try Fixtures.load(builder.bytes(), named: "m.pth", in: folder)
        return "no error"
      } catch let error as CheckpointError {
        return "\(error)"
      }
    }
  }

  @Test(
    "names that are missing or wrong",
    arguments: [
      ("network_weights", "network_weightz", "\"network_weights\" is missing"),
      ("init_args", "init_argz", "\"init_args\" is "),
      ("configurations", "configurationz", "configurations"),
      ("spacing", "spacinG", "\"init_args.plans.configurations.top.spacing\" is missing"),
      ("patch_size", "patch_sizE", "\"init_args.plans.configurations.top.patch_size\" is missing"),
      ("NoNormalization", "ToNormalization", "the normalization ToNormalization is not supported"),
      ("tooth", "tOOTH", "no error"),
      ("kernel_sizes", "kernel_sizez", "arch_kwargs.kernel_sizes\" is missing"),
      (
        "mamba_layer.mamba.dt_bias", "mamba_layer.mamba.dt_biaz",
        "tensor \"mamba_layer.mamba.dt_bias\" is missing; its network is UMambaBot2_CrossAttn_Click2"
      ),
      (
        "decoder.transpconvs.0.weight", "decoder.transpconvs.0.weighT",
        "tensor \"decoder.transpconvs.0.weight\" is missing, the network needs [8, 4, 2, 2, 2]"
      ),
      (
        "positional_encoding_gaussian_matrix", "positional_encoding_gaussian_matriX",
        "positional_encoding_gaussian_matrix\" is missing, the network needs [3, 4]"
      ),
    ])
  func names(old: String, new: String, expected: String) throws {
    let message = try failure(replacing: old, by: new)
    #expect(message.contains(expected), "\(message)")
  }

  @Test("configurations that inherit in a circle are refused")
  func circle() throws {
    let tree = PickleTreeBuilder()
    let configurations = tree.dictionary([
      ("a", tree.dictionary([("inherits_from", .text("b"))])), ("b", tree.dictionary([("inherits_from", .text("a"))])),
      ("c", tree.dictionary([("inherits_from", .text("c"))])), ("d", tree.dictionary([("inherits_from", .text("z"))])),
    ])
    let value = PlanValue(root: tree.tree(root: configurations), file: "m.pth")
    for name in ["a", "b", "c"] {
      #expect { try PlanConfiguration(name: name, in: value) } throws: { "\($0)".contains("circle") }
    }
    #expect { try PlanConfiguration(name: "d", in: value) } throws: { "\($0)".contains("\"z\" is missing") }
  }

  @Test("integers as whole numbers, single integers and lists are read; others are refused")
  func integers() throws {
    let tree = PickleTreeBuilder()
    func value(_ value: PickleValue) -> PlanValue { PlanValue(root: tree.tree(root: value), file: "m.pth") }
    let three = tree.list([.integer(1), .real(2), .integer(3)])
    #expect(try value(three).integers(count: 3) == [1, 2, 3])
    #expect(try value(.integer(4)).integers(count: 2) == [4, 4])
    #expect(try value(tree.list([.integer(4)])).integers(count: 3) == [4, 4, 4])
    #expect(try value(.real(5)).integer() == 5)
    #expect(try value(three).axes(stages: 5).count == 5)
    #expect(try value(tree.list([three, .integer(3)])).axes(stages: 2).map(\.array) == [[1, 2, 3], [3, 3, 3]])
    for wrong in [.real(5.5), .real(.nan), .real(1e300), .text("3"), .none, .largeInteger, .bool(true)] as [PickleValue]
    {
      #expect(throws: CheckpointError.self) { try value(wrong).integer() }
      #expect(throws: CheckpointError.self) { try value(tree.list([wrong, wrong, wrong])).axes() }
    }
    #expect(throws: CheckpointError.self) { try value(tree.list([.integer(1), .integer(2)])).axes() }
    #expect(throws: CheckpointError.self) { try value(tree.list([three, three, three])).axes(stages: 2) }
  }

  @Test("regions, gaps and doubled numbers among labels are refused")
  func labels() throws {
    func message(_ labels: (PickleTreeBuilder) -> [(String, PickleValue)]) -> String {
      let tree = PickleTreeBuilder()
      let dataSet = tree.dictionary([("labels", tree.dictionary(labels(tree)))])
      let arguments = tree.dictionary([
        ("dataset_json", dataSet), ("configuration", .text("c")),
        ("plans", tree.dictionary([("configurations", tree.dictionary([("c", tree.dictionary([]))]))])),
      ])
      let root = tree.dictionary([("init_args", arguments)])
      let description = CheckpointDescription(tree: tree.tree(root: root), parameters: NoParameters(), file: "m.pth")
      do {
        _ = try description.metadata()
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(message { [("background", .integer(0)), ("a", $0.list([.integer(1), .integer(2)]))] }.contains("region"))
    #expect(message { _ in [("background", .integer(0)), ("a", .integer(2))] }.contains("without 1"))
    #expect(message { _ in [("background", .integer(0)), ("a", .integer(0))] }.contains("another label"))
    #expect(message { _ in [("background", .integer(0)), ("a", .text("x"))] }.contains("expected an integer"))
    let sound = message { _ in [("background", .integer(0)), ("a", .integer(1)), ("ignore", .integer(2))] }
    #expect(sound.contains("modality"), "labels are sound, the next thing is missing: \(sound)")
  }
}

/// A source without parameters.
private struct NoParameters: ParameterSource {
  func shape(of name: String) -> [Int]? { nil }
  func values(of name: String, shape: [Int]) throws -> [Float] {
    throw CheckpointError.missingTensor(file: "", name: name, expected: shape)
  }
}

/// Builds trees of plain values.
private final class PickleTreeBuilder {
  private var content = PickleTree()

  func list(_ elements: [PickleValue]) -> PickleValue {
    content.sequences.append(elements)
    return .list(content.sequences.count - 1)
  }

  func dictionary(_ members: [(String, PickleValue)]) -> PickleValue {
    var dictionary = PickleDictionary()
    for (key, value) in members { dictionary.set(.text(key), to: value) }
    content.dictionaries.append(dictionary)
    return .dictionary(content.dictionaries.count - 1)
  }

  func tree(root: PickleValue) -> PickleTree {
    content.root = root
    return content
  }
}
