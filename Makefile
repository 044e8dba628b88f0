# SPDX-License-Identifier: GPL-2.0-only
#
# tcpcrypt for Linux. "make help" lists the targets.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
PREFIX ?= /usr
DESTDIR ?=

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

.DEFAULT_GOAL := all

.PHONY: all
all: modules tools ## the module for the running kernel, and the tools

.PHONY: modules
modules: ## ./tcpcrypt.ko for the kernel whose headers are in KDIR=
	@test -e "$(KDIR)/Makefile" || { \
		echo "no kernel headers in $(KDIR)" >&2; \
		echo "    install linux-headers-$$(uname -r), or name a directory: make modules KDIR=..." >&2; \
		exit 1; }
	+$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

.PHONY: tools
tools: ## the user-space programs and the library
	+$(MAKE) -C userspace

.PHONY: setup
setup: ## fetch everything the tests need (kernels, QEMU, ...) into the cache
	@scripts/setup.sh

CHECKS := style unit fuzz kunit latency behaviour

.PHONY: check
check: ## every check below, through prove
	@scripts/check.sh

.PHONY: $(CHECKS)
style: ## checkpatch, sparse, W=1 on three kernels, shellcheck, codespell
unit: ## the protocol code in user space, under ASan and UBSan
fuzz: ## every libFuzzer target for a few seconds
kunit: ## the KUnit suites on both debug kernels
latency: ## round trips counted on a kernel whose clock waits
behaviour: ## the behaviour tests in virtual machines on every kernel
$(CHECKS):
	@scripts/check.sh $@

.PHONY: check-packages
check-packages: ## install, upgrade and purge the packages on fresh systems
	@scripts/packages.sh

.PHONY: demo
demo: ## two hosts, an encrypted transfer and a plain one, from nothing
	@scripts/demo.sh

.PHONY: bench
bench: ## cost against plain TCP and kTLS, counted in instructions
	@scripts/bench.sh

# Where "make install" has the module, which kernels do not agree on
INSTALLED = "$(DESTDIR)/lib/modules/$(KVER)"/extra/tcpcrypt.ko* \
	    "$(DESTDIR)/lib/modules/$(KVER)"/updates/tcpcrypt.ko*

KERNEL_OF_KO = $$(modinfo -F vermagic tcpcrypt.ko | cut -d ' ' -f 1)

# modprobe is to find what was installed last, so a copy of DKMS goes, and first:
# DKMS takes any module of the name for its own. Without System.map, as in
# Debian's headers, modules_install skips depmod.
.PHONY: install
install: tools ## the module for KDIR= and the tools, below DESTDIR=
	+$(MAKE) modules
	test -n "$(DESTDIR)" || { \
		k=$(KERNEL_OF_KO); \
		for m in $$(dkms status -m tcpcrypt -k "$$k" 2>/dev/null | \
			    sed -n 's/^\([^,]*\),.*: installed.*/\1/p'); do \
			dkms uninstall "$$m" -k "$$k" || exit; \
		done; }
	+$(MAKE) -C "$(KDIR)" M="$(CURDIR)" INSTALL_MOD_PATH="$(DESTDIR)" modules_install
	+$(MAKE) -C userspace install DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)"
	test -n "$(DESTDIR)" || { depmod "$(KERNEL_OF_KO)" && ldconfig; }

.PHONY: uninstall
uninstall: ## undo "make install" (KVER=); the configuration stays
	+$(MAKE) -C userspace uninstall DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)"
	$(RM) $(INSTALLED)
	test -n "$(DESTDIR)" || { depmod "$(KVER)" && ldconfig; }

# DKMS leaves a module alone that has the same version as its own, and its own
# when it has built that version before.
.PHONY: dkms-install
dkms-install: ## hand it to DKMS, which rebuilds it for each new kernel (KVER=)
	install -d "$(DESTDIR)/usr/src/tcpcrypt-$(VERSION)"
	tar -c --exclude='*.o' --exclude='*.ko' --exclude='*.mod*' --exclude='.*' \
		Kbuild Makefile dkms.conf COPYING LICENSES include kernel \
		scripts/probe.sh scripts/sign.sh | \
		tar -x -C "$(DESTDIR)/usr/src/tcpcrypt-$(VERSION)"
	test -n "$(DESTDIR)" || { \
		{ dkms status tcpcrypt/"$(VERSION)" | grep -q . || \
			dkms add tcpcrypt/"$(VERSION)"; } && \
		dkms build tcpcrypt/"$(VERSION)" -k "$(KVER)" --force && \
		$(RM) $(INSTALLED) && \
		dkms install tcpcrypt/"$(VERSION)" -k "$(KVER)" --force; }

.PHONY: deb
deb: ## Debian packages, in ../
	dpkg-buildpackage -us -uc -b

# A key for Secure Boot: mokutil --import it, then every module can be signed
KEY ?= /var/lib/dkms/mok.key
CERT ?= /var/lib/dkms/mok.pub

.PHONY: sign
sign: modules ## sign tcpcrypt.ko for Secure Boot with KEY= and CERT=
	scripts/sign.sh "$(KDIR)" "$(KEY)" "$(CERT)" tcpcrypt.ko

.PHONY: clean
clean: ## remove what was built here (not the cache)
	-+test ! -e "$(KDIR)/Makefile" || $(MAKE) -C "$(KDIR)" M="$(CURDIR)" clean
	-+test ! -e userspace/Makefile || $(MAKE) -C userspace clean
	-+test ! -e selftests/Makefile || $(MAKE) -C selftests clean
	$(RM) -r tcpcrypt.ko *.mod *.mod.c *.o .*.cmd Module.symvers modules.order

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#=]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 20
