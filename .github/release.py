#!/usr/bin/env python3
"""What a release needs besides its builds: docs/releasing.md tells the whole way.

    release.py version                    prints the version of the package
    release.py pack PROGRAMS FOLDER       archives every program of PROGRAMS (a folder a target) into FOLDER
    release.py sums FOLDER                prints the checksums of all files in FOLDER
    release.py verify BUILT TAG FOLDER    whether the assets in FOLDER, built from the commit BUILT, may be
                                          published under TAG, which is checked out
    release.py unchanged                  whether what was released is still what stands here under its version
"""

import gzip
import hashlib
import io
import pathlib
import re
import subprocess
import sys
import tarfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHECKSUMS = ".github/checksums.txt"
# What is beside the program in an archive.
READABLE = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"]
# What the program is made of.
SOURCES = ["src", "rules", "Cargo.toml", "Cargo.lock"]


def version():
    """The version of the package."""
    manifest = (ROOT / "Cargo.toml").read_text("utf-8")
    return re.search(r'^version = "(.+)"$', manifest, re.MULTILINE)[1]


def pack(programs, folder):
    """Archives every program; the same programs give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for target in sorted(path for path in programs.iterdir() if path.is_dir()):
        (program,) = target.iterdir()
        name = f"dbfence-{version()}-{target.name}"
        files = [(program, 0o755)] + [(ROOT / file, 0o644) for file in READABLE]
        if program.suffix == ".exe":
            write_zip(folder / f"{name}.zip", name, files)
        else:
            write_tar(folder / f"{name}.tar.gz", name, files)


def write_tar(archive, name, files):
    """Writes an archive for systems with `tar`."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, mode in files:
            entry = tarfile.TarInfo(f"{name}/{path.name}")
            entry.mode = mode
            entry.size = path.stat().st_size
            with path.open("rb") as content:
                tar.addfile(entry, content)
    archive.write_bytes(gzip.compress(written.getvalue(), mtime=0))


def write_zip(archive, name, files):
    """Writes an archive for Windows."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, mode in files:
            entry = zipfile.ZipInfo(f"{name}/{path.name}")
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())


def sums(folder):
    """The lines of the file of checksums, by name."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files]


def verify(built, tag, folder):
    """What forbids to publish the assets under the tag."""
    faults = []
    if tag != f"v{version()}":
        faults.append(f"the tag is {tag}, and the version in Cargo.toml {version()}")
    if git("merge-base", "--is-ancestor", built, "HEAD").returncode != 0:
        faults.append(f"{built}, which the assets were built from, is no ancestor of {tag}")
    else:
        changed = git("diff", "--name-only", built, "HEAD").stdout.split("\n")
        for path in changed:
            if path not in ("", CHECKSUMS):
                faults.append(f"{path} is not what it was in {built}, which the assets were built from")
    committed = (ROOT / CHECKSUMS).read_text("utf-8").splitlines()
    found = sums(folder)
    faults += [f"committed and not among the assets: {line}" for line in committed if line not in found]
    faults += [f"among the assets and not committed: {line}" for line in found if line not in committed]
    return faults


def unchanged():
    """What differs from the release of this version, where there is one."""
    tag = f"refs/tags/v{version()}"
    if git("rev-parse", "--verify", "--quiet", tag).returncode != 0:
        return []
    changed = git("diff", "--name-only", tag, "HEAD", "--", *SOURCES).stdout.split("\n")
    return [f"{path} is not what was released as {version()}: raise the version" for path in changed if path]


def git(*arguments):
    """Asks git about this repository."""
    return subprocess.run(
        ["git", "-C", ROOT, *arguments], capture_output=True, text=True, encoding="utf-8", check=False
    )


def main(arguments):
    """Does what is asked; the exit code."""
    match arguments:
        case ["version"]:
            print(version())
            faults = []
        case ["pack", programs, folder]:
            pack(pathlib.Path(programs), pathlib.Path(folder))
            faults = []
        case ["sums", folder]:
            print("\n".join(sums(pathlib.Path(folder))))
            faults = []
        case ["verify", built, tag, folder]:
            faults = verify(built, tag, pathlib.Path(folder))
        case ["unchanged"]:
            faults = unchanged()
        case _:
            print(__doc__)
            return 2
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
