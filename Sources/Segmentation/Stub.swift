enum SegmentationTarget {}
