"""Builds the stack into .aws-sam/build, unless it is already built from the same sources: ``python scripts/build.py``.

`sam build`, then bytecode for everything: a layer lies on a read-only disk, and each cold start would compile it again.
"""

import argparse
import compileall
import fcntl
import hashlib
import os
import platform
import py_compile
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SAM = ROOT / "environments" / "sam" / ".venv" / "bin" / "sam"
OUTPUT = ROOT / ".aws-sam"
BUILT = OUTPUT / "build"
TEMPLATE = BUILT / "template.yaml"
STAMP = BUILT / "sources.sha256"
SOURCES = ("template.yaml", "functions", "layers", "environments/sam/uv.lock", "scripts/build.py")


def this_machine() -> str:
    """The architecture whose compiled packages run here."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def source_files() -> list[Path]:
    """Each file that the built stack depends on."""
    found: set[Path] = set()
    for source in SOURCES:
        path = ROOT / source
        found.update([path] if path.is_file() else (file for file in path.rglob("*") if file.is_file()))
    return sorted(file for file in found if "__pycache__" not in file.parts)


def fingerprint(architecture: str) -> str:
    """A hash of the architecture and of the names and contents of all sources."""
    digest = hashlib.sha256(architecture.encode())
    for file in source_files():
        digest.update(f"\0{file.relative_to(ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def sam_build(architecture: str) -> None:
    """Run `sam build`; python3.13 and its pip come from the project's own environment."""
    environment = {**os.environ, "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0"}
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        environment.pop(name, None)
    command = [str(SAM), "build", "--cached", "--parallel", "--template-file", str(ROOT / "template.yaml")]
    command += ["--build-dir", str(BUILT), "--parameter-overrides", f"Architecture={architecture}"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)  # noqa: S603 -- our own words


def compile_bytecode() -> None:
    """Compile all that was built; unchecked, as an unpacked layer's times say nothing about its sources."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(BUILT, maxlevels=32, quiet=1, invalidation_mode=mode, workers=0):
        raise SystemExit("build: a built file does not compile (see above)")


def pin_architecture(architecture: str) -> None:
    """Let the built template be deployed for no architecture but its own; another would fail at the first import."""
    template = yaml.safe_load(TEMPLATE.read_text())
    template["Parameters"]["Architecture"].update(Default=architecture, AllowedValues=[architecture])
    TEMPLATE.write_text(yaml.safe_dump(template, sort_keys=False, width=120))


def main() -> None:
    """Build what is not built yet; one process at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architecture", choices=["arm64", "x86_64"], default=this_machine())
    architecture = parser.parse_args().architecture
    OUTPUT.mkdir(exist_ok=True)
    with (OUTPUT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = fingerprint(architecture)
        if STAMP.exists() and STAMP.read_text() == wanted:
            print(f"build: .aws-sam/build is current ({architecture})")
            return
        STAMP.unlink(missing_ok=True)
        try:
            sam_build(architecture)
        except subprocess.CalledProcessError as error:
            sys.exit(f"build: sam build failed with exit code {error.returncode} (see above)")
        compile_bytecode()
        pin_architecture(architecture)
        STAMP.write_text(wanted)


if __name__ == "__main__":
    main()
