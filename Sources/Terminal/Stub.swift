enum TerminalTarget {}
