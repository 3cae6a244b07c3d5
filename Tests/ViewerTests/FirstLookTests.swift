import Canvas
import Testing

@testable import Viewer

@Suite("A first look")
struct FirstLookTests {
  @Test("the network is asked once when there is no mask")
  func asks() {
    var driver = Driver()
    let effects = driver.model.start()
    #expect(effects == [.runNetwork(NetworkJob(id: 1, clicks: []))])
    print(driver.frame.text)
  }
}
