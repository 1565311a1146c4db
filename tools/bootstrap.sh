# shellcheck shell=sh
# Sourced by ./run and ./test from the project's folder: a virtual environment with exactly what a lock says, and the
# libraries that PDFs need. Everything can be repeated; what is done already costs next to nothing.

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }
recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# System packages, for root on Debian and its kin only; the list of packages is fetched when it is missing or old.
apt_install() {
    is_root && have apt-get || return 1
    say "Installing $* (apt-get)…"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1 ||
        { apt-get update -qq >/dev/null 2>&1 &&
            apt-get install -qq -y --no-install-recommends "$@" >/dev/null; }
}

# The files of a system package without installing it, for who is not root: unpacked into a folder of the project.
apt_unpack() { # folder package
    have apt-get && have dpkg || return 1
    mkdir -p "$1" .local/apt/partial .local/apt/lists/partial .local/apt/archives/partial
    folder=$(cd "$1" && pwd)
    set -- "$2" "$folder" -o Dir::State::lists="$PWD/.local/apt/lists" -o Dir::Cache="$PWD/.local/apt"
    package=$1 folder=$2
    shift 2
    (
        cd .local/apt/partial && rm -f ./*.deb
        apt-get download -qq "$package" >/dev/null 2>&1 || {
            [ -e ../listed ] || { apt-get "$@" update -qq >/dev/null 2>&1 && : >../listed; }
            apt-get "$@" download -qq "$package" >/dev/null 2>&1
        } || exit 1
        for file in ./*.deb; do dpkg -x "$file" "$folder" || exit 1; done
    )
}

find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3.14 python3.13 python3.12 python3.11 python3; do
        if have "$candidate" && recent "$candidate"; then printf '%s' "$candidate"; return 0; fi
    done
    return 1
}

make_environment() {
    [ -x .venv/bin/python ] && recent .venv/bin/python && return 0
    python=$(find_python) || { apt_install python3 python3-venv && python=$(find_python); } ||
        fail "Tacite needs Python 3.11 or newer: install it (Debian: apt-get install python3 python3-venv), or name it with PYTHON=/path/to/python3.11 $0."
    say "Making the virtual environment with $("$python" --version)…"
    rm -rf .venv
    "$python" -m venv .venv >/dev/null 2>&1 && return 0
    if apt_install python3-venv; then
        rm -rf .venv
        "$python" -m venv .venv >/dev/null 2>&1 && return 0
    fi
    rm -rf .venv # without ensurepip: an empty environment, and pip from wherever there is one
    if "$python" -m venv --without-pip .venv >/dev/null 2>&1; then
        have uv && return 0
        "$python" -m pip --python .venv/bin/python install -q pip >/dev/null 2>&1 && return 0
        if apt_unpack .tools/wheels python3-pip-whl; then
            for wheel in "$PWD"/.tools/wheels/usr/share/python-wheels/pip-*.whl; do
                PYTHONPATH=$wheel .venv/bin/python -m pip install -q --no-index "$wheel" >/dev/null 2>&1 && return 0
            done
        fi
    elif "$python" -m pip install -q --target .tools/uv uv >/dev/null 2>&1 &&
        PYTHONPATH=.tools/uv "$python" -m uv venv -q --seed .venv; then
        return 0
    fi
    rm -rf .venv
    fail "Python cannot make a virtual environment here: install its venv module (Debian: apt-get install python3-venv), then start again."
}

# What the lock says, checked by hash. Done again only when the lock has changed (its hash is the stamp).
install_lock() { # name of a file in requirements/, without .lock
    lock=requirements/$1.lock stamp=.venv/.installed-$1
    now=$(.venv/bin/python -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$lock")
    [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return 0
    say "Installing what $lock says…"
    if [ -x .venv/bin/uv ]; then uv=.venv/bin/uv
    elif have uv; then uv=uv
    elif .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r tools/uv.lock >/dev/null 2>&1; then
        uv=.venv/bin/uv
    else uv=; fi
    if [ -z "$uv" ] || ! "$uv" pip install -q --python .venv/bin/python --require-hashes -r "$lock"; then
        say "Going on with pip, which takes a minute…"
        .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "$lock" ||
            fail "The packages of $lock could not be installed: see pip's message above; is there a network, or a package index of your own to name in PIP_INDEX_URL?"
    fi
    printf '%s\n' "$now" >"$stamp"
}

pango_there() {
    .venv/bin/python -c 'import ctypes
for name in ("gobject-2.0", "pango-1.0", "pangoft2-1.0", "harfbuzz", "harfbuzz-subset", "fontconfig"):
    ctypes.CDLL(f"lib{name}.so." + ("1" if name == "fontconfig" else "0"))' >/dev/null 2>&1 ||
        .venv/bin/python -c 'import weasyprint' >/dev/null 2>&1
}

use_unpacked_libraries() {
    for folder in "$PWD"/.local/lib/usr/lib/*-linux-gnu*; do
        [ -d "$folder" ] || continue
        LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
        export LD_LIBRARY_PATH
    done
    [ -e /etc/fonts/fonts.conf ] && return 0
    fonts=$PWD/.local/lib/usr/share/fonts # a machine without any font: Pango wants one to fall back to
    [ -d "$fonts" ] || return 0
    FONTCONFIG_FILE=$PWD/.local/lib/fonts.conf
    export FONTCONFIG_FILE
    printf '%s\n' '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">' \
        "<fontconfig><dir>$fonts</dir><dir>/usr/share/fonts</dir><cachedir>$PWD/.local/lib/cache</cachedir></fontconfig>" \
        >"$FONTCONFIG_FILE"
}

find_pango() {
    pango_there && return 0
    if apt_install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 && pango_there; then return 0; fi
    if ! is_root; then
        use_unpacked_libraries
        pango_there && return 0
        if have apt-get && have dpkg; then
            say "Fetching the libraries that PDFs need into .local/lib…"
            for package in libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz0b libharfbuzz-subset0 libfontconfig1 \
                libglib2.0-0 libglib2.0-0t64 libfribidi0 libthai0 libdatrie1 libgraphite2-3 libfreetype6 libpng16-16 \
                libpng16-16t64 libbrotli1 libexpat1 libuuid1 libpcre2-8-0 libffi8 fonts-dejavu-core; do
                apt_unpack .local/lib "$package" || : # some names belong to other releases: looked at below
            done
            use_unpacked_libraries
            pango_there && return 0
        fi
    fi
    say "PDFs will not be made: Pango is missing. Install it (Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; macOS: brew install pango), then start again."
    TACITE_PDF_UNAVAILABLE=1
    export TACITE_PDF_UNAVAILABLE
}

# Compiled once and kept: without it every process of ours compiles 1,300 files at its start. In a folder of our own, so
# that no other file of the project changes, also where the machine asks Python to write none.
keep_bytecode() {
    unset PYTHONDONTWRITEBYTECODE
    PYTHONPYCACHEPREFIX=$PWD/.local/bytecode
    export PYTHONPYCACHEPREFIX
}

bootstrap() { # name of a lock
    umask 077
    mkdir -p .local
    umask 022
    keep_bytecode
    make_environment
    install_lock "$1"
    find_pango
}
