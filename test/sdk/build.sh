#!/usr/bin/env bash
# Builds the programs of this folder, each with the SDK of its language, and prints the folder they are in, for
# LATCHKEY_TEST_SDKS. It is a cache's, named by the sources: with nothing changed there is nothing to do. Needs Go,
# Rust, a JDK and Maven, and fetches what go.sum, Cargo.lock and pom.xml name.
set -euo pipefail
cd "$(dirname "$0")"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/latchkey-ci"
sources="$(find build.sh go rust java -type f -not -path 'rust/target/*' | LC_ALL=C sort)"
folder="$cache/sdks-$(echo "$sources" | tr '\n' '\0' | xargs -0 cat | sha256sum | cut -c1-12)"

if [ ! -d "$folder" ]; then
  mkdir -p "$cache"
  built="$(mktemp -d "$cache/building-XXXXXX")"
  trap 'rm -rf "$built"' EXIT
  {
    # Static, so that no C compiler is needed.
    (cd go && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$built/go/" ./sdk ./terraform)

    (cd rust && cargo build --quiet --locked --target-dir "$cache/rust-target")
    mkdir "$built/rust"
    cp "$cache/rust-target/debug/caller-identity" "$built/rust/"

    mvn --quiet --batch-mode --file java/pom.xml dependency:copy-dependencies -DoutputDirectory="$built/java/lib"
    javac -d "$built/java/classes" -cp "$built/java/lib/*" java/CallerIdentity.java
  } >&2
  # Another run may have been quicker.
  [ -d "$folder" ] || mv "$built" "$folder"
fi
echo "$folder"
