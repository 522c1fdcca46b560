# The programs that skiff carries inside itself. Included by the top Makefile;
# "make helpers" must run before the skiff binary is linked.

HELPERS_DIR   := internal/runtime/helpers
HELPERS_BUILT := $(HELPERS_DIR)/.built
HELPERS       := containerd-shim-runc-v2 skiff-cni pause
HELPERS_GO    := CGO_ENABLED=0 go build -trimpath -ldflags '-s -w'

.PHONY: helpers
helpers: $(HELPERS_DIR)/SHA256SUMS

# go build decides by itself whether anything changed; what is packed is
# rewritten only when a program did, so that nothing after this is rebuilt in
# vain.
.PHONY: helper-programs
helper-programs: $(HELPERS_BUILT)/pause
	$(HELPERS_GO) -tags '$(GOTAGS)' -o $(HELPERS_BUILT)/containerd-shim-runc-v2 ./cmd/skiff-shim
	$(HELPERS_GO) -o $(HELPERS_BUILT)/skiff-cni ./cmd/skiff-cni

$(HELPERS_BUILT)/pause: internal/runtime/pause/pause.c
	@mkdir -p $(@D)
	cc -Os -nostdlib -static -ffreestanding -fno-stack-protector \
		-Wl,--build-id=none,-z,noexecstack,-z,norelro -s -o $@ $<

# Packed, they are a third of their size. -n: the same program packs to the
# same bytes. Only what lies in HELPERS_DIR itself is embedded.
$(HELPERS_DIR)/SHA256SUMS: helper-programs
	@cd $(HELPERS_BUILT) && sha256sum $(HELPERS) > SHA256SUMS && \
		if ! cmp -s SHA256SUMS ../SHA256SUMS || ! ls $(HELPERS:%=../%.gz) >/dev/null 2>&1; then \
			rm -f $(HELPERS:%=../%) && for h in $(HELPERS); do gzip -9 -n -c $$h > ../$$h.gz; done && \
			cp SHA256SUMS ../SHA256SUMS; fi
