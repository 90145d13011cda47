"""The files of other package managers: from Cargo.toml, and read by their own parsers."""

import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from conftest import TOP

PACKAGING = TOP / "packaging"
CARGO = tomllib.loads((TOP / "Cargo.toml").read_text())
VERSION = CARGO["workspace"]["package"]["version"]


def test_they_are_up_to_date() -> None:
    """As `scripts/fill_packaging.py` writes them now."""
    command = [sys.executable, TOP / "scripts" / "fill_packaging.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "file"),
    [
        (["ruby", "-c"], "homebrew/emoscope.rb"),
        (["bash", "-n"], "aur/PKGBUILD"),
        (["shellcheck"], "aur/PKGBUILD"),
        (["nix-instantiate", "--parse"], "nix/flake.nix"),
    ],
)
def test_their_programs_read_them(command: list[str], file: str) -> None:
    """Without an error message."""
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]} here")
    done = subprocess.run([*command, PACKAGING / file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_winget_gets_three_manifests_of_one_version() -> None:
    """One of each kind, with the fields that the format requires."""
    required = {
        "version": {"DefaultLocale"},
        "defaultLocale": {
            "PackageLocale",
            "Publisher",
            "PackageName",
            "License",
            "ShortDescription",
        },
        "installer": {"Installers"},
    }
    manifests = [yaml.safe_load(path.read_text()) for path in (PACKAGING / "winget").glob("*.yaml")]
    assert sorted(manifest["ManifestType"] for manifest in manifests) == sorted(required)
    for manifest in manifests:
        assert manifest["PackageIdentifier"] == "emoscope.emoscope"
        assert manifest["PackageVersion"] == VERSION
        assert required[manifest["ManifestType"]] <= manifest.keys()
        for installer in manifest.get("Installers", []):
            assert re.fullmatch("[0-9a-f]{64}", installer["InstallerSha256"])


def test_the_image_copies_what_its_build_makes() -> None:
    """Two stages, read by Docker's own parser; the scripts that it runs are there."""
    dockerfile = pytest.importorskip("dockerfile")
    commands = dockerfile.parse_file(str(PACKAGING / "docker" / "Dockerfile"))
    assert [command.cmd for command in commands].count("FROM") == 2
    (copy,) = [command for command in commands if "--from=build" in command.flags]
    assert copy.value[0] == "/source/target/package/*.deb"
    words = " ".join(word for command in commands for word in command.value)
    scripts = set(re.findall(r"scripts/[\w.-]+", words))
    assert scripts
    assert all((TOP / script).is_file() for script in scripts)
    assert any(command.cmd == "USER" for command in commands)


def test_the_archives_of_binstall_are_those_of_the_package_script() -> None:
    """Names after `uname`, with the program in bin/."""
    name = f"emoscope-{VERSION}-linux-x86_64"
    overrides = CARGO["package"]["metadata"]["binstall"]["overrides"]["x86_64-unknown-linux-gnu"]
    fields = {"repo": "REPO", "version": VERSION, "bin": "emoscope"}

    def filled(template: str) -> str:
        return re.sub(r"\{ (\w+) \}", lambda match: fields[match[1]], template)

    assert filled(overrides["pkg-url"]).endswith(f"/{name}.tar.gz")
    assert filled(overrides["bin-dir"]) == f"{name}/bin/emoscope"
    script = (TOP / "scripts" / "package.sh").read_text()
    assert "name=emoscope-$version-$(uname -s | tr '[:upper:]' '[:lower:]')-$machine" in script
