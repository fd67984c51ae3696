#!/usr/bin/env bash
# Gets the dbfence of this checkout's own version: the released program where `.github/checksums.txt` has the
# checksum of its archive, else one that is built here. Runs on Linux, macOS (whose bash is 3.2) and Windows.
set -euo pipefail

readonly checkout=$GITHUB_ACTION_PATH
readonly releases=${DBFENCE_RELEASES:-https://github.com/dbfence/dbfence/releases/download}

annotate() {
    local text=$2
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    text=${text//$'\n'/%0A}
    printf '::%s title=dbfence::%s\n' "$1" "$text"
}

fail() {
    annotate error "$1"
    exit 2
}

# What the program of this runner is called in a release; nothing where there is none.
target() {
    local libc=gnu
    # The one of musl prints its version on standard error and fails.
    case $(ldd --version 2>&1 || true) in
        *musl*) libc=musl ;;
    esac
    case $RUNNER_OS-$RUNNER_ARCH in
        Linux-X64) echo "x86_64-unknown-linux-$libc" ;;
        Linux-ARM64) echo "aarch64-unknown-linux-$libc" ;;
        macOS-X64) echo x86_64-apple-darwin ;;
        macOS-ARM64) echo aarch64-apple-darwin ;;
        Windows-X64) echo x86_64-pc-windows-msvc ;;
        Windows-ARM64) echo aarch64-pc-windows-msvc ;;
    esac
}

checksum() {
    if command -v sha256sum >/dev/null; then
        sha256sum
    else
        shasum -a 256
    fi
}

# Fails where the archive cannot be had or opened; stops everything where it is not the one that was released.
download() {
    curl --fail --silent --show-error --location --retry 5 --retry-connrefused --connect-timeout 20 \
        --output "$folder/$archive" "$releases/v$version/$archive" || return 1
    local found
    found=$(checksum <"$folder/$archive")
    found=${found%% *}
    if [ "$found" != "$expected" ]; then
        rm -- "$folder/$archive"
        fail "$archive has the checksum $found and not $expected, which its release was tagged with: it is not used"
    fi
    # GNU tar takes the colon of a Windows path for the name of a host.
    (
        cd "$folder" || exit 1
        case $archive in
            *.zip) unzip -q "$archive" ;;
            *) tar -xzf "$archive" ;;
        esac
    ) || return 1
    bin=$folder/${archive%"$suffix"}
}

build() {
    if ! command -v cargo >/dev/null; then
        fail "dbfence $version is not released for $RUNNER_OS-$RUNNER_ARCH, and there is no Rust to build it with: \
set up Rust before this step, or take a released version"
    fi
    echo "::group::Build dbfence $version from the checkout of the action"
    # From its own folder, so that the toolchain and the flags of the scanned repository stay out of it.
    (
        cd "$checkout"
        unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
        export CARGO_TARGET_DIR=${DBFENCE_BUILD:-$RUNNER_TEMP/dbfence-build}
        cargo install --locked --path . --root "$folder" --profile "${DBFENCE_PROFILE:-release}" --no-track
    ) || fail "dbfence $version cannot be built here: the log of this step says why"
    echo '::endgroup::'
    bin=$folder/bin
}

version=$(sed -n '/^version = /{s/^version = "\(.*\)"$/\1/;p;q;}' "$checkout/Cargo.toml")
folder=$(mktemp -d "$RUNNER_TEMP/dbfence.XXXXXX")
suffix=.tar.gz
program=dbfence
if [ "$RUNNER_OS" = Windows ]; then
    suffix=.zip
    program=dbfence.exe
fi
archive=dbfence-$version-$(target)$suffix
expected=$(awk -v archive="$archive" '$2 == archive { print $1 }' "$checkout/.github/checksums.txt")
readonly version folder suffix program archive expected

if [ -z "$expected" ]; then
    build
elif ! download; then
    annotate warning "$archive cannot be downloaded or opened, so dbfence is built from the checkout of the action"
    build
fi

"$bin/$program" --version || fail 'the dbfence that was installed does not start here'
echo "program=$bin/$program" >>"$GITHUB_OUTPUT"
echo "$bin" >>"$GITHUB_PATH"
