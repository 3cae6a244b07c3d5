enum ViewerTarget {}
