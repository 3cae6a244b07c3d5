/// What a voxel of a synthetic jaw shows: more than the truth tells, for choosing where to click and what to confuse.
public enum PhantomStructure: UInt8, Sendable, Hashable, CaseIterable {
  /// Air outside the head and in mouth, throat and sinuses.
  case air = 0
  /// The patient's left canal; the truth's label 1.
  case leftCanal = 1
  /// The patient's right canal; the truth's label 2.
  case rightCanal = 2
  /// Muscle, fat and skin.
  case softTissue = 3
  /// The canal outside the bone, beyond either foramen.
  case foramen = 4
  /// Marrow of the mandible.
  case marrow = 5
  /// Cortex of the mandible.
  case cortex = 6
  /// Maxilla, spine, hyoid bone and cheekbone.
  case otherBone = 7
  /// Root, dentine and pulp.
  case tooth = 8
  /// Enamel.
  case enamel = 9
  /// Fillings, crowns and implants.
  case metal = 10
  /// The canal of the front teeth's nerve, which goes on where the labelled canal leaves the bone.
  case incisiveCanal = 11
  /// Marrow tubes and nutrient canals, not labelled.
  case lookAlikeTube = 12
  /// A tube on the left with the left canal's own looks, not labelled; nothing but a click could tell which is meant.
  case leftTwin = 13
  /// A tube on the right with the right canal's own looks, not labelled.
  case rightTwin = 14
}
