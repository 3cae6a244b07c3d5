# Canalis. `make help` lists what there is to make.

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share/canalis
DOCDIR ?= $(PREFIX)/share/doc/canalis
MANDIR ?= $(PREFIX)/share/man
BASHCOMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPLETIONDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPLETIONDIR ?= $(PREFIX)/share/fish/vendor_completions.d

# What makes the machine ready; SETUP=true skips it.
SETUP ?= Scripts/setup
SWIFT ?= swift
INSTALL ?= install
# More for `swift build`, for instance --static-swift-stdlib for a binary that runs without Swift installed.
SWIFT_BUILD_FLAGS ?=
# More for `swift test`, for instance --filter SessionTests.
SWIFT_TEST_FLAGS ?=

BINARY := .build/release/canalis
MANUAL := .build/plugins/GenerateManual/outputs/canalis/canalis.1
SOURCES := Package.swift Sources Tests

.DEFAULT_GOAL := help
.PHONY: help setup build demo test lint format manual install uninstall clean

help: ## list what there is to make
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

setup: ## install the Debian packages that are missing
	@$(SETUP)

build: setup ## build .build/release/canalis
	$(SWIFT) build -c release $(SWIFT_BUILD_FLAGS)

demo: build ## build, and open the viewer on the bundled scan
	@$(BINARY) open Assets/demo/jaw.nii.gz

# Tests run optimized: the kernels are many times slower in a debug build.
test: setup lint ## run all tests, warnings being errors
	OMP_WAIT_POLICY=passive $(SWIFT) test -c release -Xswiftc -enable-testing -Xswiftc -warnings-as-errors --scratch-path .build-tests $(SWIFT_TEST_FLAGS)

lint: ## check the style
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)

format: ## write the style
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

manual: $(MANUAL) ## make the man page

$(BINARY):
	@$(MAKE) build

$(MANUAL): $(BINARY)
	$(SWIFT) package -c release plugin generate-manual

install: $(BINARY) $(MANUAL) ## install to PREFIX (/usr/local), below DESTDIR
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(DATADIR)" "$(DESTDIR)$(DOCDIR)" "$(DESTDIR)$(MANDIR)/man1" \
	  "$(DESTDIR)$(BASHCOMPLETIONDIR)" "$(DESTDIR)$(ZSHCOMPLETIONDIR)" "$(DESTDIR)$(FISHCOMPLETIONDIR)"
	$(INSTALL) -m 755 $(BINARY) "$(DESTDIR)$(BINDIR)/canalis"
	umask 022 && cp -R Assets/. "$(DESTDIR)$(DATADIR)/"
	$(INSTALL) -m 644 LICENSE NOTICE CHANGELOG.md README.md "$(DESTDIR)$(DOCDIR)"
	$(INSTALL) -m 644 $(MANUAL) "$(DESTDIR)$(MANDIR)/man1/canalis.1"
	$(BINARY) --generate-completion-script bash > "$(DESTDIR)$(BASHCOMPLETIONDIR)/canalis"
	$(BINARY) --generate-completion-script zsh > "$(DESTDIR)$(ZSHCOMPLETIONDIR)/_canalis"
	$(BINARY) --generate-completion-script fish > "$(DESTDIR)$(FISHCOMPLETIONDIR)/canalis.fish"

uninstall: ## remove what install installed, with the same PREFIX and DESTDIR
	rm -f "$(DESTDIR)$(BINDIR)/canalis" "$(DESTDIR)$(MANDIR)/man1/canalis.1" \
	  "$(DESTDIR)$(BASHCOMPLETIONDIR)/canalis" "$(DESTDIR)$(ZSHCOMPLETIONDIR)/_canalis" \
	  "$(DESTDIR)$(FISHCOMPLETIONDIR)/canalis.fish" \
	  $(foreach page,LICENSE NOTICE CHANGELOG.md README.md,"$(DESTDIR)$(DOCDIR)/$(page)")
	find Assets -type f -printf '$(DESTDIR)$(DATADIR)/%P\0' | xargs -0 rm -f
	find Assets -depth -type d -printf '$(DESTDIR)$(DATADIR)/%P\0' | xargs -0 \
	  sh -c 'for folder; do [ ! -d "$$folder" ] || rmdir --ignore-fail-on-non-empty "$$folder"; done' rmdir

clean: ## remove everything that was built
	rm -rf .build .build-tests
