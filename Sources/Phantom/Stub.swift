enum PhantomTarget {}
