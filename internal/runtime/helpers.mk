# The programs that skiff carries inside itself. Included by the top Makefile;
# "make helpers" must run before the skiff binary is linked.

HELPERS_DIR := internal/runtime/helpers
HELPERS     := containerd-shim-runc-v2 skiff-cni pause
HELPERS_GO  := CGO_ENABLED=0 go build -trimpath -ldflags '-s -w'

.PHONY: helpers
helpers: $(HELPERS_DIR)/SHA256SUMS

# go build decides by itself whether anything changed; the sums are rewritten
# only when a program did, so that nothing after this is rebuilt in vain.
.PHONY: helper-programs
helper-programs: $(HELPERS_DIR)/pause
	$(HELPERS_GO) -o $(HELPERS_DIR)/containerd-shim-runc-v2 ./cmd/skiff-shim
	$(HELPERS_GO) -o $(HELPERS_DIR)/skiff-cni ./cmd/skiff-cni

$(HELPERS_DIR)/pause: internal/runtime/pause/pause.c
	cc -Os -nostdlib -static -ffreestanding -fno-stack-protector \
		-Wl,--build-id=none,-z,noexecstack,-z,norelro -s -o $@ $<

$(HELPERS_DIR)/SHA256SUMS: helper-programs
	@cd $(HELPERS_DIR) && sha256sum $(HELPERS) > SHA256SUMS.new && \
		if cmp -s SHA256SUMS.new SHA256SUMS; then rm SHA256SUMS.new; else mv SHA256SUMS.new SHA256SUMS; fi
